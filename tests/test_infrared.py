"""The camera and the scene before it: palettes, gain, what hides what."""

import math

import pytest
import torch

from transferlab.data.worlds import infrared
from transferlab.data.worlds.fields import Canvas


def scene(count=1, size=32, temperature=0.2):
    canvas = Canvas(count, size, torch.Generator().manual_seed(0))
    return infrared.Scene(canvas, torch.full((count, size, size), temperature))


@pytest.mark.parametrize("stops", infrared.PALETTES)
def test_a_palette_runs_from_its_first_stop_to_its_last(stops):
    colours = infrared._gradient(stops)
    assert colours.shape == (3, infrared.TONES)
    assert torch.allclose(colours[:, 0], torch.tensor(stops[0]))
    assert torch.allclose(colours[:, -1], torch.tensor(stops[-1]))
    brightness = colours.mean(0).diff()
    assert (brightness > 0).all() or (brightness < 0).all()  # warmer is always brighter, or always darker


def test_all_palettes_occur_about_as_often_as_they_should():
    first = scene(400, 16)
    first.lay(first.canvas.x, 1.0)  # a warm left half
    colours, _ = first.record()
    grey = (colours.amax(1) - colours.amin(1)).mean((1, 2)) < 0.05
    inverted = grey & (colours[..., :8].mean((1, 2, 3)) < colours[..., 8:].mean((1, 2, 3)))
    assert float(grey.float().mean()) == pytest.approx(0.5, abs=0.08)
    assert float(inverted.float().mean()) == pytest.approx(0.2, abs=0.07)


def test_the_gain_hides_the_true_temperature():
    cold, warm = scene(8), scene(8)
    for one, shift in ((cold, 0.0), (warm, 5.0)):
        one.temperature = one.temperature + one.canvas.x.expand(8, -1, -1) + shift
    assert torch.allclose(cold.record()[0], warm.record()[0], atol=0.02)


def test_what_stands_in_front_is_no_evidence():
    one = scene()
    one.lay(one.canvas.x, 0.9, evidence=True)  # the left half
    assert torch.equal(one.evidence[0] > 0.5, one.canvas.x[0] < 0)
    one.hide(one.canvas.y, 0.1)  # the upper half is covered
    assert torch.equal(one.evidence[0] > 0.5, (one.canvas.x[0] < 0) & (one.canvas.y[0] > 0))
    assert one.temperature[0, 4, 4] == pytest.approx(0.1)
    assert one.temperature[0, 28, 4] == pytest.approx(0.9)
    assert one.temperature[0, 28, 28] == pytest.approx(0.2)


def test_a_glow_is_strongest_at_its_middle():
    one = scene(temperature=0.0)
    one.glow(one.canvas.x, one.canvas.y, 0.5, 0.8)
    assert float(one.temperature.max()) == pytest.approx(0.8, abs=0.01)
    away = 0.46875**2 + 0.03125**2  # of the pixel in row 16 and column 23, from the middle
    assert float(one.temperature[0, 16, 23]) == pytest.approx(0.8 * math.exp(-away / 0.25), abs=1e-4)


def test_a_limb_tapers():
    ends = [(torch.tensor(x), torch.tensor(0.0)) for x in (0.0, 1.0)]
    u, v = torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0.3, 0.3, 0.3])
    assert torch.allclose(infrared.limb(u, v, *ends, 0.2, 0.1), torch.tensor([0.1, 0.15, 0.2]), atol=1e-5)


@pytest.mark.parametrize("size", [16, 32, 64, 97, 128])
def test_the_range_is_judged_from_pixels_of_every_column(size):
    stride = infrared._stride(size)
    columns = torch.arange(0, size**2, stride) % size
    assert len(columns.unique()) == size
    assert 256 <= len(columns) <= 1200


def test_an_object_may_be_left_or_right_facing_and_keeps_its_scale():
    canvas = Canvas(200, 16, torch.Generator().manual_seed(0))
    u, v, scale = infrared.place(canvas, (0.5, 0.8), 0.0, (0.0, 0.0), 0.0)
    facing = (u[:, 8, 15] > u[:, 8, 0]).float().mean()
    assert float(facing) == pytest.approx(0.5, abs=0.12)
    assert torch.allclose(u.abs() * scale, canvas.x.abs().expand(200, -1, -1), atol=1e-5)
    assert torch.allclose(v * scale, canvas.y.expand(200, -1, -1), atol=1e-5)
