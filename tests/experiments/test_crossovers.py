import dataclasses
import math

import pytest
import torch

from tests.experiments.curves import table
from transferlab.experiments.crossovers import (
    best_accuracy,
    between,
    chance_of,
    compared_budgets,
    crossover,
    examples_needed,
    in_digits,
)

# By seed all − frozen is −0.10, −0.12 at 10; −0.03, +0.01 at 100; +0.08, +0.09 at 1000.
CROSSING = {
    "frozen": {10: (0.70, 0.72), 100: (0.80, 0.80), 1000: (0.82, 0.83)},
    "all": {10: (0.60, 0.60), 100: (0.77, 0.81), 1000: (0.90, 0.92)},
}


def simulated(seed, gain, budgets=(5, 10, 20, 50, 200, 500), num_seeds=5, noise=0.03):
    """Two arms that see the same images, so that part of their noise is common; `gain(budget)` is other − arm."""
    generator = torch.Generator().manual_seed(seed)

    def draw():
        return noise * torch.randn(num_seeds, generator=generator, dtype=torch.float64)

    one, other = {}, {}
    for budget in budgets:
        common = 0.6 + draw()
        one[budget] = (common + draw()).tolist()
        other[budget] = (common + draw() + gain(budget)).tolist()
    return crossover(table({"one": one, "other": other}), "one", "other")


def test_the_crossing_lies_on_a_straight_line_over_the_logarithm():
    found = crossover(table(CROSSING), "frozen", "all")
    assert [one.mean for one in found.differences] == pytest.approx([-0.11, -0.01, 0.085])
    assert found.at == pytest.approx(100 * 10 ** (0.01 / 0.095))
    assert found.state == "crosses"
    assert found.budgets == (10, 100, 1000)


def test_the_interval_goes_from_surely_behind_to_surely_ahead():
    # Student's t of one degree of freedom is 12.7: at 10 the half width is 12.7 · 0.01 = 0.13, too wide to be sure.
    assert crossover(table(CROSSING), "frozen", "all").low is None
    narrow = {**CROSSING, "all": {10: (0.600, 0.621), 100: (0.77, 0.81), 1000: (0.90, 0.911)}}
    found = crossover(table(narrow), "frozen", "all")
    assert (found.low, found.high, found.is_sure) == (10, 1000, True)
    assert str(found) == "all overtakes frozen at about 130 images a class (10 … 1,000), within 10…1,000"


def test_open_ends_are_said():
    found = crossover(table(CROSSING), "frozen", "all")
    assert (found.low, found.high, found.is_sure) == (None, 1000, False)  # at 1000: 0.085 ± 12.7 · 0.005
    assert str(found) == "all overtakes frozen at about 130 images a class (under 10 … 1,000), within 10…1,000"
    nothing = dataclasses.replace(found, high=None)
    assert str(nothing).endswith("but at no budget is either surely ahead, within 10…1,000")
    assert "(10 … over 1,000)" in str(dataclasses.replace(found, low=10, high=None))


def arms(*differences):
    """Two seeds of two arms, with this much between them at the budgets 1, 10, 100, …"""
    one = {10**i: (0.5, 0.5) for i in range(len(differences))}
    return table({"one": one, "other": {10**i: (0.5 + d, 0.5 + d) for i, d in enumerate(differences)}})


@pytest.mark.parametrize(
    ("differences", "state", "at", "low", "high"),
    [
        ((0.1, 0.1), "ahead", None, None, 1),
        ((-0.1, -0.1), "behind", None, 10, None),
        ((0.1, -0.1), "falls back", None, 10, None),
        ((0.0, 0.0), "level", None, None, None),
        ((-0.1, 0.0), "behind", None, 1, None),
        ((0.0, 0.1), "crosses", 1.0, None, 10),
        ((-0.1, 0.1), "crosses", math.sqrt(10), 1, 10),
        ((-0.1, 0.3), "crosses", 10**0.25, 1, 10),
        ((-0.1, 0.1, -0.1, 0.1), "crosses", 10**2.5, 100, 1000),  # the last time counts
        ((0.1, -0.1, 0.1), "crosses", 10**1.5, 10, 100),  # and so is who was ahead at first
        ((0.1, 0.1, -0.1), "falls back", None, 100, None),
    ],
)
def test_every_course_has_its_state(differences, state, at, low, high):
    found = crossover(arms(*differences), "one", "other")
    assert (found.state, found.low, found.high) == (state, low, high)
    assert found.at == (None if at is None else pytest.approx(at))


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        (
            (0.1, 0.1),
            "no crossover: other is ahead of one at every budget within 1…10 images a class, surely at 2 of 2",
        ),
        (
            (-0.1, 0.0),
            "no crossover: other does not overtake one within 1…10 images a class, and is surely behind at 1 of 2",
        ),
        ((0.1, -0.1), "no crossover: other is ahead of one at a smaller budget and not at the largest, within 1…10"),
        ((0.0, 0.0), "no crossover: other and one are level within 1…10 images a class"),
    ],
)
def test_no_crossover_is_said_with_its_reason(differences, words):
    assert str(crossover(arms(*differences), "one", "other")).startswith(words)


