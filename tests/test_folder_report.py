from pathlib import Path

import numpy as np

from transferlab.data.folder_report import FolderReport, across, fingerprint, plural, same_pixels, some
from transferlab.data.listing import Skipped


def test_a_folder_in_order_has_one_line_and_no_notes():
    report = FolderReport("flowers", {"daisy": 40, "rose": 38})
    assert report.notes() == ()
    assert str(report) == "flowers: 78 images of 2 classes, in memory"


def test_the_report_names_what_was_skipped_and_what_is_odd():
    report = FolderReport(
        "flowers",
        {"daisy": 1200, "rose": 1},
        skipped=(Skipped("daisy/7.jpg", "empty file"), Skipped("rose/notes.txt", "not an image (.txt)")),
        duplicates=(("daisy/1.jpg", "daisy/2.jpg", "daisy/3.jpg"), ("daisy/4.jpg", "rose/1.jpg")),
        single_image_classes=("rose",),
        storage="memmap",
        file=Path("/cache/1.npy"),
    )
    assert report.conflicts == (("daisy/4.jpg", "rose/1.jpg"),)
    assert str(report).splitlines() == [
        "flowers: 1,201 images of 2 classes, in a memmap, /cache/1.npy",
        "  skipped 2: empty file (1), not an image (1)",
        "    daisy/7.jpg: empty file",
        "    rose/notes.txt: not an image (.txt)",
        "  one image only: 'rose'",
        "  3 exact copies of other images: daisy/1.jpg = daisy/2.jpg = daisy/3.jpg, daisy/4.jpg = rose/1.jpg",
        "  the same picture under two classes: daisy/4.jpg = rose/1.jpg",
    ]


def test_a_long_list_is_cut_with_its_length():
    skipped = tuple(Skipped(f"a/{i}.txt", "not an image (.txt)") for i in range(25))
    lines = str(FolderReport("x", {"a": 1, "b": 1}, skipped=skipped)).splitlines()
    assert len(lines) == 1 + 1 + 20 + 1
    assert lines[-1] == "    … and 5 more in report.skipped"


def test_fingerprints_are_equal_for_equal_pixels_only():
    image = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    other = image.copy()
    other[2, 3, 3] += 1
    assert fingerprint(image) == fingerprint(image.copy()) != fingerprint(other)
    assert fingerprint(image) == fingerprint(np.asfortranarray(image))


def test_copies_are_grouped_in_the_order_of_the_files():
    files = ("a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg", "b/2.jpg")
    groups = same_pixels(files, ["x", "y", "x", "y", "z"])
    assert groups == (("a/1.jpg", "a/3.jpg"), ("a/2.jpg", "b/1.jpg"))


def test_pictures_on_both_sides_of_a_split_are_counted_and_named():
    train, held = ("a/1.jpg", "a/2.jpg"), ("a/3.jpg", "b/4.jpg", "b/5.jpg")
    prints = {"a/1.jpg": "x", "a/2.jpg": "y", "a/3.jpg": "x", "b/4.jpg": "z", "b/5.jpg": "x"}
    assert across(train, held, prints, prints) == [
        "2 of 3 held-out images are in training too, which flatters the accuracy: a/1.jpg = a/3.jpg, a/1.jpg = b/5.jpg"
    ]
    assert across(train, ("b/4.jpg",), prints, prints) == []


def test_a_long_list_of_pairs_is_cut_with_its_length():
    prints = {f"{i}.jpg": "x" for i in range(9)}
    (note,) = across(("0.jpg",), tuple(f"{i}.jpg" for i in range(1, 9)), prints, prints)
    assert note.startswith("8 of 8 held-out images are")
    assert note.endswith("0.jpg = 5.jpg and 3 more")


def test_words():
    assert some(["ants", "bees"]) == "'ants', 'bees'"
    assert some([str(i) for i in range(12)]).endswith("'9' …")
    assert plural(1, "class", "classes") == "1 class"
    assert plural(1200, "image") == "1,200 images"
    assert plural(2, "image", number=False) == "images"
