from dataclasses import replace

import pytest
import torch

from transferlab.data import worlds
from transferlab.data.images import ImageSet
from transferlab.data.worlds.shortcut import COLOURS
from transferlab.failures.tags import (
    INDOORS,
    KINDS,
    PLACES,
    accuracy_by_tag,
    asked,
    balanced_pictures,
    disagreeing_if_drawn,
    more_fair_pictures,
    pictures,
    speaks_for,
    tag_gap,
    tagged,
    together,
    with_tags,
)
from transferlab.inference import model_input

AREA = worlds.tag_mask(64)


def tag_of(images: ImageSet) -> torch.Tensor:
    """Which of the eight tags each picture wears, read from the middle of the tag's upper half."""
    rows, columns = (torch.nonzero(line).flatten() for line in (AREA.any(1), AREA.any(0)))
    pixel = images.images[:, :, rows[len(rows) // 4 + 1], columns[len(columns) // 2]]
    found = (pixel[:, None] == torch.tensor(COLOURS, dtype=torch.uint8)).all(2)
    assert (found.sum(1) == 1).all(), "every picture wears a tag"
    return found.long().argmax(1)


class Listener(torch.nn.Module):
    """Answers by the tag alone: what the colour at the lower right speaks for; or always the first class."""

    def __init__(self, class_names: tuple[str, ...] = PLACES, listens: bool = True) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.class_names, self.listens = class_names, listens

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = (torch.nonzero(line).flatten() for line in (AREA.any(1), AREA.any(0)))
        pixel = x[:, :, rows[len(rows) // 4 + 1], columns[len(columns) // 2]]
        palette = model_input(self, torch.tensor(COLOURS, dtype=torch.uint8)[:, :, None, None])[:, :, 0, 0]
        tag = (pixel[:, None] - palette).square().sum(2).argmin(1)
        answer = speaks_for(self.class_names)[tag] if self.listens else torch.zeros_like(tag)
        return torch.nn.functional.one_hot(answer, len(self.class_names)).float() * self.scale


def test_four_kinds_are_at_home_in_each_place():
    data = pictures(2, seed=0)
    by_place = asked(data.train, "place")
    assert by_place.counts() == {"indoors": 8, "outdoors": 8}
    for kind, place in zip(data.train.labels.tolist(), by_place.labels.tolist(), strict=True):
        assert place == int(KINDS[kind] not in INDOORS)
    assert asked(data.train, "kind") is data.train
    with pytest.raises(ValueError, match=r"No question 'plase'.*Did you mean 'place'"):
        asked(data.train, "plase")


def test_drawn_tags_disagree_in_half_and_in_seven_eighths():
    assert disagreeing_if_drawn(PLACES) == 0.5
    assert disagreeing_if_drawn(KINDS) == 0.875


@pytest.mark.parametrize(("strength", "against"), [(0.0, 20), (0.5, 10), (0.9, 2), (1.0, 0)])
def test_so_many_tags_disagree_as_the_strength_says(strength, against):
    data = tagged(10, seed=1, strength=strength, question="place", held_out_per_class=2)  # 40 pictures a place
    for place in (0, 1):
        rows = data.train.labels == place
        assert data.train.groups[rows].sum() == against
    assert data.held_out.groups.sum() == 8  # of 16, whatever the strength
    said = speaks_for(PLACES)[tag_of(data.train)]
    assert torch.equal((said != data.train.labels).long(), data.train.groups)


@pytest.mark.parametrize(("strength", "against"), [(0.0, 14), (0.5, 7), (1.0, 0)])
def test_asked_for_the_kind_every_tag_speaks_for_one(strength, against):
    data = tagged(16, seed=1, strength=strength, held_out_per_class=8)
    for kind in range(8):
        assert data.train.groups[data.train.labels == kind].sum() == against
        assert data.held_out.groups[data.held_out.labels == kind].sum() == 7
    assert torch.equal((tag_of(data.train) != data.train.labels).long(), data.train.groups)


def test_the_wrong_tags_are_all_of_them_alike():
    wrong = with_tags(pictures(1, seed=0, held_out_per_class=60).held_out, 1.0, seed=0)
    counts = torch.zeros(8, 8).index_put_((wrong.labels, tag_of(wrong)), torch.ones(len(wrong)), accumulate=True)
    assert counts.diag().sum() == 0
    expected = 60 / 7  # of each of seven tags for each kind
    chi_square = ((counts - expected).square() / expected).sum() - 8 * expected  # without the diagonal
    assert chi_square < 84  # the 99.9th percentile with 8 · 6 degrees of freedom


def test_nothing_but_the_tag_differs_between_strengths():
    fair, biased = (tagged(3, seed=2, strength=strength, held_out_per_class=1) for strength in (0.0, 1.0))
    outside = ~AREA
    assert torch.equal(fair.train.images[:, :, outside], biased.train.images[:, :, outside])
    assert torch.equal(fair.held_out.images, biased.held_out.images)
    again = tagged(3, seed=2, strength=1.0, held_out_per_class=1)
    assert torch.equal(again.train.images, biased.train.images)
    assert not torch.equal(tagged(3, seed=3, strength=1.0, held_out_per_class=1).train.images, again.train.images)


def test_tags_stay_whole_and_where_they_are():
    assert tagged(1, 0, held_out_per_class=1).train.label_safe == ()


@pytest.mark.parametrize("strength", [-0.1, 1.5, True, "strong", None])
def test_a_strength_that_is_none_is_refused(strength):
    with pytest.raises(ValueError, match="strength lies within 0"):
        tagged(2, seed=0, strength=strength)


@pytest.mark.parametrize("question", ["place", "kind"])
def test_the_gap_of_who_listens_to_the_tag_is_1_and_of_who_does_not_is_0(question):
    untagged = asked(pictures(1, seed=0, held_out_per_class=3).held_out, question)
    listener, deaf = (Listener(untagged.class_names, listens) for listens in (True, False))
    assert accuracy_by_tag(listener, untagged, seed=0) == (1, 0)
    assert tag_gap(listener, untagged, seed=0) == 1
    assert tag_gap(deaf, untagged, seed=0) == 0
    already = with_tags(untagged, 1.0, seed=5)  # old tags are covered
    assert tag_gap(listener, already, seed=0) == 1


def test_balancing_and_adding_fair_pictures():
    balanced = balanced_pictures(10, seed=0, strength=0.9)
    cells = [
        (int(label), int(group)) for label, group in zip(balanced.train.labels, balanced.train.groups, strict=True)
    ]
    assert {cell: cells.count(cell) for cell in set(cells)} == {
        (kind, group): 9 for kind in range(8) for group in (0, 1)
    }
    more = more_fair_pictures(10, seed=0, strength=0.9)
    assert len(more.train) == 160
    assert more.train.groups.sum() == 8 * (1 + 9)  # of ten biased and of ten fair pictures of each kind
    assert more.train.label_safe == ()
    first = tagged(10, seed=0, strength=0.9)
    assert torch.equal(more.train.images[:80], first.train.images)
    assert torch.equal(more.held_out.images, first.held_out.images)


def test_only_sets_of_one_kind_are_put_together():
    one = tagged(1, 0, held_out_per_class=1).train
    with pytest.raises(AssertionError):
        together(one, replace(one, class_names=tuple("abcdefgh")))