def test_the_other_way_round_is_the_mirror_image():
    found, mirrored = (crossover(arms(-0.1, -0.1), *pair) for pair in (("one", "other"), ("other", "one")))
    assert (found.state, mirrored.state) == ("behind", "ahead")
    assert found.is_sure_throughout
    assert mirrored.is_sure_throughout
    assert not crossover(arms(-0.1, 0.1), "one", "other").is_sure_throughout
    assert not crossover(arms(-0.1, 0.0), "one", "other").is_sure_throughout
    assert [one.mean for one in found.differences] == [-one.mean for one in mirrored.differences]


def test_differences_are_paired_by_seed():
    # Each seed gains exactly 0.05, whatever its images: sure, though the arms themselves spread by 0.4.
    found = crossover(
        table({"one": {1: (0.3, 0.7), 10: (0.3, 0.7)}, "other": {1: (0.25, 0.65), 10: (0.35, 0.75)}}), "one", "other"
    )
    assert found.is_sure


def test_budgets_without_two_pairs_are_left_out():
    results = table(
        {
            "one": {1: (0.5, None), 10: (0.6, 0.6), 100: (0.6, 0.6)},
            "other": {1: (0.4, 0.4), 10: (0.5, 0.5), 100: (0.7, 0.7)},
        }
    )
    assert compared_budgets(results, "one", "other") == [10, 100]
    assert crossover(results, "one", "other").budgets == (10, 100)


def test_no_arm_is_found_to_overtake_its_equal_more_often_than_the_interval_allows():
    found = [simulated(seed, lambda budget: 0.0) for seed in range(200)]
    assert sum(one.is_sure for one in found) <= 10  # 5 % of 200; both ends by chance are rarer still
    once = sum(one.high is not None and one.low is None and one.at is None for one in found)
    assert once <= 10  # ahead at every budget, surely at one of them


def test_a_planted_crossover_lies_within_its_interval():
    found = [simulated(seed, lambda budget: 0.05 * math.log(budget / 40), noise=0.02) for seed in range(200)]
    assert sum(one.is_sure for one in found) >= 180
    assert sum(one.low < 40 < one.high for one in found if one.is_sure) >= 190 - (200 - sum(o.is_sure for o in found))
    middle = sorted(one.at for one in found if one.at is not None)[100]
    assert 32 < middle < 50


def test_bad_input_is_answered_in_sentences():
    results = table(CROSSING)
    with pytest.raises(ValueError, match="'all' is given twice"):
        crossover(results, "all", "all")
    with pytest.raises(ValueError, match="Did you mean 'frozen'"):
        crossover(results, "frosen", "all")
    with pytest.raises(ValueError, match=r"two seeds or more; 'one' and 'other' have 0 of that kind"):
        crossover(table({"one": {1: (0.5,), 10: (0.5,)}, "other": {1: (0.5,), 10: (0.5,)}}), "one", "other")
    with pytest.raises(ValueError, match="between two budgets"):
        crossover(arms(0.1), "one", "other")


# With four classes chance is 0.25 and the ceiling 0.95: half of the way is 0.6.
LEARNING = {
    "quick": {1: (0.5, 0.55), 100: (0.7, 0.65), 10_000: (0.95, 0.95)},
    "slow": {1: (0.25, 0.25), 100: (0.3, 0.3), 10_000: (0.55, 0.65)},
    "soon": {1: (0.6, 0.9), 100: (0.9, 0.9), 10_000: (0.9, 0.9)},
    "never": {1: (0.25, 0.25), 100: (0.3, 0.3), 10_000: (0.59, 0.4)},
}


def test_examples_needed_by_hand():
    found = examples_needed(table(LEARNING), "quick", 0.5)
    assert found.target == pytest.approx(0.6)
    assert found.values == pytest.approx((10.0, 10.0))  # half-way from 1 to 100 for both seeds
    assert found.images == pytest.approx(10)
    assert str(found) == "about 10 images a class (10 … 10, for 60.0%)"


