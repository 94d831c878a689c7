import json

import pytest

from transferlab.learning import Progress, lesson
from transferlab.learning.progress import progress_folder


def test_it_survives_a_restart_and_correct_stays_correct(tmp_path):
    first = Progress("02", tmp_path)
    first.note_attempt("head", "incorrect")
    first.note_attempt("head", "correct")
    first.note_attempt("head", "incorrect")
    again = Progress("02", tmp_path)
    assert again.exercises["head"]["outcome"] == "correct"
    assert again.exercises["head"]["attempts"] == 3
    assert again.num_correct == 1
    again.note_attempt("tail", "not attempted")
    assert again.exercises["tail"]["attempts"] == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"exercises": 3}', '{"exercises": {"a": 1}}', "\x00"])
def test_a_broken_file_is_begun_anew(tmp_path, content):
    (tmp_path / "02.json").write_text(content)
    assert Progress("02", tmp_path).exercises == {}


def test_a_read_only_home_stops_no_lesson(tmp_path):
    (tmp_path / "file").write_text("")
    progress = Progress("02", tmp_path / "file")  # no folder can be made there
    progress.note_attempt("head", "correct")
    assert progress.num_correct == 1


def test_export_is_json_for_a_teacher(tmp_path):
    progress = Progress("02", tmp_path)
    progress.note_attempt("head", "correct")
    values = json.loads(progress.export(tmp_path / "out.json").read_text())
    assert values["lesson"] == "02"
    assert values["exercises"]["head"]["attempts"] == 1


def test_where_it_lies_can_be_said(monkeypatch, tmp_path):
    monkeypatch.setenv("TRANSFERLAB_PROGRESS", str(tmp_path))
    assert progress_folder() == tmp_path


def test_a_guess_stays_and_is_compared(tmp_path, capsys):
    here = lesson("02_feature_extraction", tmp_path)
    here.compare("accuracy", 0.9)
    here.predict("accuracy", ...)
    here.predict("accuracy", 0.5)
    here.predict("accuracy", 0.9)
    here.compare("accuracy", 0.875)
    said = capsys.readouterr().out
    assert "You made no guess" in said
    assert "in place of the three dots" in said
    assert "You expected 0.5 for accuracy; that stays." in said
    assert "it came out as 0.875, 0.375 away" in said
    assert lesson("02_feature_extraction", tmp_path).progress.exercises["accuracy"]["guess"] == 0.5
    with pytest.raises(ValueError, match="A guess is a number or a word"):
        here.predict("other", [1])


def test_what_is_done_is_listed(tmp_path):
    here = lesson("02_feature_extraction", tmp_path)
    here.progress.note_attempt("frozen", "correct")
    assert str(here).splitlines()[:2] == ["02_feature_extraction: 1 of 3 exercises done", "✓ frozen (1 try)"]


def test_unknown_lessons_and_exercises_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean '02_feature_extraction'"):
        lesson("02_feature_extracton")
    with pytest.raises(ValueError, match="exercise"):
        lesson("02_feature_extraction").exercise("no")
    with pytest.raises(ValueError, match="lesson"):
        lesson("intro")
