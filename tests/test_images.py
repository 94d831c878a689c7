import dataclasses
import itertools

import numpy as np
import pytest
import torch

import transferlab.data
from transferlab.data.images import ImageSet, Splits


def numbered(*per_class, names=("ants", "bees", "wasps"), **fields):
    """Image i is filled with the number i, and classes alternate as long as they last."""
    left, labels = list(per_class), []
    while any(left):
        for label, number in enumerate(left):
            if number:
                labels.append(label)
                left[label] -= 1
    images = torch.arange(len(labels), dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 4, 6).contiguous()
    return ImageSet(images, torch.tensor(labels), names[: len(per_class)], **fields)


def full(*per_class):
    number = sum(per_class)
    return numbered(
        *per_class,
        masks=torch.arange(number).view(-1, 1, 1).expand(-1, 4, 6) % 2 == 0,
        groups=torch.arange(number) % 3,
        group_names=("sand", "grass", "sky"),
        files=[f"{i}.jpg" for i in range(number)],
        name="insects",
        label_safe=["crop"],
    )


def numbers(data):
    return data.images[:, 0, 0, 0].tolist()


def test_a_set_knows_its_size_and_classes():
    data = numbered(2, 1)
    assert len(data) == 3
    assert data.num_classes == 2
    assert data.size == (4, 6)
    assert data.counts() == {"ants": 2, "bees": 1}
    assert repr(data) == "ImageSet(3 images of 4×6, 2 classes: ants 2, bees 1)"
    assert repr(dataclasses.replace(data, name="insects")).startswith("ImageSet('insects', 3 images")


def test_many_classes_are_summed_up_in_a_line():
    data = ImageSet(torch.zeros(9, 3, 2, 2, dtype=torch.uint8), torch.arange(9), [f"class {i}" for i in range(10)])
    assert repr(data) == "ImageSet(9 images of 2×2, 10 classes: 0 to 1 images each)"


@pytest.mark.parametrize(
    "index",
    [
        [1, 4],
        (1, 4),
        torch.tensor([1, 4]),
        np.array([1, 4]),
        np.array([4, 1])[::-1],
        [-5, -2],
        range(1, 5, 3),
        slice(1, None, 3),
        torch.tensor([False, True, False, False, True, False]),
        [False, True, False, False, True, False],
        np.array([False, True, False, False, True, False]),
    ],
    ids=lambda index: f"{type(index).__name__}-{index}".replace("\n", " "),
)
def test_a_subset_takes_everything_along(index):
    part = full(3, 3).subset(index)
    assert numbers(part) == [1, 4]
    assert part.labels.tolist() == [1, 0]
    assert part.masks[:, 0, 0].tolist() == [False, True]
    assert part.groups.tolist() == [1, 1]
    assert part.files == ("1.jpg", "4.jpg")
    assert (part.class_names, part.group_names) == (("ants", "bees"), ("sand", "grass", "sky"))
    assert (part.name, part.label_safe) == ("insects", ("crop",))


def test_positions_keep_their_order_and_may_repeat():
    assert numbers(numbered(3, 3).subset([5, 0, 0])) == [5, 0, 0]
    assert numbers(numbered(3, 3).subset(slice(None, None, -2))) == [5, 3, 1]


def test_neighbours_are_a_view_and_others_a_copy():
    data = numbered(3, 3)
    assert data.subset(slice(2, 5)).images.data_ptr() == data.images[2].data_ptr()
    data.subset([0, 2]).images.fill_(99)
    assert numbers(data) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ([0, 6], "No image 6: the set has 6, at positions 0 to 5"),
        ([-7], "No image -7"),
        ([], "holds none of the 6 images"),
        (slice(6, 9), "holds none"),
        ([True, False], "The mask has 2 entries, but the set has 6 images"),
        ([0.5], r"list of positions or a mask; you gave float32 of shape \(1,\)"),
        (3, r"list of positions or a mask; you gave int64 of shape \(\)"),
        (torch.zeros(2, 2, dtype=torch.int64), r"you gave int64 of shape \(2, 2\)"),
        ("ants", "list of positions or a mask; you gave a str"),
        (["ants"], "list of positions or a mask; you gave a list"),
        (np.array(["ants"]), "list of positions or a mask; you gave <U4"),
    ],
)
def test_a_choice_that_is_none_gets_a_sentence(index, sentence):
    with pytest.raises(ValueError, match=sentence):
        numbered(3, 3).subset(index)


