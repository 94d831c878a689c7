"""Each warm thing has a part that is hotter than the rest of the picture, whichever palette shows it."""

import pytest
import torch

from transferlab.data.worlds import infrared, thermal
from transferlab.data.worlds.fields import Canvas


def scene_of(name, monkeypatch, count=24):
    """Temperatures and evidence of a class as its painter leaves them, before the camera."""
    seen = []
    monkeypatch.setattr(infrared.Scene, "record", lambda self: seen.append(self) or (self.temperature, self.evidence))
    thermal.PAINTERS[name](Canvas(count, 64, torch.Generator().manual_seed(4)))
    return seen[0].temperature, seen[0].evidence > 0.5


@pytest.mark.parametrize("name", list(thermal.PAINTERS))
def test_the_hottest_places_belong_to_the_object(name, monkeypatch):
    temperature, mask = scene_of(name, monkeypatch)
    hottest = temperature.flatten(1).topk(10, 1).indices
    share = mask.flatten(1).gather(1, hottest).float().mean(1)
    assert share.mean() > 0.75, name  # a boat's plume and a car's exhaust may be hotter


@pytest.mark.parametrize("name", ["animal", "bird", "insulator", "boat"])
def test_the_object_is_warmer_than_what_surrounds_it(name, monkeypatch):
    temperature, mask = scene_of(name, monkeypatch)
    for picture, inside in zip(temperature, mask, strict=True):
        assert picture[inside].mean() > picture[~inside].mean() + 0.1


def test_the_overheated_disc_stands_out_from_its_string(monkeypatch):
    temperature, mask = scene_of("insulator", monkeypatch)
    for picture, inside in zip(temperature, mask, strict=True):
        assert picture[inside].max() > picture[inside].median() + 0.4


def test_one_chip_is_hotter_than_the_other_two(monkeypatch):
    temperature, mask = scene_of("circuit board", monkeypatch)
    for picture, inside in zip(temperature, mask, strict=True):
        warm = picture[inside]
        assert warm.quantile(0.98) > warm.median() + 0.15
        assert (warm > (warm.max() + warm.median()) / 2).float().mean() < 0.6
