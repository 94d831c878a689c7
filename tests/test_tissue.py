"""The stains obey their law, the cells their places."""

import torch

from tests.test_named_worlds import drawn
from transferlab.data.worlds import tissue
from transferlab.data.worlds.fields import Canvas


def slide(count=16):
    return tissue.Slide(Canvas(count, 32, torch.Generator().manual_seed(0)))


def developed(eosin, blue):
    section = slide()
    section.eosin, section.blue = torch.full_like(section.eosin, eosin), torch.full_like(section.blue, blue)
    return section.develop().mean((2, 3))  # (N, 3)


def test_no_dye_is_the_colour_of_the_lamp_and_more_dye_is_darker():
    empty, pink, dark_pink = developed(0.0, 0.0), developed(0.6, 0.0), developed(1.2, 0.0)
    assert empty.min() > 0.75
    assert (empty > pink).all()
    assert (pink > dark_pink).all()


def test_twice_the_dye_squares_the_light_that_passes():
    one, two = developed(0.3, 0.2), developed(0.6, 0.4)
    passed_one, passed_two = one / developed(0.0, 0.0), two / developed(0.0, 0.0)
    assert torch.allclose(
        passed_two, passed_one**2, rtol=0.1
    )  # Beer and Lambert; thickness varies a little within a slide


def test_eosin_is_pink_and_haematoxylin_is_blue():
    red, green, blue = developed(1.0, 0.0).mean(0)
    assert red > blue > green
    red, green, blue = developed(0.0, 1.0).mean(0)
    assert blue > red
    assert blue > green


def test_points_outside_a_patch_are_sent_away():
    canvas = Canvas(1, 16, torch.Generator())
    left = canvas.x  # negative, so inside, in the left half
    x, y = torch.tensor([[-0.5, 0.5, -0.1, 3.0]]), torch.tensor([[0.0, 0.0, -5.0, 0.0]])
    kept = tissue.only_inside(canvas, left, x, y)
    assert torch.allclose(kept, torch.tensor([[-0.5, 9.0, -0.1, 9.0]]))


def test_nuclei_hold_blue_dye_where_they_were_put():
    section = slide(1)
    x, y, size = torch.tensor([[-0.5, 0.5]]), torch.tensor([[0.25, 9.0]]), torch.full((1, 2), 0.3)
    before = section.blue.clone()
    section.add_nuclei(x, y, size, size, size, 1.0)
    inside = (section.canvas.x + 0.5) ** 2 + (section.canvas.y - 0.25) ** 2 < 0.25**2
    assert section.blue[inside].min() >= 0.1
    assert section.blue[inside].mean() > 0.4
    outside = (section.canvas.x + 0.5) ** 2 + (section.canvas.y - 0.25) ** 2 > 0.4**2
    assert torch.equal(section.blue[outside], before[outside])  # and the absent one left no trace


def test_the_walls_of_fat_cells_and_the_channel_tell_the_masks_apart():
    images, masks = drawn(tissue, [tissue.CLASSES.index("adipose")] * 16, seed=5)
    green = images[:, 1].float()  # both dyes darken green
    for picture, mask in zip(green, masks, strict=True):
        assert picture[mask].mean() > picture[~mask].mean() + 15
    images, masks = drawn(tissue, [tissue.CLASSES.index("lymphocytes")] * 16, seed=5)
    red = images[:, 0].float()  # nuclei darken red
    for picture, mask in zip(red, masks, strict=True):
        assert picture[mask].mean() < picture[~mask].mean()
