import sys

import pytest
import torch
from torchvision.transforms.functional import pil_to_tensor

from tests.folder_files import SIZE, insects, picture
from transferlab.data.folder import folder, folder_splits


def test_a_folder_divided_on_the_disk_is_used_as_divided(tree):
    root = tree({**insects("set/train/"), **insects("set/val/", first=10, bees=2), "set/extra/1.png": 0})
    data = folder_splits(root / "set", SIZE)
    assert data.train.counts() == {"ants": 3, "bees": 3}
    assert data.held_out.counts() == {"ants": 3, "bees": 2}
    assert torch.equal(data.held_out.images[0], pil_to_tensor(picture(10)))
    assert data.train.name == data.held_out.name == "set"
    assert data.notes == ("not read: extra/",)


@pytest.mark.parametrize(("train", "held"), [("train", "test"), ("Training", "Validation"), ("TRAIN", "valid")])
def test_other_names_of_the_two_parts(tree, train, held):
    root = tree({**insects(f"set/{train}/"), **insects(f"set/{held}/", first=10)})
    assert len(folder_splits(root / "set", SIZE).held_out) == 6


def test_validation_goes_before_test(tree):
    root = tree({**insects("s/train/"), **insects("s/val/", first=10, ants=2), **insects("s/test/", first=20)})
    data = folder_splits(root / "s", SIZE)
    assert data.held_out.counts()["ants"] == 2
    assert data.notes == ("not read: test/",)


def test_classes_that_happen_to_be_called_train_and_test_are_classes(tree):
    root = tree({"set/train/1.png": 1, "set/train/2.png": 2, "set/test/3.png": 3, "set/test/4.png": 4})
    assert folder(root / "set", SIZE).class_names == ("test", "train")
    assert folder_splits(root / "set", SIZE).train.counts() == {"test": 1, "train": 1}


def test_folder_says_that_a_divided_folder_is_divided(tree):
    root = tree({**insects("set/train/"), **insects("set/val/")})
    with pytest.raises(
        ValueError, match=r"divided already, into train/ and val/. Type folder_splits\('.*set'\) for both"
    ):
        folder(root / "set")


def test_a_folder_with_training_images_alone_is_split(tree):
    root = tree(insects("set/train/", ants=10, bees=10))
    data = folder_splits(root / "set", SIZE, held_out=0.3)
    assert data.held_out.counts() == {"ants": 3, "bees": 3}
    assert data.train.name == "set"


def test_an_undivided_folder_is_split_by_seed(tree):
    root = tree(insects("set/", ants=10, bees=5))
    first, again, other = (folder_splits(root / "set", SIZE, seed=seed) for seed in (0, 0, 1))
    assert first.held_out.counts() == {"ants": 2, "bees": 1}
    assert first.held_out.files == again.held_out.files != other.held_out.files
    assert set(first.train.files).isdisjoint(first.held_out.files)
    assert first.notes == ()


def test_pictures_on_both_sides_are_noted(tree):
    root = tree({**insects("set/train/"), **insects("set/val/", first=10), "set/val/bees/x.bmp": 51})
    (note,) = folder_splits(root / "set", SIZE).notes
    assert note.startswith("1 of 7 held-out images is in training too")
    assert note.endswith("bees/1.png = bees/x.bmp")


def test_copies_that_a_split_pulls_apart_are_noted(tree):
    root = tree({f"set/{name}/{i}.png": seed for seed, name in enumerate(("ants", "bees")) for i in range(4)})
    notes = folder_splits(root / "set", SIZE).notes
    assert notes[0].startswith("6 exact copies of other images")
    assert notes[1].startswith("2 of 2 held-out images are in training too")


def test_notes_say_which_part_they_are_about(tree):
    root = tree({**insects("set/train/", bees=1), "set/train/ants/x.txt": b"", **insects("set/val/", first=10)})
    assert folder_splits(root / "set", SIZE).notes == (
        "train/: skipped 1: not an image (1)",
        "train/: one image only: 'bees'",
    )


def test_a_class_of_one_image_is_noted_once(tree):
    root = tree(insects("set/", ants=5, bees=1))
    assert folder_splits(root / "set", SIZE).notes == ("One image only, kept for training and not measured: 'bees'.",)


def test_parts_with_other_classes_are_refused(tree):
    root = tree({**insects("set/train/"), "set/train/wasps/1.png": 1, **insects("set/val/"), "set/val/flies/1.png": 1})
    with pytest.raises(ValueError, match=r"only in train/: 'wasps'; only in val/: 'flies'. Rename the folders"):
        folder_splits(root / "set", SIZE)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS stores every name in one form")
def test_parts_packed_on_different_systems_have_the_same_classes(tree):
    root = tree({"set/train/e\u0301/1.png": 1, "set/train/f/2.png": 2, "set/val/\u00e9/3.png": 3, "set/val/f/4.png": 4})
    data = folder_splits(root / "set", SIZE)
    assert data.train.class_names == data.held_out.class_names == ("f", "\u00e9")
    assert torch.equal(data.train.images[1], pil_to_tensor(picture(1)))
