import itertools
import math

import pytest
import torch

from tests.explain.checks.planted import Linear, assert_same, edges, nothing, state
from transferlab.backbones.preprocessing import normalise
from transferlab.explain.checks.deletion import blurred, deletion, insertion, removal_order

WEIGHTS = torch.tensor([[3.0, 2.0], [1.0, 0.0]])
PIXELS = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
PIXELS[0, 0] = torch.tensor([[200, 120], [60, 20]])


def expected_curve(order):
    """The probability of score 0 as pixels turn, in this order, into the mean: sigmoid of twice w · red."""
    red = normalise(PIXELS)[0, 0].flatten().tolist()
    mean, weights, curve = sum(red) / 4, WEIGHTS.flatten().tolist(), []
    for number in range(5):
        now = [mean if i in order[:number] else value for i, value in enumerate(red)]
        curve.append(1 / (1 + math.exp(-2 * sum(w * value for w, value in zip(weights, now, strict=True)))))
    return curve


def test_the_curve_and_its_area_by_hand():
    maps = torch.tensor([[[0.4, 0.9], [0.1, 0.0]]])  # removes pixels 1, 0, 2, 3
    result = deletion(Linear(WEIGHTS), PIXELS, maps, 0, steps=4)
    expected = expected_curve([1, 0, 2, 3])
    assert result.curves[0].tolist() == pytest.approx(expected, abs=1e-5)
    area = sum((a + b) / 2 * 0.25 for a, b in itertools.pairwise(expected))
    assert result.area.mean == pytest.approx(area, abs=1e-5)
    assert result.gain.mean == pytest.approx(result.chance_area.mean - result.area.mean)


def test_insertion_ends_where_deletion_begins():
    maps = torch.rand(1, 2, 2, generator=torch.Generator().manual_seed(0))
    gone, back = (kind(Linear(WEIGHTS), PIXELS, maps, 0, steps=4) for kind in (deletion, insertion))
    assert back.curves[0, -1] == pytest.approx(gone.curves[0, 0].item())
    assert back.gain.mean == pytest.approx(back.area.mean - back.chance_area.mean)


def test_a_map_of_the_object_beats_chance_and_one_of_the_rest_does_not(trained):
    model, images = trained
    found, beside = images.masks.float(), 1 - images.masks.float()
    assert deletion(model, images, found).gain.low > 0
    assert deletion(model, images, beside).gain.high < 0
    # Blurred, the square is still to be seen, so that putting pixels back adds less.
    assert insertion(model, images, found).gain.mean > insertion(model, images, beside).gain.mean
    assert deletion(model, images, found, chance="pixels").num_blank == 0


def test_equals_are_removed_in_random_order_and_the_best_first():
    ranks = removal_order(torch.tensor([[0.1, 0.9], [0.5, 0.2]]), torch.Generator())
    assert ranks.tolist() == [[3, 0], [1, 2]]
    flat = removal_order(torch.zeros(8, 8), torch.Generator().manual_seed(0)).flatten()
    assert sorted(flat.tolist()) == list(range(64))
    assert flat.tolist() != list(range(64))


def test_a_blur_keeps_what_is_flat_and_the_mean():
    assert torch.allclose(blurred(torch.full((1, 3, 32, 32), 2.0)), torch.tensor(2.0))
    point = torch.zeros(1, 3, 33, 33)
    point[..., 16, 16] = 1
    out = blurred(point)
    assert out.sum().item() == pytest.approx(3, rel=1e-4)
    assert out.max() < 0.1


def test_parts_of_any_size_give_the_same_and_blank_maps_are_counted(trained):
    model, images = trained
    before = state(model)
    maps = edges(model, images.images, images.labels)
    maps[:3] = 0
    one, other = (deletion(model, images, maps, batch_size=size) for size in (7, 100))
    assert torch.allclose(one.curves, other.curves, atol=1e-5)
    assert (one.num_blank, len(one.curves)) == (3, 13)
    assert torch.equal(deletion(model, images, maps).chance_curves, other.chance_curves)
    empty = deletion(model, images, nothing(model, images.images, images.labels))
    assert (empty.num_blank, empty.area, empty.gain) == (16, None, None)
    assert_same(before, state(model))


def test_bad_input_is_said(trained):
    model, images = trained
    with pytest.raises(ValueError, match=r"of shape \(16, 32, 32\)"):
        deletion(model, images, torch.zeros(16, 8, 8))
    with pytest.raises(ValueError, match="Did you mean 'pixels'"):
        deletion(model, images, torch.zeros(16, 32, 32), chance="pixel")
    with pytest.raises(ValueError, match="steps is a whole number"):
        insertion(model, images, torch.zeros(16, 32, 32), steps=0)
    with pytest.raises(ValueError, match="NaN"):
        deletion(model, images, torch.full((16, 32, 32), torch.nan))
