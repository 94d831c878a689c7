import pytest

from tests.experiments.curves import table
from transferlab.experiments.budget_curves import read_curve
from transferlab.lab.race_guess import Judgement, RaceGuess, judge

ARMS = ("frozen", "all", "scratch")
SURE = {
    "frozen": {10: (0.70, 0.72), 1000: (0.80, 0.82)},
    "all": {10: (0.60, 0.62), 1000: (0.90, 0.92)},  # −0.1 and +0.1: they cross half-way, at 100
    "scratch": {10: (0.30, 0.31), 1000: (0.70, 0.71)},
}
NOISY = {**SURE, "all": {10: (0.55, 0.75), 1000: (0.80, 0.90)}}


def judged(accuracies, *guess):
    return judge(RaceGuess(*guess), read_curve(table(accuracies)))


def test_winners_by_hand():
    assert judged(SURE, "frozen", "all") == (
        Judgement(True, "With 10 images a class you said frozen, and frozen won with 71.0%."),
        Judgement(True, "With 1,000 images a class you said all, and all won with 91.0%."),
    )


def test_a_wrong_winner_is_told_by_whom_it_was_beaten():
    first, last = judged(SURE, "scratch", "frozen")
    words = "With 10 images a class you said scratch; frozen has 71.0% and scratch 30.5%."
    assert first == Judgement(False, words)
    assert last == Judgement(False, "With 1,000 images a class you said frozen; all has 91.0% and frozen 81.0%.")


def test_what_the_seeds_cannot_tell_apart_is_not_called_wrong():
    (first,) = judged(NOISY, "all")
    assert first.right is None
    assert first.words.endswith("frozen has 71.0% and all 65.0%, which these seeds cannot tell apart.")


def test_a_winner_that_is_not_surely_ahead_of_everybody_is_not_called_right():
    (first,) = judged(NOISY, "frozen")
    assert first.right is None
    assert first.words.endswith("frozen has the most with 71.0%; these seeds cannot tell it from all (65.0%).")
    (level,) = judged({"frozen": SURE["frozen"], "all": SURE["frozen"]}, "all")
    assert level.right is None


@pytest.mark.parametrize(
    ("guess", "right", "words"),
    [
        (100, True, "You said that all overtakes frozen at 100; it does at about 100: within what these seeds allow."),
        (900, True, "at about 100: within what these seeds allow."),
        (2000, False, "it does at about 100: a factor of 20.0 too late."),
        (5, False, "it does at about 100: a factor of 20.0 too early."),
    ],
)
def test_a_crossing_is_held_against_its_interval(guess, right, words):
    found = judged(SURE, "frozen", "all", guess)[-1]
    assert found.right is right
    assert found.words.endswith(words)


def test_a_crossing_that_is_nowhere_sure_can_be_neither_right_nor_wrong():
    found = judged(NOISY, "frozen", "all", 500)[-1]
    assert found.right is None
    assert found.words.endswith("the seeds cannot refute it, nor tell where it is.")


def test_a_crossing_that_did_not_come():
    found = judged(SURE, "frozen", "scratch", 100)[-1]
    assert found.right is False
    assert "Measured: no crossover: scratch does not overtake frozen within 10…1,000 images a class" in found.words
    assert judged(SURE, "frozen", "scratch", 50_000)[-1].right is None  # beyond what was measured
    assert judged(SURE, "scratch", "frozen", 100)[-1].right is False  # ahead from the first


def test_what_was_not_guessed_is_not_judged():
    assert judged(SURE) == ()
    assert RaceGuess().is_empty
    (last,) = judged(SURE, None, "all")
    assert "1,000 images" in last.words


def test_an_arm_that_never_came_to_an_end_is_not_judged():
    nothing = {**SURE, "scratch": {10: (None, None), 1000: (None, None)}}
    assert judged(nothing, "scratch", "scratch") == ()
    assert judged(nothing, "frozen", "scratch", 100)[-1].words.startswith("With 10")


@pytest.mark.parametrize(
    ("guess", "sentence"),
    [
        (("frosen",), "Did you mean 'frozen'"),
        ((None, "nobody"), "No strategy 'nobody'"),
        (("frozen", "all", 0), "from 1 to 1,000,000; you gave 0"),
        (("frozen", "all", "soon"), "you gave 'soon'"),
        (("frozen", "all", True), "you gave True"),
        (("frozen", "all", float("nan")), "you gave nan"),
        (("frozen", "frozen", 20), "lies between two strategies"),
        ((None, "all", 20), "lies between two strategies"),
    ],
)
def test_a_guess_that_cannot_be_is_refused(guess, sentence):
    with pytest.raises(ValueError, match=sentence):
        RaceGuess(*guess).check(ARMS)


def test_a_guess_that_can_be_is_taken():
    for guess in (RaceGuess(), RaceGuess("frozen"), RaceGuess("frozen", "frozen"), RaceGuess("frozen", "all", 20.5)):
        guess.check(ARMS)
