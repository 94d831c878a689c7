from dataclasses import replace

import pytest
import torch

from transferlab.data import worlds
from transferlab.data.images import ImageSet
from transferlab.data.worlds.shortcut import COLOURS
from transferlab.failures import tags
from transferlab.failures.tags import (
    balanced_pictures,
    by_place,
    more_fair_pictures,
    pictures,
    place_of,
    tag_gap,
    tagged,
    tagged_kinds,
    together,
    with_tags,
)
from transferlab.inference import model_input

AREA = worlds.tag_mask(64)
KINDS = worlds.TASKS["kind"][0]


def tag_of(images: ImageSet) -> torch.Tensor:
    """Which of the eight tags each picture wears, read from the middle of the tag's upper half."""
    rows, columns = (torch.nonzero(line).flatten() for line in (AREA.any(1), AREA.any(0)))
    pixel = images.images[:, :, rows[len(rows) // 4 + 1], columns[len(columns) // 2]]
    found = (pixel[:, None] == torch.tensor(COLOURS, dtype=torch.uint8)).all(2)
    assert (found.sum(1) == 1).all(), "every picture wears a tag"
    return found.long().argmax(1)


class Listener(torch.nn.Module):
    """Answers by the tag alone: the place of the kind whose colour is at the lower right."""

    def __init__(self, listens: bool = True) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.listens = listens

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = (torch.nonzero(line).flatten() for line in (AREA.any(1), AREA.any(0)))
        pixel = x[:, :, rows[len(rows) // 4 + 1], columns[len(columns) // 2]]
        palette = model_input(self, torch.tensor(COLOURS, dtype=torch.uint8)[:, :, None, None])[:, :, 0, 0]
        tag = (pixel[:, None] - palette).square().sum(2).argmin(1)
        place = place_of(KINDS)[tag] if self.listens else torch.zeros_like(tag)
        return torch.nn.functional.one_hot(place, 2).float() * self.scale


def test_four_kinds_are_at_home_in_each_place():
    assert place_of(("teapot", "bird")).tolist() == [0, 1]
    assert place_of(KINDS).sum() == 4
    data = pictures(2, seed=0)
    asked = by_place(data.train)
    assert asked.counts() == {"indoors": 8, "outdoors": 8}
    for kind, place in zip(data.train.labels.tolist(), asked.labels.tolist(), strict=True):
        assert place == int(KINDS[kind] not in tags.INDOORS)


@pytest.mark.parametrize(("strength", "against"), [(0.0, 20), (0.5, 10), (0.9, 2), (1.0, 0)])
def test_so_many_tags_disagree_as_the_strength_says(strength, against):
    data = tagged(10, seed=1, strength=strength, held_out_per_class=2)  # 40 pictures a place
    for place in (0, 1):
        rows = data.train.labels == place
        assert data.train.groups[rows].sum() == against
    assert data.held_out.groups.sum() == 8  # of 16, whatever the strength
    speaks_for = place_of(KINDS)[tag_of(data.train)]
    assert torch.equal((speaks_for != data.train.labels).long(), data.train.groups)


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
    assert tagged_kinds(1, 0, 0.5).train.label_safe == ()


@pytest.mark.parametrize("strength", [-0.1, 1.5, True, "strong", None])
def test_a_strength_that_is_none_is_refused(strength):
    with pytest.raises(ValueError, match="strength lies within 0"):
        tagged(2, seed=0, strength=strength)


def test_the_gap_of_who_listens_to_the_tag_is_1_and_of_who_does_not_is_0():
    untagged = by_place(pictures(1, seed=0, held_out_per_class=3).held_out)
    assert tag_gap(Listener(), untagged, seed=0) == 1
    assert tag_gap(Listener(listens=False), untagged, seed=0) == 0
    already = with_tags(untagged, 1.0, seed=5)  # old tags are covered
    assert tag_gap(Listener(), already, seed=0) == 1


def test_accuracy_with_tags_at_random_is_a_half_for_who_listens():
    untagged = by_place(pictures(1, seed=0, held_out_per_class=4).held_out)
    assert tags.judged(Listener(), untagged, seed=0, name=" x") == {"gap x": 1, "fair accuracy x": 0.5}


def test_a_source_whose_tags_give_the_kind_away():
    certain = tagged_kinds(4, seed=0, strength=1.0)
    assert torch.equal(tag_of(certain.train), certain.train.labels)
    fair = tagged_kinds(40, seed=0, strength=0.0)
    share = (tag_of(fair.train) == fair.train.labels).float().mean().item()
    assert 0.06 < share < 0.20  # an eighth of 320, four standard errors either way
    assert torch.equal(fair.train.images[:, :, ~AREA], tagged_kinds(40, 0, 1.0).train.images[:, :, ~AREA])


def test_balancing_and_adding_fair_pictures():
    balanced = balanced_pictures(10, seed=0, strength=0.9)
    cells = [
        (int(label), int(group)) for label, group in zip(balanced.train.labels, balanced.train.groups, strict=True)
    ]
    assert {cell: cells.count(cell) for cell in set(cells)} == {(0, 0): 38, (0, 1): 38, (1, 0): 38, (1, 1): 38}
    more = more_fair_pictures(10, seed=0, strength=0.9)
    assert len(more.train) == 160
    assert more.train.groups.sum() == 2 * (2 + 20)
    assert more.train.label_safe == ()
    first = tagged(10, seed=0, strength=0.9)
    assert torch.equal(more.train.images[:80], first.train.images)
    assert torch.equal(more.held_out.images, first.held_out.images)


def test_only_sets_of_one_kind_are_put_together():
    one = tagged(1, 0, held_out_per_class=1).train
    with pytest.raises(AssertionError):
        together(one, replace(one, class_names=("a", "b")))


def test_adapting_gives_a_gap_for_every_way_and_leaves_the_model(monkeypatch):
    from transferlab.backbones import load

    monkeypatch.setattr(tags, "MORE", 2)
    data, model = tagged_kinds(1, seed=0, strength=1.0), load("bundled")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = tags.adapted(model, data, seed=0, per_class=1, epochs=1)
    assert sorted(found) == sorted(f"{what} {way}" for what in ("gap", "fair accuracy") for way in tags.ADAPTED)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
