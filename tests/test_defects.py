"""What damage does to a surface: colour, depth or both, and where its mask says so."""

import pytest
import torch

from transferlab.data.worlds import defects
from transferlab.data.worlds.fields import Canvas


@pytest.fixture
def recorded(monkeypatch):
    """The surface that a painter works on, as it was before the damage and as it is when photographed."""

    def paint(name, count=12, size=64):
        sound, damaged = {}, {}
        start, end = defects.Surface.__init__, defects.Surface.photograph

        def init(self, canvas):
            start(self, canvas)
            sound.update(height=self.height.clone(), colours=self.colours.clone())

        def photograph(self):
            damaged.update(height=self.height, colours=self.colours)
            return end(self)

        monkeypatch.setattr(defects.Surface, "__init__", init)
        monkeypatch.setattr(defects.Surface, "photograph", photograph)
        _, evidence = defects.PAINTERS[name](Canvas(count, size, torch.Generator().manual_seed(2)))
        return sound, damaged, evidence > 0.5

    return paint


def test_a_dent_has_no_colour_of_its_own(recorded):
    sound, damaged, mask = recorded("dent")
    assert torch.equal(sound["colours"], damaged["colours"])
    depth = damaged["height"] - sound["height"]
    assert (depth.flatten(1).min(1).values < -0.05).all()
    assert depth[mask].mean() < 5 * depth[~mask].mean() - 0.02


def test_a_stain_has_no_depth(recorded):
    sound, damaged, mask = recorded("stain")
    assert torch.equal(sound["height"], damaged["height"])
    change = (damaged["colours"] - sound["colours"]).abs().mean(1)
    for picture, inside in zip(change, mask, strict=True):
        assert picture[inside].mean() > 0.02, "a stain that nobody sees"
        assert picture[inside].mean() > 5 * picture[~inside].mean()


@pytest.mark.parametrize("name", ["scratch", "crack", "pitting", "crazing"])
def test_the_deepest_places_lie_within_the_mask(recorded, name):
    sound, damaged, mask = recorded(name)
    depth = (sound["height"] - damaged["height"]).flatten(1)
    deepest = depth.topk(20, 1).indices
    assert mask.flatten(1).gather(1, deepest).float().mean() > 0.9


@pytest.mark.parametrize("name", list(defects.PAINTERS))
def test_nothing_changes_far_from_the_mask(recorded, name):
    sound, damaged, mask = recorded(name)
    change = (damaged["colours"] - sound["colours"]).abs().mean(1) + (damaged["height"] - sound["height"]).abs()
    near = torch.nn.functional.max_pool2d(mask[:, None].float(), 13, 1, 6)[:, 0] > 0
    assert change[mask].mean() > 4 * change[~near].mean()


def test_a_line_finer_than_a_pixel_still_has_a_mask():
    canvas = Canvas(1, 16, torch.Generator())
    distance = (canvas.y - 0.03).abs()
    row = defects.thin(canvas, distance, 0.001)[0, :, 0]
    assert (row > 0.5).sum() == 2  # within one pixel to either side
    wide = defects.thin(canvas, distance, 0.5)[0, :, 0]
    assert (wide > 0.5).sum() == 8


def test_an_island_is_inside_itself():
    canvas = Canvas(64, 32, torch.Generator().manual_seed(0))
    share = (defects.island(canvas, 0.5, 0.5, 0.0) < 0).float().mean((1, 2))
    assert share == pytest.approx(torch.full((64,), 3.1416 * 0.25 / 4), abs=0.01)