def test_per_class_draws_the_same_number_of_each_in_the_order_of_the_set():
    data = numbered(10, 4, 7)
    part = data.per_class(3, seed=5)
    assert part.counts() == {"ants": 3, "bees": 3, "wasps": 3}
    assert numbers(part) == sorted(set(numbers(part)))
    assert numbers(part) == numbers(data.per_class(3, seed=5))
    assert numbers(part) != numbers(data.per_class(3, seed=6))
    assert all(data.labels[number] == label for number, label in zip(numbers(part), part.labels, strict=True))


def test_budgets_of_one_seed_are_nested():
    data = numbered(12, 30)
    budgets = [set(numbers(data.per_class(n, seed=1))) for n in (1, 2, 5, 12)]
    for small, large in itertools.pairwise(budgets):
        assert small < large


def test_the_draw_does_not_touch_torchs_own_random_numbers():
    state = torch.get_rng_state()
    numbered(9, 9).per_class(3)
    numbered(9, 9).split()
    assert torch.equal(torch.get_rng_state(), state)


def test_a_budget_counts_in_numpy_too():
    assert len(numbered(3, 3).per_class(np.int64(2))) == 4


@pytest.mark.parametrize(
    ("n", "sentence"),
    [
        (5, r"per_class\(5\) needs 5 images in every class; too few in 'bees' \(4\). Ask for at most 4."),
        (0, r"whole number of images of at least 1; you gave 0"),
        (2.5, "you gave 2.5"),
        (True, "you gave True"),
        ("all", "you gave 'all'"),
    ],
)
def test_a_budget_that_cannot_be_met_names_the_classes(n, sentence):
    with pytest.raises(ValueError, match=sentence):
        numbered(10, 4).per_class(n)


def test_a_budget_with_an_empty_class_advises_to_leave_it_out():
    data = dataclasses.replace(numbered(3, 3), class_names=("ants", "bees", "wasps"))
    with pytest.raises(ValueError, match=r"'wasps' \(0\). Leave out the empty classes"):
        data.per_class(1)


@pytest.mark.parametrize(
    ("held_out", "expected"),  # of 10, 4, 3 and 2 images; halves are rounded up, and both parts get one at least
    [(0.2, (2, 1, 1, 1)), (0.25, (3, 1, 1, 1)), (0.5, (5, 2, 2, 1)), (0.01, (1, 1, 1, 1)), (0.99, (9, 3, 2, 1))],
)
def test_each_class_is_split_in_the_same_proportion(held_out, expected):
    data = numbered(10, 4, 3, 2, names=("a", "b", "c", "d"))
    splits = data.split(held_out, seed=3)
    assert tuple(splits.held_out.counts().values()) == expected
    assert sorted(numbers(splits.train) + numbers(splits.held_out)) == list(range(19))
    assert splits.notes == ()


def test_a_split_is_its_seeds():
    data = full(20, 20)
    first, again, other = data.split(seed=1), data.split(seed=1), data.split(seed=2)
    assert numbers(first.held_out) == numbers(again.held_out) != numbers(other.held_out)
    assert first.held_out.files == tuple(f"{number}.jpg" for number in numbers(first.held_out))
    assert first.train.label_safe == first.held_out.label_safe == ("crop",)


def test_a_class_of_one_stays_in_training_and_is_noted():
    splits = numbered(5, 1).split()
    assert splits.train.counts() == {"ants": 4, "bees": 1}
    assert splits.held_out.counts() == {"ants": 1, "bees": 0}
    assert splits.notes == ("One image only, kept for training and not measured: 'bees'.",)


def test_a_set_without_pairs_cannot_be_split():
    with pytest.raises(ValueError, match="No class has two images"):
        numbered(1, 1).split()


@pytest.mark.parametrize("share", [0, 1, -0.1, 20, float("nan"), True, "0.2"])
def test_a_share_that_is_none_gets_a_sentence(share):
    with pytest.raises(ValueError, match="held_out is the share to set aside, between 0 and 1"):
        numbered(5, 5).split(share)


