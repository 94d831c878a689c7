import pytest

from transferlab.lab.data.edit_history import MOST_STEPS, EditHistory
from transferlab.lab.data.edits import Edits

ONE, TWO, THREE = (Edits(dropped=tuple(("train", i) for i in range(n))) for n in (1, 2, 3))


def test_back_and_forth():
    history = EditHistory()
    history.do("one", ONE)
    history.do("two", TWO)
    assert (history.now, history.undoes, history.redoes) == (TWO, "two", "")
    assert history.undo() == "two"
    assert (history.now, history.undoes, history.redoes) == (ONE, "one", "two")
    assert history.undo() == "one"
    assert history.now == Edits()
    assert history.redo() == "one"
    assert history.redo() == "two"
    assert history.now == TWO


def test_a_new_step_forgets_what_was_undone():
    history = EditHistory()
    history.do("one", ONE)
    history.undo()
    history.do("three", THREE)
    assert history.redoes == ""
    assert history.undo() == "three"
    assert history.now == Edits()


def test_nothing_to_undo_or_redo_is_said():
    with pytest.raises(ValueError, match="nothing to undo"):
        EditHistory().undo()
    with pytest.raises(ValueError, match="nothing to redo"):
        EditHistory(ONE).redo()


def test_the_oldest_steps_are_forgotten():
    history = EditHistory()
    for i in range(MOST_STEPS + 5):
        history.do(str(i), Edits(dropped=(("train", i),)))
    for _ in range(MOST_STEPS):
        history.undo()
    assert history.undoes == ""
    assert history.now == Edits(dropped=(("train", 4),))
