import errno
import os

import pytest

from transferlab.files import write_atomically


def test_the_file_is_there_whole(tmp_path):
    path = write_atomically(tmp_path / "new" / "run.json", lambda partial: partial.write_text("{}"))
    assert path.read_text() == "{}"
    assert os.listdir(path.parent) == ["run.json"]


def test_a_full_disk_leaves_the_earlier_file_and_no_rest(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("earlier")

    def fill_the_disk(partial):
        partial.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device.*unchanged"):
        write_atomically(path, fill_the_disk)
    assert path.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["run.json"]


def test_an_error_of_the_writer_leaves_no_rest(tmp_path):
    def fail(partial):
        partial.write_text("half")
        raise KeyError("x")

    with pytest.raises(KeyError):
        write_atomically(tmp_path / "run.json", fail)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match=r"Could not write .*Choose another place"):
        write_atomically(tmp_path / "file" / "run.json", lambda partial: partial.write_text("{}"))


def test_the_file_is_as_readable_as_any_other(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    path = write_atomically(tmp_path / "run.json", lambda partial: partial.write_text("{}"))
    assert path.stat().st_mode == plain.stat().st_mode
