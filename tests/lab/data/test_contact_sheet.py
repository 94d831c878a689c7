from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from transferlab.lab.data.contact_sheet import GROUND, contact_sheet, tiles


def numbered(count, height=4, width=4):
    return torch.arange(1, count + 1, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, height, width)


def test_pictures_stand_in_rows():
    sheet = np.asarray(Image.open(BytesIO(contact_sheet(numbered(11), columns=4))))
    assert sheet.shape == (12, 16, 3)
    found = [[int(sheet[4 * row, 4 * column, 0]) for column in range(4)] for row in range(3)]
    assert found == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 255]]  # white where no picture is
    assert (sheet[4:8, 8:12] == 7).all()


def test_large_pictures_become_small_and_keep_their_shape():
    small = tiles(numbered(2, 100, 200), side=50)
    assert small.shape == (2, 3, 50, 50)
    assert (small[1, :, 13:37] == 2).all()  # 25 rows of picture, with grey above and below
    assert (small[:, :, :12] == GROUND).all()
    assert (small[:, :, 38:] == GROUND).all()


def test_small_pictures_stay_as_they_are():
    pictures = torch.randint(0, 256, (3, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(tiles(pictures), pictures)


def test_no_picture_is_refused():
    with pytest.raises(ValueError, match="no picture"):
        contact_sheet(numbered(3)[:0])
