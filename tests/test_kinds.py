"""Every kind of thing, of nature, of people's making, and the newcomers: drawn alone and held to one contract."""

import pytest
import torch
from torch import Generator

from transferlab.data.worlds import artefacts, nature, newcomers
from transferlab.data.worlds.fields import Canvas, turn

KINDS = {**nature.KINDS, **artefacts.KINDS, **newcomers.KINDS}


def silhouette(kind, angle=0.0, seed=0, count=8):
    """What the thing covers when it fills the picture, `(N, 64, 64)`, and its parts."""
    canvas = Canvas(count, 64, Generator().manual_seed(seed))
    u, v = turn(canvas.x / 0.8, canvas.y / 0.8, torch.full((count, 1, 1), angle))
    parts = kind(canvas, u, v)
    covers = [canvas.cover(part.distance.expand(count, 64, 64) * 0.8) for part in parts]
    return torch.stack(covers).amax(0), parts


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_a_thing_fills_its_square_and_stays_within_it(kind):
    covered, parts = silhouette(kind)
    assert {part.colour for part in parts} <= {"main", "second", "dark", "light"}
    assert "main" in {part.colour for part in parts}
    share = covered.mean((1, 2)) / 0.8**2
    assert share.min() > 0.08
    assert share.max() < 0.75
    inside = slice(4, 60)  # the square from -1 to 1 at scale 0.8 is 51 pixels wide, from 6 to 58
    outside = covered.sum() - covered[:, inside, inside].sum()
    assert outside <= 0.01 * covered.sum()
    tall, wide = ((covered.amax(side) > 0.5).sum(1) for side in (2, 1))
    assert (torch.maximum(tall, wide) > 0.6 * 51).all()


def test_two_of_a_kind_differ(kind):
    covered, _ = silhouette(kind, count=2)
    assert (covered[0] - covered[1]).abs().max() > 0.2


def test_no_two_kinds_have_one_silhouette():
    mean = torch.stack([silhouette(kind)[0].mean(0) for kind in KINDS.values()])
    apart = (mean[:, None] - mean[None]).abs().mean((2, 3)) / torch.minimum(mean[:, None], mean[None]).mean((2, 3))
    apart.fill_diagonal_(9)
    closest = apart.min()
    pair = [list(KINDS)[i] for i in divmod(int(apart.argmin()), len(KINDS))]
    assert closest > 0.15, pair  # one kind drawn with other chances: 0.04 on average


@pytest.mark.parametrize("name", newcomers.KINDS)
def test_newcomers_look_different_from_all_eight_sides(name):
    """Their orientation is asked, so no eighth of a turn may carry one into itself."""
    upright = silhouette(newcomers.KINDS[name])[0]
    for eighth in range(1, 8):
        turned = silhouette(newcomers.KINDS[name], angle=eighth * torch.pi / 4)[0]
        assert (upright - turned).abs().sum() > 0.2 * upright.sum(), eighth


def test_newcomers_are_new():
    assert not set(newcomers.KINDS) & (set(nature.KINDS) | set(artefacts.KINDS))
    assert len(nature.KINDS) + len(artefacts.KINDS) == 32
