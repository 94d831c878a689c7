import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from transferlab.audit.attributes import read_attributes, with_groups
from transferlab.data.images import ImageSet


@pytest.fixture
def images():
    pixels = torch.zeros(4, 3, 2, 2, dtype=torch.uint8)
    files = ("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg")
    return ImageSet(pixels, torch.tensor([0, 0, 1, 1]), ("a", "b"), files=files)


def test_a_dict_in_the_order_of_the_images(images):
    found = read_attributes({"light": ["night", "day", "day", " night "]}, images)
    assert found["light"].values == ("day", "night")
    assert found["light"].codes.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("cells", [np.array([True, False, True, True]), torch.tensor([1, 0, 1, 1]), [1.5, 0, 1.5, 1.5]])
def test_columns_of_any_kind(images, cells):
    assert read_attributes({"flag": cells}, images)["flag"].codes.tolist() == [1, 0, 1, 1]


def test_a_csv_is_matched_by_file_names(images, tmp_path):
    path = tmp_path / "faces.csv"
    path.write_text("file,light,id\nb/2.jpg,day,1\nb/1.jpg,day,2\na/2.jpg,night,3\na/1.jpg,day,4\n")
    for given in (path, str(path)):
        assert read_attributes(given, images, ["light"])["light"].codes.tolist() == [0, 1, 0, 0]
    path.write_text("name,light\nb/2.jpg,day\n")
    with pytest.raises(ValueError, match=r"faces\.csv has no column of file names; its columns are 'name', 'light'"):
        read_attributes(path, images)


def test_a_data_frame(images):
    pandas = pytest.importorskip("pandas", reason="pandas is the user's own; without it there are no frames to read")
    frame = pandas.DataFrame({"light": ["day", "night", None, "day"], "age": [1.0, 2.0, float("nan"), 2.0]})
    with pytest.raises(ValueError, match=r"'light' has no value for 1 of 4 images \('b/1\.jpg'\)"):
        read_attributes(frame, images, ["light"])
    found = read_attributes(frame, images, missing="leave out")
    assert found["light"].codes.tolist() == [0, 1, -1, 0]
    assert found["age"].codes.tolist() == [0, 1, -1, 1]
    by_file = pandas.DataFrame({"file": list(reversed(images.files)), "light": ["day", "day", "night", pandas.NA]})
    assert read_attributes(by_file, images, missing="leave out")["light"].codes.tolist() == [-1, 1, 0, 0]


def test_reading_a_table_does_not_need_pandas(images, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)  # an import of it would fail
    assert read_attributes({"light": ["day", "night", "day", "day"]}, images)["light"].codes.tolist() == [0, 1, 0, 0]


def test_the_sets_own_groups(images):
    with pytest.raises(ValueError, match=r"These images have no groups\. Give a table"):
        read_attributes(None, images)
    grouped = with_groups(images, {"light": ["day", "night", "day", "day"]})
    assert grouped.group_names == ("day", "night")
    assert read_attributes(None, grouped)["group"].codes.tolist() == [0, 1, 0, 0]


def test_intersections(images):
    table = {"light": ["day", "day", "night", "night"], "age": ["old", "young", "old", "old"]}
    crossed = read_attributes(table, images).crossed()
    assert crossed.name == "light × age"
    assert crossed.values == ("day × old", "day × young", "night × old")
    assert crossed.codes.tolist() == [0, 1, 2, 2]
    lacking = read_attributes({**table, "age": ["old", None, "old", "young"]}, images, missing="leave out").crossed()
    assert lacking.codes.tolist() == [0, -1, 1, 2]
    with pytest.raises(ValueError, match="two attributes or more"):
        read_attributes(table, images, ["age"]).crossed()


def test_columns_that_are_no_groups_are_passed_over_unless_asked_for(images):
    table = {"light": ["day", "night", "day", "day"], "all": ["x"] * 4}
    found = read_attributes(table, images)
    assert found.names == ("light",)
    assert found.notes[0].startswith("passed over: 'all' has one value, 'x'")
    with pytest.raises(ValueError, match="'all' has one value, 'x', for all these images: there is nothing to compare"):
        read_attributes(table, images, ["all"])
    with pytest.raises(ValueError, match="'all' has one value"):
        read_attributes({"all": ["x"] * 4}, images)


def test_numbers_and_names_are_no_groups():
    many = ImageSet(torch.zeros(60, 3, 2, 2, dtype=torch.uint8), torch.zeros(60, dtype=torch.int64), ("a",))
    with pytest.raises(ValueError, match="'age' has 60 different values; groups are at most 50"):
        read_attributes({"age": list(range(60))}, many)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, "you gave an empty dict"),
        ({"light": "day"}, "one value for each image, in a list"),
        ({"light": ["day", "night"]}, "'light' has 2 values for 4 images"),
        ({"light": ["day", "night", "", None]}, "'light' has no value for 2 of 4 images"),
        ({"light": ["x" * 300, "y", "y", "y"]}, "more than 200 letters"),
        ({"file": ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"]}, "no column besides the file names"),
        (7, "attributes is a table"),
        (Path("missing.csv"), "No file missing.csv"),
    ],
)
def test_bad_tables(images, table, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_attributes(table, images)


def test_bad_choices(images):
    table = {"light": ["day", "night", "day", "day"], "age": ["old", "old", "old", "young"]}
    with pytest.raises(ValueError, match=r"No column 'ligth'.*Did you mean 'light'"):
        read_attributes(table, images, ["ligth"])
    with pytest.raises(ValueError, match=r"columns is a list of names, such as \['light'\]"):
        read_attributes(table, images, "light")
    with pytest.raises(ValueError, match="Did you mean 'leave out'"):
        read_attributes(table, images, missing="leave")
    with pytest.raises(ValueError, match="Which attribute"):
        with_groups(images, table)
    with pytest.raises(ValueError, match="No attribute 'sex'"):
        _ = read_attributes(table, images)["sex"]