def test_splits_hold_two_sets_of_the_same_classes_and_size():
    data = numbered(2, 2)
    with pytest.raises(ValueError, match="same classes in the same order; you gave 'ants', 'bees' and 'bees', 'ants'"):
        Splits(data, dataclasses.replace(data, class_names=("bees", "ants")))
    with pytest.raises(ValueError, match=r"Training images are \(4, 6\) and held-out images \(4, 4\) pixels"):
        Splits(data, dataclasses.replace(data, images=data.images[..., :4]))
    with pytest.raises(ValueError, match=r"you gave a ImageSet and a NoneType. Type images.split\(0.2\)"):
        Splits(data, None)


def test_every_augmentation_is_safe_unless_the_set_says_otherwise():
    assert numbered(1, 1).label_safe == ("crop", "flip")
    assert numbered(1, 1, label_safe=()).label_safe == ()
    with pytest.raises(
        ValueError, match=r"No augmentation 'flipp'. label_safe holds .*: crop, flip. Did you mean 'flip'"
    ):
        numbered(1, 1, label_safe=("flipp",))
    with pytest.raises(ValueError, match=r"label_safe must be a sequence of names .*; you gave 'crop'"):
        numbered(1, 1, label_safe="crop")


IMAGES = torch.zeros(4, 3, 5, 6, dtype=torch.uint8)
LABELS = torch.tensor([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (IMAGES.float(), r"you gave float32 of shape \(4, 3, 5, 6\). Type \(images \* 255\)"),
        (IMAGES.permute(0, 2, 3, 1), r"Type images.permute\(0, 3, 1, 2\)"),
        (IMAGES[:, :1], r"Type images.expand\(-1, 3, -1, -1\)"),
        (IMAGES[0], r"you gave uint8 of shape \(3, 5, 6\)"),
        (IMAGES[:0], "A set holds at least one image"),
        (IMAGES.numpy(), r"Type torch.from_numpy\(images\)"),
        ([1, 2], "you gave a list"),
    ],
)
def test_images_are_uint8_of_four_axes(images, sentence):
    with pytest.raises(ValueError, match=sentence):
        ImageSet(images, LABELS, ("ants", "bees"))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"labels": [0, 1, 0, 1]}, "labels must be an int64 tensor .*you gave a list"),
        ({"labels": LABELS.int()}, r"you gave int32 of shape \(4,\)"),
        ({"labels": LABELS[:3]}, r"of shape \(4,\), one for each image; you gave int64 of shape \(3,\)"),
        ({"labels": LABELS + 1}, r"labels must lie within 0…1, the positions in class_names; yours run from 1 to 2"),
        ({"labels": LABELS - 1}, "yours run from -1 to 0"),
        ({"class_names": ()}, "class_names must be different names"),
        ({"class_names": ("ants", "ants")}, "class_names must be different names"),
        (
            {"class_names": "ants"},
            r"class_names must be a sequence of names such as \('ants', 'bees'\); you gave 'ants'",
        ),
        ({"class_names": (1, 2)}, r"class_names must be a sequence of names .*you gave \(1, 2\)"),
        ({"class_names": None}, "class_names must be a sequence of names .*you gave None"),
        ({"groups": LABELS}, "groups must lie within 0…-1, the positions in group_names"),
        ({"groups": LABELS.float(), "group_names": ("x", "y")}, "groups must be an int64 tensor"),
        (
            {"masks": torch.zeros(4, 5, 6)},
            r"masks must be a bool tensor of shape \(N, H, W\), here \(4, 5, 6\); .*float32",
        ),
        ({"masks": torch.zeros(4, 1, 5, 6, dtype=torch.bool)}, r"you gave bool of shape \(4, 1, 5, 6\)"),
        ({"masks": np.zeros((4, 5, 6), dtype=bool)}, "masks must be a bool tensor"),
        ({"files": ("a.jpg",)}, "files must name each of the 4 images; you gave 1 names"),
    ],
)
def test_fields_that_do_not_fit_the_images_get_a_sentence(fields, sentence):
    with pytest.raises(ValueError, match=sentence):
        ImageSet(**{"images": IMAGES, "labels": LABELS, "class_names": ("ants", "bees"), **fields})


def test_a_set_cannot_be_changed_by_accident():
    with pytest.raises(dataclasses.FrozenInstanceError):
        numbered(1, 1).labels = torch.tensor([1, 1])


@pytest.mark.parametrize("name", transferlab.data.__all__)
def test_the_names_of_the_package_load_when_they_are_used(name):
    assert getattr(transferlab.data, name).__doc__


def test_a_misspelt_name_of_the_package_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="Did you mean 'folder'"):
        _ = transferlab.data.foldr
