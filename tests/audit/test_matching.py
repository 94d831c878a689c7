import pytest
import torch

from transferlab.audit.matching import file_column, rows_by_file
from transferlab.data.images import ImageSet


def image_set(*files):
    count = len(files)
    pixels = torch.zeros(count, 3, 2, 2, dtype=torch.uint8)
    return ImageSet(pixels, torch.zeros(count, dtype=torch.int64), ("a",), files=files)


def test_the_column_of_file_names_is_found_by_its_name():
    assert file_column({"age": [], "File Name": []}) == "File Name"
    assert file_column({"image_id": [], "Path": []}) == "Path"
    assert file_column({"profile": []}) is None


def test_rows_find_their_images_in_any_order_and_spelling():
    images = image_set("a/1.jpg", "b/é.jpg")
    assert rows_by_file(["./b\\e\u0301.jpg", "a/1.jpg"], images) == ([1, 0], ())


def test_bare_names_do_where_they_are_unambiguous():
    assert rows_by_file(["2.jpg", "1.jpg"], image_set("a/1.jpg", "b/2.jpg"))[0] == [1, 0]
    with pytest.raises(ValueError, match=r"'1\.jpg' lies in more than one.*'a/1\.jpg'"):
        rows_by_file(["1.jpg", "2.jpg"], image_set("a/1.jpg", "b/1.jpg"))


def test_an_image_that_was_drawn_twice_has_the_same_row_twice():
    assert rows_by_file(["a/1.jpg", "a/2.jpg"], image_set("a/2.jpg", "a/1.jpg", "a/2.jpg"))[0] == [1, 0, 1]


def test_rows_of_other_images_are_noted():
    rows, notes = rows_by_file(["a/1.jpg", "a/2.jpg", "a/3.jpg"], image_set("a/2.jpg"))
    assert rows == [1]
    assert notes == ("2 rows of the table are about images that are not in this set: 'a/1.jpg', 'a/3.jpg'.",)


def test_names_that_do_not_match():
    images = image_set("ants/1.jpg", "ants/2.jpg")
    with pytest.raises(ValueError, match=r"1 of 2 images have no row.*'ants/2\.jpg'\. Did you mean 'ants/2\.jpeg'"):
        rows_by_file(["ants/1.jpg", "ants/2.jpeg"], images)
    assert rows_by_file(["ants/1.jpg"], images, leave_out=True)[0] == [0, None]
    with pytest.raises(ValueError, match=r"No file of the table is among these images.*'x/1\.jpg'.*'ants/1\.jpg'"):
        rows_by_file(["x/1.jpg"], images, leave_out=True)
    with pytest.raises(ValueError, match="twice in the table, in rows 1 and 3 below the header"):
        rows_by_file(["ants/1.jpg", "ants/2.jpg", "./ants/1.jpg"], images)
    nameless = ImageSet(images.images, images.labels, ("a",))
    with pytest.raises(ValueError, match="these images have no file names"):
        rows_by_file(["ants/1.jpg"], nameless)
