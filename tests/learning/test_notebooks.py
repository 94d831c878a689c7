import json

import pytest

from transferlab.cli import main
from transferlab.learning.notebooks import copy_lessons, lesson_files, lesson_titles


def test_a_copy_has_every_lesson_and_no_solution(tmp_path):
    copied = copy_lessons(tmp_path / "course")
    assert len(copied.written) == len(lesson_files()) == 14
    for path in (tmp_path / "course").iterdir():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        exercises = [cell for cell in cells if "exercise" in cell["metadata"].get("tags", [])]
        assert exercises
        assert all("..." in "".join(cell["source"]) for cell in exercises)


def test_work_that_is_there_is_never_written_over(tmp_path):
    copy_lessons(tmp_path)
    mine = tmp_path / "02_feature_extraction.ipynb"
    mine.write_text("my work")
    (tmp_path / "03_fine_tuning.ipynb").unlink()
    again = copy_lessons(tmp_path)
    assert again.written == ("03_fine_tuning.ipynb",)
    assert mine.read_text() == "my work"
    assert "1 lesson written" in str(again)
    assert "02_feature_extraction.ipynb" in str(again)


def test_titles_are_those_of_the_first_cells():
    assert lesson_titles()["07_when_transfer_fails"] == "When transfer fails"


def test_the_command(tmp_path, capsys):
    assert main(["lessons", "list"]) == 0
    assert "10_bug_museum            The bug museum" in capsys.readouterr().out
    assert main(["lessons", "copy", str(tmp_path / "here")]) == 0
    (tmp_path / "file").write_text("")
    assert main(["lessons", "copy", str(tmp_path / "file")]) == 2
    assert "is a file; lessons go into a folder" in capsys.readouterr().err


def test_a_package_without_lessons_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("transferlab.learning.notebooks.INSTALLED", tmp_path)
    monkeypatch.setattr("transferlab.learning.notebooks.CHECKOUT", tmp_path)
    with pytest.raises(ValueError, match="has no lessons"):
        lesson_files()
