"""Every lesson runs whole with the solutions, and every checker tells an untouched, a wrong and a right answer apart.

A lesson runs in this process, cell after cell, with the settings of its small profile. In front of each exercise's
solution the checker is tried on the untouched cell and on the wrong answers of `wrong_answers.py`.
"""

import contextlib
import copy
import io

import matplotlib.pyplot as plt
import pytest
from torch import nn

from tests.lessons.sources import NAMES, source
from tests.lessons.wrong_answers import WRONG
from transferlab.learning import lessons as lessons_module
from transferlab.learning.notebook import Notebook
from transferlab.learning.outcomes import BROKEN, CORRECT, INCORRECT, NOT_ATTEMPTED


def carried_out(code, variables):
    """Run a cell's code; what it prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "<string>", "exec"), variables)
    plt.close("all")
    return said.getvalue()


def judged(here, exercise, code, variables):
    """The outcome of one answer, in a copy of the notebook's variables."""
    own = {name: copy.deepcopy(value) if isinstance(value, nn.Module) else value for name, value in variables.items()}
    exercise.place = Notebook(own)
    carried_out(code, own)
    return exercise.judge()


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_whole_and_its_checkers_know_right_from_wrong(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFERLAB_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    variables = {"__name__": "__main__"}
    found = source(name)
    monkeypatch.setattr(lessons_module, "notebook", lambda: Notebook(variables))
    said = ""
    for cell in found.code:
        if not cell.exercise:
            said = carried_out(found.small(cell), variables)
            if "check" in cell.tags:
                assert "✓" in said, f"the solution is not accepted: {said}"
            continue
        exercise = variables["here"].exercise(cell.exercise)
        place = exercise.place
        untouched = judged(variables["here"], exercise, found.small(cell), variables)
        assert untouched.kind == NOT_ATTEMPTED, f"{cell.exercise}: {untouched}"
        wrong = WRONG[name][cell.exercise]
        assert len(wrong) >= 2, "at least two typical wrong answers"
        for code, words in wrong:
            outcome = judged(variables["here"], exercise, code, variables)
            assert outcome.kind in (INCORRECT, BROKEN), f"{cell.exercise}, {code!r}: {outcome}"
            assert words in outcome.sentence, f"{cell.exercise}, {code!r}: {outcome}"
        right = judged(variables["here"], exercise, exercise.solution_code, variables)
        assert right.kind == CORRECT, f"{cell.exercise}: {right}"
        exercise.place = place
        carried_out(exercise.solution_code, variables)
    assert all(len(exercise.hints) >= 2 for exercise in variables["here"]._exercises.values())
    for value in variables.values():
        if hasattr(value, "session") and hasattr(value.session, "close"):
            value.session.close()


def test_no_wrong_answer_is_left_of_an_exercise_that_is_gone():
    for name, answers in WRONG.items():
        assert {cell.exercise for cell in source(name).code if cell.exercise} == set(answers)