def test_a_seed_is_read_off_by_itself_and_the_mean_is_geometric():
    results = table({"quick": {1: (0.4, 0.5), 100: (0.8, 0.7), 10_000: (0.95, 0.95)}})
    found = examples_needed(results, "quick", 0.5)
    assert found.values == pytest.approx((10.0, 10.0))
    results = table({"quick": {1: (0.5, 0.6), 100: (0.7, 0.6), 10_000: (0.95, 0.95)}})
    found = examples_needed(results, "quick", 0.5)
    assert found.values == pytest.approx((10.0, 1.0))
    assert found.images == pytest.approx(math.sqrt(10))
    assert (found.too_soon, found.never) == (1, 0)
    logs = 12.706 * math.log(10) / 2  # Student's t of one degree of freedom, times half the distance of two seeds
    assert math.log(found.high) == pytest.approx(math.log(10) / 2 + logs, rel=1e-3)
    assert found.interval == "under 1 … over 10,000"
    assert str(found).startswith("at most about 3.2 images a class")


def test_what_is_never_reached_is_not_extrapolated():
    found = examples_needed(table(LEARNING), "never", 0.5)
    assert found.values == (10_000, 10_000)
    assert (found.never, found.images, found.interval) == (2, None, "")
    assert str(found) == "not reached within 1…10,000 images a class (for 60.0%)"
    partly = examples_needed(table(LEARNING), "slow", 0.5)
    assert str(partly) == "reached by 1 of 2 seeds within 1…10,000 images a class (for 60.0%)"
    assert partly.values[0] == 10_000
    assert partly.values[1] == pytest.approx(100 * 100 ** (0.3 / 0.35))


def test_what_is_reached_at_once_is_said_as_a_bound():
    assert str(examples_needed(table(LEARNING), "soon", 0.5)) == "1 images a class or fewer (for 60.0%)"


def test_chance_counts_for_nothing():
    two_classes = examples_needed(table({"one": {1: (0.5, 0.5), 10: (1.0, 1.0)}}, num_classes=2), "one", 0.5)
    assert two_classes.target == 0.75
    assert examples_needed(table(LEARNING), "quick", 0.5, ceiling=0.85).target == pytest.approx(0.55)


def test_the_ceiling_is_the_best_mean_at_the_largest_budget():
    assert best_accuracy(table(LEARNING)) == pytest.approx(0.95)
    assert best_accuracy(table({"one": {1: (1.0,), 10: (0.4, 0.6)}, "other": {10: (None, None)}})) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no ceiling"):
        best_accuracy(table({"one": {1: (1.0,), 10: (None,)}}))


@pytest.mark.parametrize("share", [0, -0.1, 1.1, True, "0.9", None])
def test_a_share_is_a_part(share):
    with pytest.raises(ValueError, match="share is a part of the ceiling"):
        examples_needed(table(LEARNING), "quick", share)


@pytest.mark.parametrize("ceiling", [0, 1.2, True, "high"])
def test_a_ceiling_is_an_accuracy(ceiling):
    with pytest.raises(ValueError, match="ceiling is an accuracy"):
        examples_needed(table(LEARNING), "quick", ceiling=ceiling)


def test_other_bad_input():
    with pytest.raises(ValueError, match="Did you mean 'quick'"):
        examples_needed(table(LEARNING), "quik")
    with pytest.raises(ValueError, match=r"two seeds or more with every budget; 'one' has 1\. Type seeds=range\(3\)"):
        examples_needed(table({"one": {1: (0.5,), 10: (0.9,)}}), "one")
    with pytest.raises(ValueError, match="'one' has 1"):
        examples_needed(table({"one": {1: (0.5, None), 10: (0.9, 0.9)}}), "one")
    with pytest.raises(ValueError, match=r"25.0% is not above chance \(25.0%\)"):
        examples_needed(table({"one": {1: (0.2, 0.2), 10: (0.25, 0.25)}}), "one")


def test_chance_needs_one_number_of_classes():
    assert chance_of(table(LEARNING)) == 0.25
    with pytest.raises(ValueError, match=r"runs with \[2, 4\] of them"):
        chance_of(table(LEARNING) + table(LEARNING, num_classes=2))


def test_digits():
    shown = {0.123: "0.1", 1: "1", 7.43: "7.4", 9.96: "10", 37.4: "37", 99.9: "100", 1234: "1,200", 98_765: "99,000"}
    assert {number: in_digits(number) for number in shown} == shown
    assert between(10, 1000, 0.5) == pytest.approx(100)
