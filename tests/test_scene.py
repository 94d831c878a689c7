"""Scenes follow their factors: each is changed alone, and the picture is asked what changed."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Generator

from transferlab.data.worlds import newcomers, scene
from transferlab.data.worlds.fields import Canvas

GLASS = list(newcomers.KINDS).index("wine glass")


def draw(count=8, size=64, seed=0, **changes):
    one = torch.ones(count)
    given = {"kind": GLASS, "hue": 0.3, "angle": 0.0, "x": 0.0, "y": 0.0, "scale": 0.5, "beads": 0, **changes}
    factors = {name: (value if isinstance(value, torch.Tensor) else one * value) for name, value in given.items()}
    factors = {name: value.long() if name in ("kind", "beads") else value for name, value in factors.items()}
    return scene.draw(newcomers.KINDS, scene.Factors(**factors), Generator().manual_seed(seed), size)


def middle(masks):
    """The centre of each mask in picture coordinates, x and y."""
    line = (torch.arange(masks.shape[-1]) + 0.5) / masks.shape[-1] * 2 - 1
    weight = masks.float() / masks.float().sum((1, 2), keepdim=True)
    return (weight.sum(1) * line).sum(1), (weight.sum(2) * line).sum(1)


def test_a_picture_repeats_with_its_generator():
    assert all(torch.equal(a, b) for a, b in zip(draw(seed=1), draw(seed=1), strict=True))
    assert not torch.equal(draw(seed=1)[0], draw(seed=2)[0])


def test_moving_the_thing_moves_its_mask_by_as_much():
    x0, y0 = middle(draw()[1])
    x1, y1 = middle(draw(x=0.3, y=-0.2)[1])
    # What hides a part of it moves along, since both follow the thing; a pixel is 0.03.
    assert (x1 - x0 - 0.3).abs().max() < 0.05
    assert (y1 - y0 + 0.2).abs().max() < 0.05


def test_half_the_scale_is_a_quarter_of_the_area():
    large, small = (draw(count=16, scale=scale)[1].float().mean() for scale in (0.7, 0.35))
    assert large / small == pytest.approx(4, rel=0.25)  # occluders have a size of their own


def test_a_turned_wine_glass_points_where_its_angle_says():
    """Its bowl is heavier than its foot: seen from the middle, most of its area lies towards its upper end."""
    for angle in (0.0, math.pi / 2, math.pi, -math.pi / 4):
        x, y = middle(draw(count=16, angle=angle)[1])
        towards = x * math.sin(angle) - y * math.cos(angle)  # clockwise from above, y downwards
        across = x * math.cos(angle) + y * math.sin(angle)
        assert towards.mean() > 0.08
        assert across.mean().abs() < 0.05


def test_one_bead_more_changes_a_patch_of_a_beads_size():
    pictures = [draw(beads=beads)[0].float() for beads in range(scene.MOST_BEADS + 1)]
    for fewer, more in pairwise(pictures):
        pixels = ((more - fewer).abs().amax(1) > 25).float().sum((1, 2))
        assert pixels.min() >= 8
        assert pixels.max() <= 130  # with its shadow: a radius of 0.10 + 0.08, or 5.8 pixels


def test_beads_keep_off_the_thing_and_off_each_other():
    none, all_eight = draw(beads=0), draw(beads=8)
    assert torch.equal(none[1], all_eight[1])  # no bead hides a pixel of the thing
    changed = ((all_eight[0].float() - none[0].float()).abs().amax(1) > 25).float().sum((1, 2))
    assert changed.min() > 8 * 10  # eight beads with their shadows


def test_the_corner_of_the_tag_stays_free_of_beads():
    corner = (slice(None), slice(None), slice(50, 62), slice(50, 62))
    for seed in range(3):
        none, some = draw(beads=0, seed=seed)[0].float(), draw(beads=8, seed=seed)[0].float()
        changed = ((some - none).abs().amax(1, keepdim=True) > 40)[corner]
        assert changed.float().mean() < 0.06  # at most the rim of a neighbour


def test_colours_by_hand():
    canvas = Canvas(3, 16, Generator().manual_seed(0))
    rgb = scene.thing_tone(canvas, torch.tensor([0.0, 1 / 3, 2 / 3]), (1.0, 1.0), (0.8, 0.8))
    assert torch.allclose(rgb, torch.eye(3) * 0.8, atol=1e-6)  # pure red, green and blue
    grey = scene.thing_tone(canvas, torch.rand(3), (0.0, 0.0), (0.5, 0.5))
    assert torch.allclose(grey, torch.full((3, 3), 0.5))


def test_the_hue_is_the_things_own_and_not_the_grounds():
    red, blue = (draw(count=16, hue=hue, scale=0.7) for hue in (0.0, 2 / 3))
    difference = (red[0].float() - blue[0].float()).abs().amax(1)
    inside = red[1]
    assert difference[inside].mean() > 5 * difference[~inside].mean()


@pytest.mark.parametrize("size", [16, 33, 96])
def test_any_size_works(size):
    images, masks = draw(size=size)
    assert images.shape == (8, 3, size, size)
    assert masks.flatten(1).any(1).all()


def test_a_scene_is_the_same_at_another_size():
    small, large = draw(size=48)[1].float(), draw(size=96)[1].float()
    shrunk = torch.nn.functional.avg_pool2d(large[:, None], 2)[:, 0]
    assert (shrunk - small).abs().mean() < 0.02
