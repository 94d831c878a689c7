"""The front door of the worlds: what `source` and `target` promise, over every target, task and knob."""

import dataclasses
from itertools import pairwise

import pytest
import torch

from transferlab.data import worlds
from transferlab.data.worlds import shortcut


def equal(first, second):
    return torch.equal(first.images, second.images) and torch.equal(first.masks, second.masks)


@pytest.fixture(params=worlds.TARGETS)
def name(request):
    return request.param


def test_the_source_world_has_32_classes_drawn_as_often_as_asked():
    drawn = worlds.source(per_class=2, seed=3)
    assert len(worlds.SOURCE_CLASSES) == len(set(worlds.SOURCE_CLASSES)) == 32
    assert drawn.class_names == worlds.SOURCE_CLASSES
    assert set(drawn.counts().values()) == {2}
    assert drawn.images.shape == (64, 3, 64, 64)
    assert drawn.masks is not None


def test_the_same_seed_draws_the_same_and_another_one_others():
    assert equal(worlds.source(1, seed=5), worlds.source(1, seed=5))
    assert not equal(worlds.source(1, seed=5), worlds.source(1, seed=6))


def test_every_target_is_balanced_and_has_masks_of_its_own_size(name):
    data = worlds.target(name, per_class=3, held_out_per_class=2, size=48)
    assert set(data.train.counts().values()) == {3}
    assert set(data.held_out.counts().values()) == {2}
    assert data.train.masks.shape == (24, 48, 48)
    share = data.train.masks.float().mean((1, 2))
    assert share.min() > 0
    assert share.max() < 1
    assert not equal(data.train.subset(range(16)), data.held_out)


def test_a_target_repeats_with_its_seed_whatever_torch_drew_before(name):
    first = worlds.target(name, per_class=1, seed=4, held_out_per_class=1)
    torch.rand(7)
    second = worlds.target(name, per_class=1, seed=4, held_out_per_class=1)
    other = worlds.target(name, per_class=1, seed=5, held_out_per_class=1)
    assert equal(first.train, second.train)
    assert equal(first.held_out, second.held_out)
    assert not equal(first.train, other.train)


def test_held_out_images_do_not_depend_on_the_budget(name):
    few, many = (worlds.target(name, per_class=n, held_out_per_class=2) for n in (1, 4))
    assert equal(few.held_out, many.held_out)


def test_one_seed_shows_one_picture_whatever_is_asked():
    sets = {task: worlds.target(per_class=3, task=task, held_out_per_class=1).train for task in worlds.TASKS}
    for task, images in sets.items():
        assert equal(images, sets["kind"])
        assert images.class_names == worlds.TASKS[task][0]
        assert set(images.counts().values()) == {3}
    labels = torch.stack([images.labels for images in sets.values()])
    assert len(torch.unique(labels, dim=0)) == 5  # five questions with five different answers


def test_only_harmless_augmentations_are_allowed_for_each_question():
    allowed = {
        task: set(worlds.target(per_class=1, task=task, held_out_per_class=1).train.label_safe) for task in worlds.TASKS
    }
    assert allowed == {
        "kind": {"crop", "flip"}, "hue": {"crop", "flip"},
        "count": {"flip"}, "orientation": {"crop"}, "position": set(),
    }  # fmt: skip


def test_position_is_where_the_mask_lies():
    data = worlds.target(per_class=8, task="position", held_out_per_class=1).train
    line = torch.linspace(-1, 1, 64)
    weight = data.masks.float()
    weight = weight / weight.sum((1, 2), keepdim=True)
    x, y = (weight.sum(1) * line).sum(1), (weight.sum(2) * line).sum(1)
    bearing = torch.atan2(x, -y) / (torch.pi / 4)  # eighths of a turn clockwise from above
    away = (bearing - data.labels + 4) % 8 - 4
    assert away.abs().median() < 0.3
    assert (away.abs() < 1.0).float().mean() > 0.95  # a thing's mask may lie off its middle


def test_hue_is_the_colour_of_the_thing():
    """An oracle that knows nothing of the drawing code: the commonest strong hue inside the mask, by colorsys."""
    import colorsys

    data = worlds.target(per_class=6, task="hue", held_out_per_class=1).train
    wheel = list(worlds.HUES.values())
    right = 0
    for image, mask, label in zip(data.images, data.masks, data.labels, strict=True):
        votes = [0.0] * 8
        for r, g, b in (image[:, mask].T / 255).tolist():
            hue, saturation, value = colorsys.rgb_to_hsv(r, g, b)
            nearest = min(range(8), key=lambda i: abs((hue - wheel[i] + 0.5) % 1 - 0.5))
            votes[nearest] += saturation**3 * value
        right += votes.index(max(votes)) == label
    assert right / len(data) > 0.8  # an eighth by chance; the second colour is sometimes as strong


