"""Two lessons done as a student would: an untouched cell, wrong answers, hints, the solution, a quiz, a restart.

The cells are those of the notebooks, with the settings of the small profile.
"""

import re

import pytest

from tests.browser.pages import CELLS
from tests.lessons.sources import source
from tests.lessons.wrong_answers import WRONG
from transferlab.learning import lesson

SAID = (
    f"() => {CELLS}.flatMap(cell => cell.model.outputs.toJSON())"
    ".map(one => one.text ?? one.data?.['text/plain'] ?? '').map(one => [].concat(one).join('')).join('\\n')"
)


def journey(name, folder):
    """The cells of a notebook; where an exercise is: untouched, wrong, a hint, the solution shown, right."""
    found = source(name)
    cells = [f"import os; os.environ['TRANSFERLAB_PROGRESS'] = {str(folder)!r}"]
    checks = 0
    for cell in found.code:
        text = found.small(cell)
        if "widget" in cell.tags:  # the lab has journeys of its own
            continue
        if cell.exercise:
            check = f'here.exercise("{cell.exercise}").check()'
            wrong = WRONG[name][cell.exercise][0][0]
            more = f'here.exercise("{cell.exercise}").hint()', f'here.exercise("{cell.exercise}").solution()'
            right = lesson(name).exercise(cell.exercise).solution_code
            cells += [text, check, wrong, check, *more, right]
            checks += 1
        else:
            cells.append(text)
    return cells, checks


@pytest.mark.parametrize("name", ["00_first_transfer", "02_feature_extraction"])
def test_a_student_goes_through_a_lesson(notebook, name, tmp_path):
    cells, checks = journey(name, tmp_path / "progress")
    notebook.open("lesson", cells)
    notebook.page.set_default_timeout(400_000)  # a lesson trains several networks, and the machine may be busy
    notebook.run_all()
    said = notebook.page.evaluate(SAID)
    assert said.count("… Not attempted yet.") == checks
    assert len(re.findall(r"^✗ Not yet\.", said, re.MULTILINE)) == checks
    assert said.count("Hint 1: ") == checks
    assert said.count("Solution:") == checks
    assert said.count("✓ Correct.") == checks
    assert "in place of the three dots" in said  # the guess that nobody made

    question = notebook.page.locator(".widget-radio-box")
    question.scroll_into_view_if_needed()
    answer = notebook.page.get_by_role("button", name="Answer", exact=True)
    assert answer.is_disabled()
    quiz = lesson(name).quiz()
    right = next(text for text, (is_right, _) in quiz.answers.items() if is_right)
    notebook.page.get_by_label(right, exact=True).check()
    answer.click()
    notebook.page.get_by_text(quiz.answers[right][1]).wait_for()

    notebook.restart_kernel()
    code = f"from transferlab.learning import lesson; print(lesson({name!r}, {str(tmp_path / 'progress')!r}))"
    assert f"{checks} of {checks} exercises done" in notebook.ask(code)
    notebook.check()
