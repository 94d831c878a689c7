import pytest
import torch

from transferlab.data.images import ImageSet, Splits
from transferlab.lab.data.data_pages import open_page, taking_turns
from transferlab.lab.data.edits import Edits


@pytest.fixture
def data():
    labels = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)
    whole = ImageSet(torch.zeros(10, 3, 4, 4, dtype=torch.uint8), labels, ("cup", "key", "pear"))
    return Splits(whole, whole)


def page(data, edits=Edits(), part="train", **more):  # noqa: B008, it is frozen
    return open_page(data, edits.outcome(data), part, **more)


def test_classes_take_turns(data):
    assert taking_turns(data.train.labels).tolist() == [0, 5, 8, 1, 6, 9, 2, 7, 3, 4]
    assert taking_turns(torch.tensor([2, 0, 2, 0])).tolist() == [1, 0, 3, 2]
    assert [tile.label for tile in page(data).tiles[:4]] == ["cup", "key", "pear", "cup"]


def test_the_pages_hold_every_picture_once(data):
    pages = [page(data, number=i, per_page=4) for i in range(3)]
    assert [one.pages for one in pages] == [3, 3, 3]
    assert [len(one.tiles) for one in pages] == [4, 4, 2]
    assert sorted(tile.key for one in pages for tile in one.tiles) == list(range(10))
    assert page(data, number=9, per_page=4).number == 2
    assert page(data, number=-3, per_page=4).number == 0


def test_edited_pictures_stand_where_they_belong_now_and_tell_where_they_came_from(data):
    edits = Edits().relabel([("train", 0)], "pear").drop([("train", 8)])
    pears = page(data, edits, label="pear")
    assert [(tile.key, tile.label, tile.was) for tile in pears.tiles] == [(0, "pear", "cup"), (9, "pear", "pear")]
    assert pears.rows.tolist() == [0, 9]
    assert page(data, edits).count == 9
    assert page(data, edits, "held_out").count == 10


def test_pictures_from_files_are_called_by_their_file(data):
    files = tuple(f"{i}.png" for i in range(10))
    named = Splits(ImageSet(data.train.images, data.train.labels, data.train.class_names, files=files), data.held_out)
    assert [tile.key for tile in page(named, label="key").tiles] == ["5.png", "6.png", "7.png"]


def test_a_class_without_pictures_is_an_empty_page(data):
    empty = page(data, Edits().drop([("held_out", 8), ("held_out", 9)]), "held_out", label="pear")
    assert (empty.tiles, empty.pages, empty.count) == ((), 1, 0)


def test_what_is_not_there_is_refused(data):
    with pytest.raises(ValueError, match="No part 'test'"):
        page(data, part="test")
    with pytest.raises(ValueError, match="Did you mean 'pear'"):
        page(data, label="peer")
