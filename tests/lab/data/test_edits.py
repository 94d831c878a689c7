import pytest
import torch

from transferlab.data.folder import folder_splits
from transferlab.data.images import ImageSet, Splits
from transferlab.lab.data.edits import Edits, picture_key


def numbered(labels, first=0, files=()):
    """Images whose pixels all have the number of the image, so that each can be told from the others."""
    images = (
        torch.arange(first, first + len(labels), dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 4, 4).clone()
    )
    return ImageSet(images, torch.tensor(labels), ("cup", "key", "pear"), files=files)


@pytest.fixture
def data():
    return Splits(numbered([0, 0, 1, 1, 2, 2]), numbered([0, 1, 2], first=100), ("a note",))


def numbers(images):
    return images.images[:, 0, 0, 0].tolist()


def test_relabelled_pictures_have_the_other_label_and_nothing_else_moves(data):
    edited = Edits().relabel([("train", 0), ("held_out", 2)], "key").apply(data)
    assert edited.train.labels.tolist() == [1, 0, 1, 1, 2, 2]
    assert edited.held_out.labels.tolist() == [0, 1, 1]
    assert numbers(edited.train) == numbers(data.train)
    assert data.train.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert edited.notes == ("a note",)


def test_dropped_pictures_are_gone_and_the_labels_of_the_others_stay_theirs(data):
    edited = Edits().drop([("train", 1), ("train", 4), ("held_out", 0)]).relabel([("train", 3)], "pear").apply(data)
    assert numbers(edited.train) == [0, 2, 3, 5]
    assert edited.train.labels.tolist() == [0, 1, 2, 2]
    assert numbers(edited.held_out) == [101, 102]


def test_masks_and_groups_go_with_their_pictures():
    masks = torch.zeros(4, 4, 4, dtype=torch.bool)
    masks[3] = True
    images = torch.zeros(4, 3, 4, 4, dtype=torch.uint8)
    whole = ImageSet(images, torch.tensor([0, 0, 1, 1]), ("a", "b"), masks, torch.tensor([0, 1, 0, 1]), ("x", "y"))
    edited = Edits(dropped=(("train", 0),)).apply(Splits(whole, whole)).train
    assert edited.groups.tolist() == [1, 0, 1]
    assert edited.masks.flatten(1).all(1).tolist() == [False, False, True]


def test_the_last_label_counts_and_dropping_forgets_it():
    edits = Edits().relabel([("train", 0)], "key").relabel([("train", 0)], "pear")
    assert edits.relabelled == (("train", 0, "pear"),)
    assert edits.drop([("train", 0)]) == Edits(dropped=(("train", 0),))
    assert len(edits.drop([("train", 1), ("train", 1)])) == 2


def test_a_class_without_a_picture_to_train_on_is_refused(data):
    for edits in (Edits().drop([("train", 4), ("train", 5)]), Edits().relabel([("train", 4), ("train", 5)], "cup")):
        with pytest.raises(ValueError, match="no picture of 'pear' to train on"):
            edits.apply(data)
    Edits().drop([("held_out", 0)]).apply(data)  # held out a class may be missing: it is only not measured
    with pytest.raises(ValueError, match="no picture held out"):
        Edits().drop([("held_out", i) for i in range(3)]).apply(data)


def test_one_class_may_lose_its_last_picture_where_another_comes_in(data):
    edited = Edits().drop([("train", 4), ("train", 5)]).relabel([("train", 0)], "pear").apply(data)
    assert edited.train.labels.tolist() == [2, 0, 1, 1]


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        (lambda: Edits().relabel([("train", 0)], "peer"), "Did you mean 'pear'"),
        (lambda: Edits().drop([("train", 6)]), "No picture 6 in train: it has 6, at positions 0 to 5"),
        (lambda: Edits().drop([("train", -1)]), "No picture -1"),
        (lambda: Edits().drop([("test", 0)]), "No part 'test'"),
        (lambda: Edits().drop([("train", True)]), "its position or by its file; you gave True"),
        (lambda: Edits(relabelled=(("train", 0),)), "triples such as"),
        (lambda: Edits(dropped=5), "you gave"),
    ],
)
def test_what_names_no_picture_is_refused(data, edits, words):
    with pytest.raises(ValueError, match=words):
        edits().apply(data)


def test_files_are_found_wherever_they_came_to_lie(tree):
    files = {f"set/{name}/{i}.png": 10 * k + i for k, name in enumerate(("ants", "bees")) for i in range(6)}
    root = tree(files) / "set"
    before = folder_splits(root, 8)
    name = before.held_out.files[0]
    edits = Edits().relabel([("held_out", name)], "bees" if name.startswith("ants") else "ants")
    for number in range(20, 40):  # more files, another division
        tree({f"set/{'ants' if number % 2 else 'bees'}/{number}.png": 100 + number})
    for seed in range(4):
        after = folder_splits(root, 8, seed=seed)
        edited = edits.apply(after)
        moved = []
        for part in ("train", "held_out"):
            changed = getattr(edited, part).labels != getattr(after, part).labels
            moved += [getattr(after, part).files[row] for row in changed.nonzero().flatten()]
        assert moved == [name]
        assert edited.notes == after.notes


def test_where_both_parts_hold_a_name_it_is_another_picture(data):
    files = ("a.png", "b.png", "c.png")
    both = Splits(numbered([0, 0, 1], files=files), numbered([0, 0, 1], first=9, files=files))
    edited = Edits(dropped=(("held_out", "a.png"),)).apply(both)
    assert numbers(edited.train) == [0, 1, 2]
    assert numbers(edited.held_out) == [10, 11]


def test_a_file_that_is_gone_is_told_in_a_note():
    data = Splits(numbered([0, 1, 2], files=("a", "b", "c")), numbered([0], files=("d",)))
    edited = Edits(dropped=(("train", "gone.png"),)).apply(data)
    assert edited.train.labels.tolist() == [0, 1, 2]
    assert edited.notes == ("1 change not made, since the pictures are not among these: 'gone.png'",)


@pytest.mark.parametrize("count", [1, 40])
def test_the_code_does_the_same(data, count):
    edits = Edits().relabel([("train", 0)], "key").drop([("train", 3)])
    if count > 1:
        data = Splits(numbered([0, 1, 2] * 30), data.held_out)
        edits = edits.drop([("train", i) for i in range(10, 10 + count)])
    names = {"data": data}
    exec(edits.code(), names)
    edited = edits.apply(data)
    assert torch.equal(names["data"].train.images, edited.train.images)
    assert torch.equal(names["data"].train.labels, edited.train.labels)
    assert max(map(len, edits.code().splitlines())) <= 120
    assert Edits().code() == ""


def test_a_picture_is_called_by_its_file_where_it_has_one():
    assert picture_key(numbered([0, 1]), 1) == 1
    assert picture_key(numbered([0, 1], files=("a.png", "b.png")), 1) == "b.png"
