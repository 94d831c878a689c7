import math

import pytest
import torch

from transferlab.audit.subgroups import LEAST, compare_groups


def answers(right, labels):
    """Logits of two classes that are right where `right` is true."""
    return torch.nn.functional.one_hot(torch.where(right, labels, 1 - labels), 2).double()


def counted(sizes, corrects, **more):
    """A comparison of groups a, b, … of these sizes, of which so many are right."""
    codes = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    right = torch.cat([torch.arange(size) < correct for size, correct in zip(sizes, corrects, strict=True)])
    labels = torch.arange(len(codes)) % 2
    names = tuple("abcdefghijklmnop"[: len(sizes)])
    return compare_groups("light", codes, names, answers(right, labels), labels, **more)


def test_counts_by_hand():
    found = counted((20, 40), (19, 20))
    assert [(one.name, one.num_images, one.num_correct) for one in found.groups] == [("a", 20, 19), ("b", 40, 20)]
    assert (found.best.name, found.worst.name) == ("a", "b")
    assert found.gap.value == pytest.approx(0.95 - 0.5)
    assert found.clear == found.gap
    assert found.verdict.startswith("'a' is answered better than 'b' by 45.0 points (95 % interval 2")


def test_no_gap_is_called_no_gap_and_how_large_it_may_be():
    found = counted((20, 20), (16, 15))
    assert found.clear is None
    assert "No gap is shown" in found.verdict
    assert f"may be {100 * found.gap.high:.0f} points" in found.verdict


def test_three_images_yield_no_verdict_and_how_many_are_needed_is_said():
    found = counted((3, 40), (0, 40))
    assert (found.gap, found.worst, found.best) == (None, None, None)
    assert found.verdict == (
        f"No verdict on 'light': two groups of at least {LEAST} images are needed, and 1 is large enough; "
        "'a' lacks 7 more images."
    )
    assert "none is large enough" in counted((3, 9), (3, 9)).verdict
    assert "'b' lacks 1 more image." in counted((3, 9), (3, 9)).verdict


def test_a_small_group_is_reported_and_never_the_worst_without_saying_so():
    found = counted((3, 40, 40), (0, 30, 38))
    assert found.worst.name == "b"
    assert found.groups[0].accuracy == 0
    assert "'a' has 3 images and is not compared: 7 more are needed." in found.remarks[0]
    assert "lower than that of 'b', on too few images to count" in found.remarks[0]
    many = counted((1,) * 8 + (20, 20), (0,) * 8 + (20, 20))
    assert "2 more groups have fewer than 10 images" in many.remarks[6]


def test_a_clear_gap_is_found_behind_a_larger_one_that_is_not():
    found = counted((11, 1000, 1000), (11, 900, 800))
    assert (found.gap.better, found.gap.worse) == ("a", "c")
    assert not found.gap.is_clear
    assert (found.clear.better, found.clear.worse) == ("b", "c")
    assert "A larger one is not clear" in found.verdict


def test_class_by_class():
    found = counted((20, 20), (20, 10), class_names=("cat", "dog"))
    # Labels alternate and the first ten of b are right, five of each class.
    assert [(one.name, one.num_images, one.num_correct) for one in found.cells] == [
        ("a, cat", 10, 10), ("a, dog", 10, 10), ("b, cat", 10, 5), ("b, dog", 10, 5)
    ]  # fmt: skip


def test_images_without_a_group_and_groups_without_an_image():
    codes = torch.tensor([0] * 12 + [-1] * 5 + [2] * 12)
    labels = torch.zeros(29, dtype=torch.int64)
    logits = answers(torch.ones(29, dtype=torch.bool), labels)
    found = compare_groups("light", codes, ("a", "b", "c"), logits, labels)
    assert [one.name for one in found.groups] == ["a", "c"]
    assert found.num_unknown == 5
    assert "5 images have no value for 'light'" in found.remarks[0]


def test_shortcut_masses_are_averaged_in_each_group():
    masses = torch.tensor([0.2, 0.4] * 10 + [0.6, torch.nan] * 10, dtype=torch.float64)
    found = counted((20, 20), (20, 20), masses=masses)
    assert [one.shortcut.mean for one in found.groups] == pytest.approx([0.3, 0.6])
    assert found.groups[1].shortcut.num_images == 10


def test_a_single_group_leaves_nothing_to_compare():
    with pytest.raises(ValueError, match=r"'light' has only 'a' among these 20 images: there is nothing to compare"):
        counted((20,), (20,))
    with pytest.raises(ValueError, match="one for each image"):
        compare_groups("light", torch.zeros(3).long(), ("a",), torch.zeros(2, 2), torch.zeros(2).long())


def simulated(accuracies, sizes, seed, number=200):
    generator = torch.Generator().manual_seed(seed)
    codes = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    chance = torch.tensor(accuracies, dtype=torch.float64)[codes]
    labels = torch.zeros(len(codes), dtype=torch.int64)
    names = tuple("abc"[: len(sizes)])
    for _ in range(number):
        right = torch.rand(len(codes), generator=generator) < chance
        yield compare_groups("light", codes, names, answers(right, labels), labels)


@pytest.mark.parametrize(
    ("share", "sizes"), [(0.8, (350, 50)), (0.95, (100, 100)), (0.5, (12, 12)), (0.7, (40, 40, 40))]
)
def test_the_same_errors_in_all_groups_are_not_called_a_bias(share, sizes):
    # 200 nulls at 5 %: 10 expected; P(X > 20) = 0.001 for a binomial with n = 200, p = 0.05.
    found = list(simulated((share,) * len(sizes), sizes, seed=0))
    assert sum(one.clear is not None for one in found) <= 20
    assert sum(one.gap.is_clear for one in found) <= 20


def test_a_planted_gap_is_found():
    found = list(simulated((0.9, 0.6), (200, 80), seed=0))
    clear = [one for one in found if one.clear]
    assert len(clear) >= 190
    assert all(one.worst.name == "b" for one in clear)
    covered = sum(one.gap.low <= 0.3 <= one.gap.high for one in found)
    assert covered >= 190 - 3 * math.sqrt(200 * 0.05 * 0.95)  # 95 % of 200, less three standard deviations
