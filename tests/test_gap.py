import pytest
import torch
from torch import Generator

from transferlab.data.worlds.fields import Canvas
from transferlab.data.worlds.gap import remote, waves, widen


def pictures(count=20):
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=Generator().manual_seed(1))
    masks = torch.zeros(count, 32, 32, dtype=torch.bool)
    masks[:, 8:24, 8:24] = True
    return images, masks


def test_no_gap_changes_nothing():
    images, masks = pictures()
    found = widen(images, masks, 0.0, Generator())
    assert found[0] is images
    assert found[1] is masks


def test_the_pictures_given_are_left_alone():
    images, masks = pictures()
    before = images.clone()
    widen(images, masks, 1.0, Generator())
    assert torch.equal(images, before)


def test_the_same_generator_gives_the_same_look():
    first, second = (widen(*pictures(), 0.7, Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_the_mask_goes_where_the_picture_goes():
    """White squares on black, barely changed in their colours: bent, the mask still lies on the square."""
    images = torch.zeros(20, 3, 32, 32, dtype=torch.uint8)
    _, masks = pictures()
    images[:, :, 8:24, 8:24] = 255
    moved, moved_masks = widen(images, masks, 0.3, Generator().manual_seed(0))
    assert not torch.equal(moved_masks, masks)
    bright = moved.float().mean(1) > 140
    overlap = (bright & moved_masks).sum() / (bright | moved_masks).sum()
    assert overlap > 0.75


def test_waves_grow_in_proportion_to_the_gap():
    (x, _), (x2, _) = (waves(Canvas(4, 32, Generator().manual_seed(0)), gap) for gap in (0.5, 1.0))
    straight = Canvas(1, 32, Generator()).x
    assert torch.allclose((x2 - straight), 2 * (x - straight), atol=1e-5)


@pytest.mark.parametrize("channel", range(3))
def test_colours_turn_to_the_next_channel_and_fade(channel):
    colours = torch.full((2, 3, 32, 32), 0.3)
    colours[:, channel] = 0.6
    excess = colours - colours.mean(1, keepdim=True)
    far = remote(Canvas(2, 32, Generator().manual_seed(0)), colours, 1.0)
    found = far - far.mean(1, keepdim=True)
    assert torch.allclose(found, excess.roll(1, 1) * 0.6, atol=1e-5)
