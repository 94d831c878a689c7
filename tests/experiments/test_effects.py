import math

import pytest
import torch
from scipy import stats

from transferlab.experiments.effects import Effect, effect, lies_above


def test_the_interval_is_students_by_hand():
    found = effect("gain", [0.5, 0.6, 0.7])
    half = 4.303 * 0.1 / math.sqrt(3)  # t of 2 degrees of freedom, standard deviation 0.1
    assert found.mean == pytest.approx(0.6)
    assert (found.low, found.high) == (pytest.approx(0.6 - half), pytest.approx(0.6 + half))
    assert found.values == (0.5, 0.6, 0.7)
    assert found.num_seeds == 3


@pytest.mark.parametrize("num_seeds", [2, 3, 5, 8, 20, 31])
def test_it_agrees_with_scipy(num_seeds):
    values = torch.randn(num_seeds, generator=torch.Generator().manual_seed(num_seeds), dtype=torch.float64).tolist()
    found = effect("x", values)
    low, high = stats.t.interval(0.95, num_seeds - 1, loc=stats.tmean(values), scale=stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_it_takes_values_by_seed():
    assert effect("x", {7: 1.0, 3: 2.0}) == effect("x", [1.0, 2.0])


def test_an_effect_is_read_as_a_line_and_may_get_another_name():
    found = Effect("frozen − scratch", (0.5, 0.7), 0.6, 0.55, 0.65)
    assert str(found) == "frozen − scratch: +0.600 (+0.550 … +0.650), 2 seeds"


@pytest.mark.parametrize("values", [[0.5], [], {}])
def test_an_interval_needs_two_seeds(values):
    with pytest.raises(ValueError, match=rf"two seeds or more; 'gain' has {len(values)}\. Type seeds=range\(3\)"):
        effect("gain", values)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_are_finite(bad):
    with pytest.raises(ValueError, match="'gain' has a value that is no finite number"):
        effect("gain", [0.5, bad])


@pytest.mark.parametrize(
    ("low", "high", "margin", "expected"),
    [
        (0.1, 0.3, 0.0, True),
        (-0.3, -0.1, 0.0, False),
        (-0.1, 0.1, 0.0, None),
        (0.0, 0.1, 0.0, None),  # an interval that ends at the margin holds it
        (-0.1, 0.0, 0.0, None),
        (0.1, 0.3, 0.2, None),
        (0.1, 0.3, 0.05, True),
        (0.1, 0.3, 0.4, False),
    ],
)
def test_an_effect_lies_above_below_or_neither(low, high, margin, expected):
    assert lies_above(Effect("x", (low, high), (low + high) / 2, low, high), margin) is expected


def test_seeds_that_all_agree_on_nothing_show_nothing():
    assert lies_above(effect("x", [0.0, 0.0, 0.0])) is None
