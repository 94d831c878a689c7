import itertools
import math

import pytest
import torch
from scipy.stats import kendalltau, spearmanr

from transferlab.rank_agreement import kendall, rank_agreement, spearman


def agreement(order):
    """Of scores 0, 1, 2, … with accuracies in this order."""
    names = "abcdefghijklmnopqrst"[: len(order)]
    scores = dict(zip(names, range(len(order)), strict=True))
    return rank_agreement("logme", scores, {name: (one / 100,) for name, one in zip(names, order, strict=True)})


def test_by_hand():
    assert spearman([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(1 - 6 * 2 / (4 * 15))  # two ranks off by one
    assert kendall([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx((5 - 1) / 6)  # one pair of six the other way
    assert spearman([1, 2, 3], [3, 2, 1]) == kendall([1, 2, 3], [3, 2, 1]) == -1


def test_scipy_finds_the_same_with_ties_too():
    generator = torch.Generator().manual_seed(0)
    for count in (3, 5, 12, 40):
        one, other = torch.randint(6, (2, count), generator=generator).tolist()
        one[0], other[0] = 9, 7
        assert spearman(one, other) == pytest.approx(spearmanr(one, other).statistic)
        assert kendall(one, other) == pytest.approx(kendalltau(one, other).statistic)


def test_chance_is_the_share_of_orders_that_agree_as_well():
    assert agreement([0, 1, 2, 3, 4]).chance == pytest.approx(1 / 120)
    assert agreement([0, 1, 2, 4, 3]).chance == pytest.approx((1 + 4) / 120)  # and one of four swaps of neighbours
    assert agreement([4, 3, 2, 1, 0]).chance == 1


def test_many_candidates_are_compared_with_random_orders():
    order = [1, 0, 3, 2, 5, 4, 8, 7, 6, 9, 11, 10]
    found = agreement(order)
    assert found.chance < 1e-3
    weak = agreement([5, 9, 0, 3, 8, 1, 2, 10, 6, 11, 4, 7])
    assert weak.chance == pytest.approx(spearmanr(range(12), list(weak.found.values())).pvalue / 2, abs=0.02)
    # With this many, the width is near Fisher's with the variance that Fieller et al. (1957) give Spearman's.
    half = (math.atanh(weak.high) - math.atanh(weak.low)) / 2
    assert half == pytest.approx(1.96 * math.sqrt(1.06 / 9), rel=0.07)


@pytest.mark.parametrize("count", [5, 6, 7])
def test_of_all_orders_at_most_a_fortieth_is_found_to_agree(count):
    every = [agreement(order) for order in itertools.permutations(range(count))] if count < 7 else [
        agreement(torch.randperm(7, generator=torch.Generator().manual_seed(seed)).tolist()) for seed in range(400)
    ]  # fmt: skip
    share = sum(one.low > 0 for one in every) / len(every)
    assert 0 < share <= (0.025 if count < 7 else 0.045)  # of 400 drawn at random: 2.5 % and two standard errors
    assert all(one.low <= one.spearman <= one.high for one in every)


def test_a_perfect_order_of_five_is_told_apart_and_of_four_is_not():
    assert agreement([0, 1, 2, 3, 4]).low > 0
    assert agreement([0, 1, 2, 3, 4]).high == 1
    assert agreement([0, 1, 2, 4, 3]).low <= 0
    assert (agreement([0, 1, 2, 3]).low, agreement([0, 1, 2, 3]).high) == (-1, 1)
    assert (agreement([0, 1, 2]).low, agreement([0, 1, 2]).high) == (-1, 1)


def test_seeds_are_averaged_and_shown_one_by_one():
    scores = {"a": 1.0, "b": 2.0, "c": 3.0}
    found = rank_agreement("leep", scores, {"a": (0.1, 0.3), "b": (0.2, 0.2), "c": (0.3, 0.2)})
    assert found.by_seed == (pytest.approx(1), pytest.approx(spearmanr([1, 2, 3], [0.3, 0.2, 0.2]).statistic))
    assert found.spearman == pytest.approx(spearmanr([1, 2, 3], [0.2, 0.2, 0.25]).statistic)
    assert found.given_away == pytest.approx(0)
    same = rank_agreement("leep", scores, {"a": (0.1, 0.5), "b": (0.2, 0.5), "c": (0.3, 0.5)})
    assert same.by_seed == (pytest.approx(1), None)


def test_what_is_given_away_is_accuracy():
    found = rank_agreement("nce", {"a": 3, "b": 2, "c": 1}, {"a": (0.5, 0.7), "b": (0.9, 0.8), "c": (0.1, 0.1)})
    assert found.given_away == pytest.approx(0.85 - 0.6)
    tied = rank_agreement("nce", {"a": 3, "b": 3, "c": 1}, {"a": (0.5,), "b": (0.9,), "c": (0.1,)})
    assert tied.given_away == pytest.approx(0.9 - 0.7)


@pytest.mark.parametrize(
    ("scores", "found", "said"),
    [
        ({"a": 1, "b": 2}, {"a": (0.1,), "b": (0.2,)}, "three candidates or more; 'leep' has 2"),
        ({"a": 1, "b": 2, "c": 3}, {"a": (0.1,), "b": (0.2,), "d": (0.2,)}, "is about a, b, c.*about a, b, d"),
        ({"a": 1, "b": 1, "c": 1}, {"a": (0.1,), "b": (0.2,), "c": (0.3,)}, "All 3 values are 1"),
        ({"a": 1, "b": 2, "c": 3}, {"a": (0.1,), "b": (0.1,), "c": (0.1,)}, r"All 3 values are 0\.1"),
        ({"a": 1, "b": 2, "c": math.nan}, {"a": (0.1,), "b": (0.2,), "c": (0.3,)}, "finite numbers"),
        ({"a": 1, "b": 2, "c": 3}, {"a": (0.1,), "b": (0.2, 0.3), "c": (0.3,)}, "as many seeds"),
        ({"a": 1, "b": 2, "c": 3}, {"a": (), "b": (), "c": ()}, "as many seeds"),
    ],
)
def test_what_has_no_order_is_told(scores, found, said):
    with pytest.raises(ValueError, match=said):
        rank_agreement("leep", scores, found)


def test_two_lengths_are_told():
    with pytest.raises(ValueError, match="two lists of one length; you gave 2 and 3"):
        spearman([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="one length"):
        kendall([1], [1])