def test_the_gap_moves_the_look_and_keeps_the_scene():
    sets = [worlds.target(per_class=4, domain_gap=g, held_out_per_class=1).train for g in (0.0, 0.05, 0.3, 0.6, 1.0)]
    near = sets[0].images.float()
    away = [(images.images.float() - near).abs().mean().item() for images in sets]
    assert away[0] == 0
    assert all(a < b for a, b in pairwise(away))
    assert away[1] < 0.15 * away[-1]  # continuous at 0
    for images in sets[1:]:
        assert torch.equal(images.labels, sets[0].labels)
        both = (images.masks & sets[0].masks).sum() / (images.masks | sets[0].masks).sum()
        assert both > 0.5


def test_a_gap_moves_every_target(name):
    near, far = (worlds.target(name, per_class=1, domain_gap=g, held_out_per_class=1).train for g in (0.0, 1.0))
    assert (near.images.float() - far.images.float()).abs().mean() > 15
    assert "domain gap 1" in far.name


def test_without_a_shortcut_nothing_is_stuck_on(name):
    assert worlds.target(name, per_class=1, held_out_per_class=1).train.groups is None


@pytest.mark.parametrize("strength", [0.3, 0.9, 1.0])
def test_the_shortcut_predicts_in_training_and_only_there(strength):
    data = worlds.target("thermal", per_class=60, shortcut=strength, held_out_per_class=60)
    agrees = [1 - part.groups.float().mean().item() for part in (data.train, data.held_out)]
    expected = [strength + (1 - strength) / 8, 1 / 8]  # a drawn tag is the own one once in eight
    for found, share in zip(agrees, expected, strict=True):
        assert abs(found - share) <= 4 * (share * (1 - share) / 480) ** 0.5
    assert data.train.group_names == ("tag agrees", "tag disagrees")


def test_the_tag_can_be_read_back_and_changes_nothing_else():
    plain = worlds.target("tissue", per_class=5, held_out_per_class=1).train
    tagged = worlds.target("tissue", per_class=5, shortcut=1.0, held_out_per_class=1).train
    area = worlds.tag_mask(64)
    assert torch.equal(plain.images[:, :, ~area], tagged.images[:, :, ~area])
    assert not tagged.masks[:, area].any()
    upper = tagged.images[:, :, 53, 56]  # inside the upper half of the tag
    assert torch.equal(upper, torch.tensor(shortcut.COLOURS, dtype=torch.uint8)[tagged.labels])
    codes = torch.unique(tagged.images[:, :, area].flatten(1), dim=0)
    assert len(codes) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "satelite"}, "No target 'satelite'. The drawn targets are: .* Did you mean 'satellite'"),
        ({"task": "colour"}, "No task 'colour'. The questions are: kind, count"),
        ({"name": "tissue", "task": "count"}, "'tissue' can only be asked for its kind"),
        ({"per_class": 0}, "per_class is a whole number of at least 1; you gave 0"),
        ({"per_class": 2.5}, "per_class is a whole number"),
        ({"size": 8}, "size is a whole number of at least 16; you gave 8"),
        ({"seed": -1}, "seed is a whole number of at least 0"),
        ({"domain_gap": 1.5}, "domain_gap lies between 0 and 1; you gave 1.5"),
        ({"domain_gap": float("nan")}, "domain_gap lies between 0 and 1"),
        ({"shortcut": -0.1}, "shortcut lies between 0 and 1"),
        ({"shortcut": "strong"}, "shortcut lies between 0 and 1; you gave 'strong'"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        worlds.target(**{"held_out_per_class": 1, "per_class": 1, **arguments})


def test_a_budget_is_cut_from_a_larger_one_and_keeps_masks_and_groups():
    data = worlds.target("defects", per_class=4, shortcut=0.5, held_out_per_class=1).train
    few = data.per_class(2, seed=0)
    assert few.masks.shape[0] == few.groups.shape[0] == 16
    assert dataclasses.replace(few).label_safe == ("crop", "flip")
