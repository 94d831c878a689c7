from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from transferlab.lab.looks.pictures import BRIGHT, LARGEST, SIGNED, coloured, overlay, png, sheet, small


def read(picture):
    return torch.from_numpy(np.asarray(Image.open(BytesIO(picture))).copy()).permute(2, 0, 1)


def test_a_picture_comes_back_bit_for_bit():
    pixels = torch.randint(0, 256, (3, 5, 7), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    assert torch.equal(read(png(pixels)), pixels)
    assert torch.equal(read(png(pixels.permute(0, 2, 1))), pixels.permute(0, 2, 1))  # not contiguous


@pytest.mark.parametrize(("colours", "name"), [(BRIGHT, "inferno"), (SIGNED, "PuOr_r")])
def test_colours_are_those_of_the_figures(colours, name):
    import matplotlib

    values = torch.linspace(0, 1, 256)[None]
    theirs = 255 * matplotlib.colormaps[name](values[0].numpy())[:, :3].T
    ours = coloured(values, colours)[:, 0].numpy()
    assert np.abs(theirs - ours).max() < 8  # of 255: seventeen steps for a curve


def test_what_lies_outside_gets_the_nearer_end_and_nan_nothing():
    found = coloured(torch.tensor([[-3.0, 0.0, 1.0, 7.0, torch.nan]]), BRIGHT)[:, 0]
    assert torch.equal(found[:, 0], found[:, 1])
    assert torch.equal(found[:, 2], found[:, 3])
    assert torch.equal(found[:, 4], found[:, 0])


def test_a_map_of_nothing_leaves_the_picture_grey():
    image = torch.zeros(3, 8, 8, dtype=torch.uint8)
    image[:, :, 4:] = 255
    found = overlay(image, torch.zeros(8, 8))
    assert found[:, 0, 0].tolist() == [round(255 * 0.3 / 1.45)] * 3
    assert found[:, 0, 7].tolist() == [round(255 * 1.3 / 1.45)] * 3


def test_the_strongest_place_is_bright_and_what_speaks_against_is_purple():
    image, values = torch.full((3, 8, 8), 128, dtype=torch.uint8), torch.zeros(8, 8)
    values[2, 3] = 5.0
    red, green, blue = overlay(image, values)[:, 2, 3].tolist()
    assert min(red, green) > 220 > blue  # yellow
    values[2, 3], values[6, 6] = -5.0, 5.0
    found = overlay(image, values, signed=True)
    assert found[2, 2, 3] > found[0, 2, 3] > found[1, 2, 3]  # purple: blue over red over green
    assert found[0, 6, 6] > found[1, 6, 6] > found[2, 6, 6]  # orange


def test_large_pictures_are_made_smaller_in_proportion():
    image = torch.zeros(3, 300, 600, dtype=torch.uint8)
    assert small(image).shape == overlay(image, torch.ones(300, 600)).shape == (3, LARGEST // 2, LARGEST)
    assert small(image[:, :20, :30]).shape == (3, 20, 30)


def test_pictures_lie_row_by_row():
    maps = torch.tensor([10, 20, 30], dtype=torch.uint8)[:, None, None, None].expand(3, 3, 1, 1)
    assert sheet(maps, columns=2)[0].tolist() == [[10, 255, 20], [255, 255, 255], [30, 255, 255]]
