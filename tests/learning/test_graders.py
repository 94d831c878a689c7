"""The two worked examples for teachers: nbgrader's and otter's, each from the source to the points of five students.

Both graders bring extensions into JupyterLab, and so want an environment of their own: `pip install ".[grading]"`.
`$TRANSFERLAB_GRADERS` names its Python; else the one that runs the tests is asked. `pytest -m slow` runs the examples,
and fails where a grader is missing; by default the sources alone are read.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

import transferlab
from tests.learning.graded import FOLDER, FROZEN, SHARE, SUBMITTED, hand_in

PYTHON = os.environ.get("TRANSFERLAB_GRADERS", sys.executable)
SOLVED = [line for answer in (FROZEN, SHARE) for line in answer.splitlines()]


def call(folder, *command):
    """A command of the graders' environment, in a folder."""
    paths = [str(Path(transferlab.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    templates = Path(sys.prefix) / "share" / "jupyter"  # where the graders' environment borrows nbconvert from this one
    commands = os.pathsep.join([str(Path(PYTHON).parent), os.environ["PATH"]])  # nbgrader calls alembic by its name
    own = {"PYTHONPATH": os.pathsep.join(paths), "JUPYTER_PATH": str(templates), "OMP_NUM_THREADS": "1",
           "PATH": commands}  # fmt: skip
    done = subprocess.run([PYTHON, "-m", *command], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, **own})  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture
def example(request, tmp_path):
    """The example's folder, copied; fails where its grader is not installed."""
    name = request.param
    asked = f"import sys, importlib.util; sys.exit(importlib.util.find_spec({name!r}) is None)"
    if subprocess.run([PYTHON, "-c", asked]).returncode:
        pytest.fail(f'{name} is not there for {PYTHON}: pip install ".[grading]", or set TRANSFERLAB_GRADERS.')
    shutil.copytree(FOLDER / name, tmp_path / name)
    return tmp_path / name


def notebook(path, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    jupytext.write(jupytext.read(path), to)
    return to


def assert_nothing_is_given_away(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    text = json.dumps(book)
    assert "SOLUTION" not in text
    assert not [line for line in SOLVED if json.dumps(line)[1:-1] in text]


@pytest.mark.slow
@pytest.mark.parametrize("example", ["nbgrader"], indirect=True)
def test_nbgrader_gives_each_student_the_points_that_a_hand_would_give(example):
    notebook(example / "lesson_02.py", example / "source" / "lesson_02" / "lesson_02.ipynb")
    call(example, "nbgrader", "generate_assignment", "lesson_02")
    release = example / "release" / "lesson_02"
    assert [path.name for path in release.iterdir()] == ["lesson_02.ipynb"], "students get more than the notebook"
    assert_nothing_is_given_away(release / "lesson_02.ipynb")
    for who in SUBMITTED:
        hand_in(release / "lesson_02.ipynb", who, example / "submitted" / who / "lesson_02" / "lesson_02.ipynb")
    call(example, "nbgrader", "autograde", "lesson_02")
    call(example, "nbgrader", "generate_feedback", "lesson_02")
    call(example, "nbgrader", "export")
    with (example / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {who: sum(points) for who, (_, points) in SUBMITTED.items()}
    for who, (_, points) in SUBMITTED.items():
        book = nbformat.read(example / "autograded" / who / "lesson_02" / "lesson_02.ipynb", as_version=4)
        failed = {
            cell.metadata.nbgrader.grade_id: any(one.output_type == "error" for one in cell.outputs)
            for cell in book.cells if cell.metadata.get("nbgrader", {}).get("grade")
        }  # fmt: skip
        assert failed == {"frozen_ok": points[0] == 0, "share_ok": points[1] == 0}, who
    feedback = (example / "feedback" / "gradients" / "lesson_02" / "lesson_02.html").read_text()
    assert "but its BatchNorm would still move" in feedback, "the student reads why"


@pytest.mark.slow
@pytest.mark.parametrize("example", ["otter"], indirect=True)
def test_otter_gives_each_student_the_points_that_a_hand_would_give(example, monkeypatch):
    monkeypatch.setenv("TRANSFERLAB_PROGRESS", os.devnull)
    notebook(example / "lesson_02.py", example / "lesson_02.ipynb")
    call(example, "otter", "assign", "lesson_02.ipynb", "dist")
    release = example / "dist" / "student" / "lesson_02.ipynb"
    assert_nothing_is_given_away(release)
    autograder = next((example / "dist" / "autograder").glob("*.zip"))
    for who, (_, points) in SUBMITTED.items():
        mine = hand_in(release, who, example / "submitted" / f"{who}.ipynb")
        call(example, "otter", "run", str(mine), "-a", str(autograder), "-o", str(mine.parent), "--no-logo")
        tests = {one["name"]: one for one in json.loads((mine.parent / "results.json").read_text())["tests"]}
        assert (tests["frozen"]["score"], tests["share"]["score"]) == points, who
        if who == "gradients":
            assert "but its BatchNorm would still move" in tests["frozen"]["output"], "the student reads why"


def test_nbgraders_source_has_what_nbgrader_asks_of_cells():
    """The schema, version 3: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html"""
    book = jupytext.read(FOLDER / "nbgrader" / "lesson_02.py")
    nbformat.validate(book)
    about = [(cell, cell.metadata["nbgrader"]) for cell in book.cells if "nbgrader" in cell.metadata]
    assert [one["grade_id"] for _, one in about] == ["setup", "frozen", "frozen_ok", "share", "share_ok"]
    for cell, one in about:
        assert one["schema_version"] == 3
        assert {type(one[key]) for key in ("grade", "solution", "locked", "task")} == {bool}
        assert one["locked"] == (not one["solution"]), "students fill in solutions, and nothing else"
        assert ("points" in one) == one["grade"], "points for tests, and for nothing else"
        assert ("# BEGIN SOLUTION" in cell.source) == one["solution"]
        assert ("assert_ok()" in cell.source) == one["grade"]
    assert {one["grade_id"]: one["points"] for _, one in about if one["grade"]} == {"frozen_ok": 2, "share_ok": 1}


def test_otters_source_asks_the_same_of_students_for_the_same_points():
    other = jupytext.read(FOLDER / "nbgrader" / "lesson_02.py")
    book = jupytext.read(FOLDER / "otter" / "lesson_02.py")
    code = [[cell.source for cell in one.cells if cell.cell_type == "code"] for one in (book, other)]
    assert code[0] == code[1]
    raw = [cell.source for cell in book.cells if cell.cell_type == "raw"]
    asked = [one.splitlines()[1:] for one in raw if one.startswith("# BEGIN QUESTION")]
    assert asked == [["name: frozen", "points: 2"], ["name: share", "points: 1"]]
    opened = [one.split()[2] for one in raw if one.startswith("# BEGIN")]
    closed = [one.split()[2] for one in raw if one.startswith("# END")]
    assert sorted(opened) == sorted(closed) == sorted(["QUESTION", "SOLUTION", "TESTS"] * 2)
