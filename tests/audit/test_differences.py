import pytest
import torch

from transferlab.audit.calibration import Calibration
from transferlab.audit.differences import Difference, differences, newcombe_interval, score_interval
from transferlab.audit.subgroups import Subgroup
from transferlab.meters import wilson_interval

NONE = Calibration(0.0, 0.0, 1, ())

# Newcombe (1998), table II, method 10.
PUBLISHED = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
]


@pytest.mark.parametrize(("counts", "interval"), PUBLISHED)
def test_newcombes_own_examples(counts, interval):
    assert newcombe_interval(*counts) == pytest.approx(interval, abs=1e-4)


def test_the_other_way_round_it_is_mirrored():
    low, high = newcombe_interval(9, 10, 30, 80)
    assert newcombe_interval(30, 80, 9, 10) == pytest.approx((-high, -low))


def test_the_score_interval_is_wilsons():
    for right, number in ((0, 5), (3, 7), (99, 100)):
        assert score_interval(right, number, 1.96) == pytest.approx(wilson_interval(right / number, number))
    with pytest.raises(ValueError, match="5 of 4"):
        score_interval(5, 4, 1.96)
    with pytest.raises(ValueError, match="level"):
        newcombe_interval(1, 2, 1, 2, level=95)


def test_all_pairs_the_largest_first_and_widened_for_their_number():
    groups = [Subgroup("a", 100, 90, NONE), Subgroup("b", 100, 60, NONE), Subgroup("c", 100, 80, NONE)]
    found = differences(groups)
    assert [(one.better, one.worse) for one in found] == [("a", "b"), ("c", "b"), ("a", "c")]
    assert [one.value for one in found] == pytest.approx([0.3, 0.2, 0.1])
    # Bonferroni: three pairs share the 0.05.
    assert (found[0].low, found[0].high) == newcombe_interval(90, 100, 60, 100, level=1 - 0.05 / 3)
    assert found[0].low < newcombe_interval(90, 100, 60, 100)[0]
    assert "widened for 3 pairs" in str(found[0])
    assert differences(groups[:1]) == ()


def test_it_reads_as_a_sentence():
    found = Difference("day", "night", 0.12, -0.01, 0.25)
    assert str(found) == "'day' is answered better than 'night' by 12.0 points (95 % interval −1.0 … 25.0)"
    assert "equally well" in str(Difference("day", "night", 0.0, -0.1, 0.1))


@pytest.mark.parametrize("sizes", [(30, 30, 30, 30, 30), (400, 60, 12)])
def test_where_all_groups_are_the_same_no_pair_is_clear_more_often_than_said(sizes):
    # 200 nulls at 5 %: 10 expected, and more than 20 in one case of a thousand.
    generator = torch.Generator().manual_seed(1)
    clear = 0
    for _ in range(200):
        counts = [int((torch.rand(size, generator=generator) < 0.8).sum()) for size in sizes]
        groups = [
            Subgroup(str(i), size, count, NONE) for i, (size, count) in enumerate(zip(sizes, counts, strict=True))
        ]
        clear += any(one.is_clear for one in differences(groups))
    assert clear <= 20
