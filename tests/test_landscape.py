"""What the land is made of: parcels that fill it, trees that throw a shadow, air that does not burn out."""

import math

import pytest
import torch

from transferlab.data.worlds import landscape
from transferlab.data.worlds.fields import Canvas


def test_parcels_fill_the_land_and_their_edges_lie_between_owners():
    canvas = Canvas(3, 64, torch.Generator().manual_seed(0))
    u, v = canvas.x.expand(3, -1, -1).clone(), canvas.y.expand(3, -1, -1).clone()
    owner, edge, _ = landscape.parcels(canvas, u, v, levels=4)
    assert owner.min() >= 0
    assert owner.max() < 16
    assert all(len(picture.unique()) >= 6 for picture in owner)
    changes = owner[:, :, 1:] != owner[:, :, :-1]
    assert changes.any()
    assert (
        edge[:, :, 1:][changes] <= canvas.pixel + 1e-5
    ).all()  # where owners change, a border is at most a pixel away
    assert (edge[:, 1:][owner[:, 1:] != owner[:, :-1]] <= canvas.pixel + 1e-5).all()
    assert torch.equal(u, canvas.x.expand(3, -1, -1))  # the coordinates are only read


def test_light_land_keeps_its_hue_and_does_not_burn_out():
    canvas = Canvas(8, 32, torch.Generator().manual_seed(0))
    ground = landscape.countryside(canvas)
    ground.colours = torch.full_like(ground.colours, 1.0)
    assert landscape.seen_from_above(canvas, ground).mean((1, 2, 3)).max() < 1.1


def bare(count=1, size=64):
    canvas = Canvas(count, size, torch.Generator().manual_seed(0))
    ground = landscape.countryside(canvas)
    ground.colours = torch.full_like(ground.colours, 0.5)
    return canvas, ground


def test_a_tree_is_green_and_its_shadow_falls_away_from_the_sun():
    canvas, ground = bare()
    ground.sun = torch.zeros(1, 1, 1)  # light comes from the right
    radius = torch.full((1, 1), 0.2)
    cover = landscape.add_trees(canvas, ground, torch.zeros(1, 1), torch.zeros(1, 1), radius)
    assert float(cover.sum() * canvas.pixel**2) == pytest.approx(math.pi * 0.04, rel=0.02)
    row = ground.colours[0, :, 32]
    assert row[1, 32] > row[0, 32]  # green
    assert row[1, 32] > row[2, 32]
    assert torch.allclose(row[:, 23], torch.tensor(0.25), atol=0.02)  # in the shadow, half of the light
    assert torch.equal(row[:, 41], torch.full((3,), 0.5))  # on the other side, open land


def test_woods_grow_where_they_are_asked_for():
    canvas, ground = bare(8)
    landscape.add_woods(canvas, ground, canvas.x.expand(8, -1, -1))
    change = (ground.colours - 0.5).abs().mean((0, 1, 2))  # by column
    assert (change[56:] > 0.1).all()
    assert change[:16].max() < 1e-6
