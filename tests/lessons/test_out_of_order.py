"""Who does no exercise, or runs cells in another order, gets sentences and no traceback; a restart loses nothing.

By default some lessons, since their networks train where nothing stops them; `pytest -m slow` has them all.
"""

import re

import pytest

from tests.lessons.in_a_kernel import seen
from tests.lessons.sources import NAMES, source
from transferlab.learning import lesson

QUICK = ("02_feature_extraction", "03_fine_tuning", "11_your_own_images")
SENTENCE = re.compile(
    r"There is no `\w+` yet\. A cell further up makes it|`\w+` is still three dots\. Do the exercise that makes it"
)
MOST_LINES = 20  # of a traceback, which then fits on a screen with its cell
some_then_all = pytest.mark.parametrize("names", [QUICK, pytest.param(NAMES, marks=pytest.mark.slow)], ids=len)


def setup_and_rest(name):
    code = source(name).code
    return [cell for cell in code if "setup" in cell.tags], [cell for cell in code if "setup" not in cell.tags]


def assert_sentences(found):
    for name, cells in found.items():
        for cell in cells:
            where = f"{name}, cell {cell.number}: {cell.text}\n{cell.sentences}"
            assert not cell.tracebacks, f"{where}\n{cell.tracebacks[0]}"
            assert bool(SENTENCE.search(cell.sentences)) == cell.failed, where


@some_then_all
def test_the_untouched_notebook_from_top_to_bottom(names, tmp_path):
    found = seen({name: source(name).code for name in names}, str(tmp_path))
    assert_sentences(found)
    for name, cells in found.items():
        by_number = {cell.number: cell for cell in cells}
        said = [by_number[cell.number].sentences for cell in source(name).code if "check" in cell.tags]
        assert all("Not attempted yet." in one for one in said), f"{name}: {said}"
    assert sum(cell.failed for cells in found.values() for cell in cells) >= len(names) // 2, (
        "nothing needs an exercise"
    )


@some_then_all
def test_the_setup_and_then_every_cell_from_the_bottom_up(names, tmp_path):
    found = seen({name: setup_and_rest(name)[0] + setup_and_rest(name)[1][::-1] for name in names}, str(tmp_path))
    assert_sentences(found)
    assert sum(cell.failed for cells in found.values() for cell in cells) >= len(names), "nothing was out of order"


def test_without_the_setup_cell_python_names_what_is_missing_beside_the_students_own_lines(tmp_path):
    """Nothing of ours is in the kernel then that could say it better."""
    found = seen({name: setup_and_rest(name)[1] for name in NAMES}, str(tmp_path))
    for name, cells in found.items():
        assert sum(cell.failed for cell in cells) > len(cells) / 2
        for cell in cells:
            assert len(cell.tracebacks) == cell.failed, f"{name}, cell {cell.number}"
            for trace in cell.tracebacks:
                plain = re.sub(r"\x1b\[[\d;]*m", "", trace)
                assert not re.search(r"^File ", plain, re.MULTILINE), f"a library's lines:\n{plain}"
                assert len(plain.splitlines()) <= MOST_LINES
        first = next(cell.tracebacks[0] for cell in cells if cell.failed)
        assert re.search(r"name '\w+' is not defined", first), first


@pytest.mark.parametrize("name", NAMES)
def test_a_restart_half_way_keeps_what_was_done(name, tmp_path):
    before = lesson(name, tmp_path)
    half = before.names[: (len(before.names) + 1) // 2]
    before.predict("how it ends", 0.5)
    for one in half:
        before.progress.note_attempt(one, "incorrect")
        before.progress.note_attempt(one, "correct")
    after = lesson(name, tmp_path)
    assert str(after).startswith(f"{name}: {len(half)} of {len(after.names)} exercises done\n✓ {half[0]} (2 tries)")
    assert after.progress.exercises["how it ends"]["guess"] == 0.5
