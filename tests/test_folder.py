import os
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms.functional import pil_to_tensor

from tests.folder_files import SIZE, insects, picture
from tests.test_decode import png_header, saved
from tests.test_store import no_file_above
from transferlab.data import listing, store
from transferlab.data.folder import folder, folder_splits

links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


def test_images_labels_and_classes_are_those_of_torchvisions_image_folder(tree):
    root = tree({**insects("set/"), "set/bees/deep/1.png": 99})
    data, theirs = folder(root / "set", SIZE), ImageFolder(root / "set")
    assert list(data.class_names) == theirs.classes
    assert data.labels.tolist() == theirs.targets
    assert torch.equal(data.images, torch.stack([pil_to_tensor(image) for image, _ in theirs]))
    assert data.files[-1] == "bees/deep/1.png"
    assert data.name == data.report.path.rsplit("/", 1)[-1] == "set"
    assert (data.report.storage, data.report.file) == ("memory", None)
    assert str(data.report).endswith("set: 7 images of 2 classes, in memory")


def test_pictures_of_every_kind_stand_beside_each_other(tree):
    grey16 = Image.fromarray(np.full((SIZE, SIZE), 65535, dtype=np.uint16))
    root = tree(
        {
            **insects("set/", ants=1, bees=1),
            "set/ants/cmyk.jpg": saved(Image.new("CMYK", (20, 10)), "JPEG"),
            "set/ants/float.tif": saved(Image.new("F", (9, 9), 0.5), "TIFF"),
            "set/ants/grey.jpg": saved(Image.new("L", (10, 20), 7), "JPEG"),
            "set/ants/palette.gif": saved(Image.new("P", (9, 9)), "GIF"),
            "set/ants/rgba.png": saved(Image.new("RGBA", (9, 9))),
            "set/ants/sixteen.png": saved(grey16),
            "set/ants/wrong.png": saved(Image.new("RGB", (9, 9), "red"), "JPEG"),
        }
    )
    data = folder(root / "set", SIZE)
    middle = {name: image[:, 4, 4].tolist() for name, image in zip(data.files, data.images, strict=True)}
    assert middle["ants/cmyk.jpg"] == [255, 255, 255]
    assert middle["ants/float.tif"] == [128, 128, 128]
    assert middle["ants/grey.jpg"] == [7, 7, 7]
    assert middle["ants/palette.gif"] == [0, 0, 0]
    assert middle["ants/rgba.png"] == middle["ants/sixteen.png"] == [255, 255, 255]
    assert middle["ants/wrong.png"][0] > 250
    assert middle["ants/wrong.png"][2] < 5
    assert data.report.skipped == ()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_is_skipped_and_reported(tree):
    whole = saved(picture(0).resize((64, 64)))
    root = tree(
        {
            **insects("set/", ants=1, bees=1),
            "set/ants/a_bomb.png": png_header(60_000, 60_000),
            "set/ants/an_empty.jpg": b"",
            "set/ants/half.png": whole[: len(whole) // 2],
            "set/ants/notes.txt": b"hello",
            "set/ants/page.jpg": b"<html>not found</html>",
            "set/.DS_Store": b"x",
            "set/labels.csv": b"x",
        }
    )
    report = folder(root / "set", SIZE).report
    reasons = {entry.file: entry.reason for entry in report.skipped}
    assert list(reasons) == sorted(reasons)
    assert reasons.pop("ants/half.png").startswith("cut short")
    assert reasons.pop("ants/a_bomb.png").startswith("too many pixels")
    assert reasons == {
        "ants/an_empty.jpg": "empty file",
        "ants/notes.txt": "not an image (.txt)",
        "ants/page.jpg": "a web page under an image's name",
        "labels.csv": "not inside a class folder",
    }
    assert "ants/page.jpg: a web page" in str(report)


def test_copies_and_classes_of_one_image_are_reported(tree):
    root = tree({**insects("set/", ants=3, bees=1), "set/ants/copy.bmp": 1, "set/bees/0.png": 2})
    report = folder(root / "set", SIZE).report
    assert report.single_image_classes == ("bees",)
    assert report.duplicates == (("ants/1.png", "ants/copy.bmp"), ("ants/2.png", "bees/0.png"))
    assert report.conflicts == (("ants/2.png", "bees/0.png"),)


def test_a_folder_above_the_budget_lies_in_a_file_and_is_the_same(tree, tmp_path):
    root = tree({**insects("set/"), "set/bees/bad.png": b""})
    cache = tmp_path / "cache"
    small, large = folder(root / "set", SIZE), folder(root / "set", SIZE, memory_budget=100, cache=cache)
    assert torch.equal(large.images, small.images)
    assert (large.labels.tolist(), large.files) == (small.labels.tolist(), small.files)
    assert (large.report.skipped, large.report.fingerprints) == (small.report.skipped, small.report.fingerprints)
    assert large.report.storage == "memmap"
    assert large.report.file.parent.parent == cache
    assert repr(large) == "ImageSet('set', 6 images of 8×8, 2 classes: ants 3, bees 3, in a memmap)"


def test_parts_of_a_large_folder_keep_to_the_budget(tree, tmp_path):
    root = tree(insects("set/", ants=12, bees=12))
    one = 3 * SIZE * SIZE
    large = folder(root / "set", SIZE, memory_budget=8 * one, cache=tmp_path / "cache")
    small = folder(root / "set", SIZE)
    of_large, of_small = large.split(0.25), small.split(0.25)
    assert torch.equal(of_large.train.images, of_small.train.images)
    assert torch.equal(of_large.held_out.images, of_small.held_out.images)
    assert store.is_mapped(of_large.train.images)
    assert not store.is_mapped(of_large.held_out.images)
    assert not store.is_mapped(large.per_class(2).images)


def test_a_network_trains_on_a_folder_in_a_file(tree, tmp_path):
    from transferlab.backbones.small_resnet import SmallResNet
    from transferlab.recipes import from_scratch
    from transferlab.training import train

    root = tree(insects("set/", ants=6, bees=6))
    runs = []
    for options in ({}, {"memory_budget": 0, "cache": tmp_path / "cache"}):
        torch.manual_seed(0)
        data = folder_splits(root / "set", 32, **options)
        runs.append(train(SmallResNet(2, width=8), data, from_scratch(epochs=1), progress=False))
    assert runs[0] == runs[1]


def test_a_full_disk_and_a_cache_that_cannot_be_written(tree, tmp_path):
    root = tree(insects("set/"))
    cache = tmp_path / "cache"
    with no_file_above(600), pytest.raises(OSError, match="Give cache= a folder with more room, or a smaller size="):
        folder(root / "set", SIZE, memory_budget=0, cache=cache)
    assert [file for file in cache.rglob("*") if file.is_file()] == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Give cache= another folder"):
        folder(root / "set", SIZE, memory_budget=0, cache=tmp_path / "file" / "cache")


@links
def test_links_to_pictures_and_classes_are_followed(tree):
    root = tree({**insects("real/"), "set/": 0})
    (root / "set" / "ants").symlink_to(root / "real" / "ants")
    (root / "set" / "bees").mkdir()
    (root / "set" / "bees" / "1.png").symlink_to(root / "real" / "bees" / "1.png")
    data = folder(root / "set", SIZE)
    assert data.counts() == {"ants": 3, "bees": 1}


def test_names_of_any_script(tree):
    root = tree({"набор/蚂蚁/图 1.png": 1, "набор/été/é.png": 2})
    data = folder(root / "набор", SIZE)
    assert (data.name, set(data.class_names)) == ("набор", {"蚂蚁", "été"})


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS stores every name in one form")
def test_one_name_in_two_spellings_of_its_accent(tree):
    root = tree({"set/\u00e9/1.png": 1, "set/e\u0301/1.png": 2})
    with pytest.raises(ValueError, match=r"differ only in how an accent is stored: 'é'. Rename"):
        folder(root / "set", SIZE)


def test_a_folder_that_is_none(tree):
    root = tree({**insects("insects/"), "pictures.zip": b"PK"})
    with pytest.raises(ValueError, match=r"No folder '.*insect' \(looked from .*\). Did you mean 'insects'\?"):
        folder(root / "insect")
    with pytest.raises(ValueError, match=r"pictures.zip is a file. Unpack it and give the folder"):
        folder(root / "pictures.zip")
    with pytest.raises(ValueError, match="No folder"):
        folder(root / "no" / "such" / "place")


def test_a_folder_without_classes(tree):
    root = tree({"flat/1.png": 1, "flat/2.png": 2, "empty/": 0})
    with pytest.raises(ValueError, match=r"No class folders in '.*flat'. 2 images lie directly in it. Give each class"):
        folder(root / "flat")
    with pytest.raises(ValueError, match=r"No class folders in '.*empty'. It is empty"):
        folder(root / "empty")
    with pytest.raises(ValueError, match="No class folders"):
        folder_splits(root / "flat")


def test_a_folder_of_one_class(tree):
    root = tree({"set/ants/1.png": 1, **insects("outer/inner/")})
    with pytest.raises(ValueError, match=r"Only one class, 'ants', in '.*set': a task needs at least two"):
        folder(root / "set")
    with pytest.raises(ValueError, match=r"Did you mean '.*outer/inner', with 'ants', 'bees' in it"):
        folder(root / "outer")


def test_a_class_without_a_readable_image_is_named_with_the_reason(tree):
    root = tree({**insects("set/"), "set/flies/": 0, "set/wasps/1.png": b"", "set/wasps/2.txt": b"x"})
    expected = (
        r"No readable image in class folders 'flies' \[empty\], "
        r"'wasps' \[not an image \(.txt\) \(1\), empty file \(1\)\] of '.*set'. Add images"
    )
    for budget in (None, 0):
        with pytest.raises(ValueError, match=expected):
            folder(root / "set", SIZE, memory_budget=budget, cache=root / "cache")


def test_folders_that_may_not_be_opened(tree, monkeypatch):
    root = tree({**insects("set/"), "set/flies/1.png": 1, "locked/": 0})
    listdir, scandir = os.listdir, os.scandir  # root may open anything, and tests may run as root

    def refusing(function):
        def refuse(path):
            if str(path).endswith(("flies", "locked")):
                raise PermissionError(13, "Permission denied")
            return function(path)

        return refuse

    monkeypatch.setattr(listing.os, "listdir", refusing(listdir))
    monkeypatch.setattr(listing.os, "scandir", refusing(scandir))
    with pytest.raises(ValueError, match=r"No permission to open the folder '.*locked'"):
        folder(root / "locked")
    with pytest.raises(ValueError, match=r"'flies' \[no permission to open this folder \(1\)\]"):
        folder(root / "set", SIZE)


@pytest.mark.parametrize("size", [0, "64", 5000])
def test_a_size_that_is_none(tree, size):
    with pytest.raises(ValueError, match="size is the side of the images in pixels"):
        folder(tree(insects()), size)
