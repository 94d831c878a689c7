"""Rivers that cross the land, roads that meet, houses that stand apart, terraces with steps."""

import torch

from tests.test_named_worlds import drawn
from transferlab.data.worlds import satellite


def masks_of(name, count=24):
    return drawn(satellite, [satellite.CLASSES.index(name)] * count, seed=11)[1]


def pieces(mask):
    """How many connected parts a mask has (diagonals count), by letting the largest number spread."""
    number = torch.arange(1.0, mask.numel() + 1).view(1, 1, *mask.shape) * mask
    while True:
        wider = torch.nn.functional.max_pool2d(number, 3, 1, 1) * mask
        if torch.equal(wider, number):
            return len(number.unique()) - 1
        number = wider


def test_a_river_is_one_ribbon_that_enters_and_leaves():
    for mask in masks_of("river"):
        rim = torch.cat([mask[0], mask[1:, -1], mask[-1, :-1].flip(0), mask[1:-1, 0].flip(0)])  # once around
        crossings = int((rim != rim.roll(1)).sum())
        assert crossings >= 4, "in and out, each with two banks"


def test_roads_meet_in_one_piece_and_houses_stand_apart():
    roads, houses = masks_of("road crossing"), masks_of("village")
    assert all(pieces(mask) == 1 for mask in roads)
    assert sum(pieces(mask) for mask in houses) / len(houses) > 4


def test_terraces_have_several_steps_in_every_picture():
    images, masks = drawn(satellite, [satellite.CLASSES.index("terraces")] * 24, seed=11)
    grey = images.float().mean(1)
    for picture, mask in zip(grey, masks, strict=True):
        inside = picture[mask]
        assert inside.std() > 3
