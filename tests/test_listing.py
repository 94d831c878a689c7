import os
import sys
from pathlib import Path

import pytest
from torchvision.datasets.folder import ImageFolder

from transferlab.data import listing as module
from transferlab.data.listing import is_hidden, is_image, list_classes, printable, subfolders

links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


@pytest.fixture
def tree(tmp_path):
    """Makes files, empty ones, since a listing opens none."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir() if name.endswith("/") else path.touch()
        return tmp_path

    return make


def found(listing):
    return [(listing.class_names[one.label], one.name) for one in listing.found]


def skipped(listing):
    return {entry.file: entry.reason for entry in listing.skipped}


def test_classes_and_files_are_those_of_torchvision_in_the_same_order(tree):
    root = tree(
        "b/2.jpg", "b/10.png", "b/deep/er/1.jpg", "b/deep/0.webp", "a/z.JPEG", "a/a.tiff", "Z/1.bmp", "a b/1.ppm"
    )
    listing = list_classes(root)
    theirs = ImageFolder(root)
    assert listing.class_names == theirs.classes == ["Z", "a", "a b", "b"]
    assert [(one.path, one.label) for one in listing.found] == theirs.samples
    assert listing.skipped == []


def test_what_is_passed_over_is_listed_with_its_reason(tree):
    root = tree("a/1.jpg", "a/notes.txt", "a/README", "labels.csv", "stray.jpg", "a/1.jpg.part", "a/.jpg")
    assert skipped(list_classes(root)) == {
        "a/notes.txt": "not an image (.txt)",
        "a/README": "not an image (no extension)",
        "a/1.jpg.part": "not an image (.part)",
        "labels.csv": "not inside a class folder",
        "stray.jpg": "not inside a class folder",
    }


def test_hidden_files_and_folders_are_left_out_without_a_word(tree):
    root = tree(
        "a/1.jpg", "a/.DS_Store", "a/._1.jpg", "a/Thumbs.db", ".git/x.jpg", "__MACOSX/a/1.jpg", "a/.thumbs/1.jpg"
    )
    listing = list_classes(root)
    assert listing.class_names == ["a"]
    assert [one.name for one in listing.found] == ["a/1.jpg"]
    assert listing.skipped == []


def test_an_empty_class_folder_is_a_class(tree):
    listing = list_classes(tree("a/1.jpg", "b/"))
    assert listing.class_names == ["a", "b"]
    assert found(listing) == [("a", "a/1.jpg")]


@links
def test_links_are_followed_but_never_round_in_a_circle(tree):
    root = tree("a/1.jpg", "elsewhere/2.jpg")
    (root / "set").mkdir()
    (root / "set" / "a").symlink_to(root / "a")
    (root / "set" / "b").mkdir()
    (root / "set" / "b" / "1.jpg").symlink_to(root / "a" / "1.jpg")
    (root / "set" / "b" / "more").symlink_to(root / "elsewhere")
    (root / "set" / "b" / "up").symlink_to(root / "set")
    (root / "set" / "b" / "gone.jpg").symlink_to(root / "nowhere")
    listing = list_classes(root / "set")
    assert found(listing) == [("a", "a/1.jpg"), ("b", "b/1.jpg"), ("b", "b/more/2.jpg")]
    assert skipped(listing) == {
        "b/up": "a link to a folder that is read already",
        "b/gone.jpg": "a link that leads nowhere",
    }


@links
def test_two_names_of_one_folder_are_one_class(tree):
    root = tree("a/1.jpg")
    (root / "b").symlink_to(root / "a")
    listing = list_classes(root)
    assert found(listing) == [("a", "a/1.jpg")]
    assert skipped(listing) == {"b": "a link to a folder that is read already"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_pipes_are_no_files(tree):
    root = tree("a/1.jpg")
    os.mkfifo(root / "a" / "2.jpg")
    assert skipped(list_classes(root)) == {"a/2.jpg": "not a file but a pipe or device"}


def test_a_folder_that_may_not_be_opened(tree, monkeypatch):
    root = tree("a/1.jpg", "a/closed/2.jpg", "b/3.jpg")
    listdir = os.listdir

    def refuse(path):  # root may open anything, and tests may run as root
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(module.os, "listdir", refuse)
    listing = list_classes(root)
    assert [one.name for one in listing.found] == ["a/1.jpg", "b/3.jpg"]
    assert skipped(listing) == {"a/closed": "no permission to open this folder"}


@pytest.mark.skipif(sys.platform != "linux", reason="the longest path differs")
def test_a_folder_deeper_than_a_path_may_be_long(tmp_path):
    here = os.getcwd()
    os.chdir(tmp_path)  # a step at a time, since the whole path is longer than the system takes
    try:
        os.mkdir("a")
        Path("a/1.jpg").touch()
        os.chdir("a")
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    listing = list_classes(tmp_path)
    assert found(listing) == [("a", "a/1.jpg")]
    assert "name too long" in next(iter(skipped(listing).values()))


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS stores every name in one form")
def test_accents_are_composed_before_the_classes_are_sorted(tree):
    composed, decomposed = "\u00e9t\u00e9", "e\u0301te\u0301"  # the second one sorts before "f", the first one after
    root = tree(f"train/{decomposed}/1.jpg", "train/f/1.jpg", f"val/{composed}/1.jpg", "val/f/1.jpg")
    for part in ("train", "val"):
        assert found(list_classes(root / part))[0] == ("f", "f/1.jpg")
        assert list_classes(root / part).class_names == ["f", composed]


def test_names_of_any_script_stay_and_what_no_terminal_can_show_is_escaped(tree):
    assert found(list_classes(tree("蚂蚁/图 1.jpg", "пчёлы/🐝.jpg"))) == [
        ("пчёлы", "пчёлы/🐝.jpg"),
        ("蚂蚁", "蚂蚁/图 1.jpg"),
    ]
    assert printable("été") == "été"
    assert printable("a\n\x1b[31mb") == "a\\n\\x1b[31mb"
    assert printable("\udcff.jpg") == "\\udcff.jpg"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text_at_all(tmp_path):
    os.makedirs(os.fsencode(tmp_path) + b"/cl\xff")
    open(os.fsencode(tmp_path) + b"/cl\xff/\xfe\n.jpg", "w").close()
    listing = list_classes(tmp_path)
    assert listing.class_names == ["cl\\udcff"]
    assert [one.name for one in listing.found] == ["cl\\udcff/\\udcfe\\n.jpg"]


def test_subfolders_are_sorted_and_visible(tree):
    assert subfolders(tree("b/", "a/", ".c/", "__pycache__/", "file")) == ["a", "b"]


def test_what_counts_as_an_image_and_as_hidden():
    assert all(map(is_image, ("1.jpg", "1.JPG", "a.b.jpeg", "1.tif")))
    assert not any(map(is_image, ("1.txt", "jpg", ".jpg", "._1.jpg", "1.jpg.gz", "1.heic")))
    assert is_hidden(".ipynb_checkpoints")
    assert not is_hidden("a.jpg")
