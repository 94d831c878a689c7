import nbformat
import pytest
from nbclient import NotebookClient

from tests.lessons.sources import FOLDER, NAMES, source
from transferlab.cli import main
from transferlab.learning import lesson
from transferlab.learning.notebooks import copy_lessons
from transferlab.learning.teacher_copy import BEGIN, END, notes_of

lessons = pytest.mark.parametrize("name", NAMES)
# Lines of solutions that a lesson says itself, on purpose: the museum's broken exhibit, and how a model is made.
GIVEN = {
    "03_fine_tuning": {"model, memory = fresh()"},
    "10_bug_museum": {
        "tl.freeze(model)", 'tl.unfreeze(model, "layer4")', "return optimizer",
        "optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)",
        'model = tl.load("bundled", num_classes=8)',
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Students' copies and a teacher's, in one folder."""
    folder = tmp_path_factory.mktemp("course")
    copy_lessons(folder)
    copy_lessons(folder, teacher=True)
    return folder


def cells_of(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    return book.cells


@lessons
def test_a_students_copy_holds_no_line_of_a_solution_that_the_lesson_does_not_say_itself(course, name):
    said = {line.strip() for cell in cells_of(course / f"{name}.ipynb") for line in cell.source.splitlines()}
    solved = {line.strip() for one in lesson(name)._exercises.values() for line in one.solution_code.splitlines()}
    assert solved & said - {"", ")", "}", "]"} == GIVEN.get(name, set())


@lessons
def test_a_teachers_copy_is_the_same_notebook_with_solutions_and_notes(course, name):
    mine, theirs = cells_of(course / f"{name}_teacher.ipynb"), cells_of(course / f"{name}.ipynb")
    notes = mine.pop(1)
    assert notes.metadata.tags == ["instructor"]
    assert "*Timing.*" in notes.source
    assert notes_of(name, (FOLDER / "instructor" / "guide.md").read_text()) in notes.source
    here = lesson(name)
    for one, other, cell in zip(mine, theirs, source(name).cells, strict=True):
        if cell.exercise:
            assert one.source == f"{BEGIN}\n{here.exercise(cell.exercise).solution_code}\n{END}"
        else:
            assert one == other


def test_a_teachers_copy_runs_and_every_exercise_is_correct(course, tmp_path, monkeypatch):
    name = "02_feature_extraction"
    monkeypatch.setenv("TRANSFERLAB_PROGRESS", str(tmp_path / "progress"))
    book = nbformat.read(course / f"{name}_teacher.ipynb", as_version=4)
    for cell in book.cells:
        cell.source = source(name).with_small_settings(cell.source)
    NotebookClient(book, timeout=300, kernel_name="python3").execute(cwd=str(tmp_path))
    assert lesson(name, tmp_path / "progress").progress.num_correct == len(lesson(name).names) == 3


def test_neither_kind_is_written_over_and_neither_takes_the_others_place(tmp_path):
    copy_lessons(tmp_path)
    mine = tmp_path / "02_feature_extraction.ipynb"
    mine.write_text("a student's work")
    assert len(copy_lessons(tmp_path, teacher=True).written) == 14
    teachers = tmp_path / "02_feature_extraction_teacher.ipynb"
    teachers.write_text("a teacher's remarks")
    again = copy_lessons(tmp_path, teacher=True)
    assert again.written == ()
    assert "02_feature_extraction_teacher.ipynb" in str(again)
    assert mine.read_text() == "a student's work"
    assert teachers.read_text() == "a teacher's remarks"


def test_the_command(tmp_path, capsys):
    assert main(["lessons", "copy", str(tmp_path), "--teacher"]) == 0
    assert "00_first_transfer_teacher.ipynb" in capsys.readouterr().out


def test_notes_end_where_the_next_lesson_or_part_begins():
    guide = "# For teachers\n\n### 00 · One\n*Timing.* 2\nmore\n\n### 01 · Two\nnext\n\n## One day\n| |\n"
    assert notes_of("00_first_transfer", guide) == "*Timing.* 2\nmore"
    assert notes_of("01_lower_layers", guide) == "next"
    with pytest.raises(ValueError, match="says nothing of lesson '02_feature_extraction'"):
        notes_of("02_feature_extraction", guide)
