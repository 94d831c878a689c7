"""A lesson as its notebook knows it: exercises by name, predictions to keep, and what was done so far.

    from transferlab.learning import lesson

    here = lesson("02_feature_extraction")
    here.predict("accuracy with 20 a class", 0.8)
    here.exercise("head").check()
    here            # what is done and what is left

The exercises of lesson NN live in `transferlab/learning/work/lesson_NN.py`; where in the notebook they stand is the
notebook's own matter.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import nn

from transferlab.backbones import load
from transferlab.errors import unknown
from transferlab.learning.exercises import Exercise
from transferlab.learning.notebook import Notebook, explain_what_is_missing, notebook
from transferlab.learning.progress import Progress
from transferlab.learning.quizzes import Quiz
from transferlab.learning.showing import show

WORK = "transferlab.learning.work"


class Lesson:
    """The exercises and the progress of one lesson.

    >>> here = lesson("02_feature_extraction")
    >>> here.names
    ('head', 'frozen')
    """

    def __init__(
        self, name: str, exercises: dict[str, Exercise], question: str, answers: dict[str, tuple[bool, str]],
        folder: str | Path | None = None, place: Notebook | None = None,
    ) -> None:  # fmt: skip
        self.name, self.progress = name, Progress(name, folder)
        self._question, self._answers = question, answers
        self._exercises = exercises
        self._place = place or notebook()  # from now on it notes what is bound when
        explain_what_is_missing()
        for one in exercises.values():
            one.progress, one.place = self.progress, self._place

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._exercises)

    def exercise(self, name: str) -> Exercise:
        """The exercise of this name; raises ValueError where there is none."""
        if name not in self._exercises:
            raise unknown("exercise", name, self.names, owner=f"The exercises of '{self.name}' are")
        return self._exercises[name]

    def quiz(self) -> Quiz:
        """The question at the end of the lesson; what is said of each answer comes only when it is chosen."""
        return Quiz(self._question, self._answers, self.progress)

    def predict(self, what: str, guess: Any) -> None:
        """Keep what you expect, before you see it; the first guess stays.

        >>> here.predict("accuracy with 20 a class", 0.8)
        """
        known = self.progress.exercises.get(what, {})
        if "guess" in known:
            show(f"You expected {known['guess']} for {what}; that stays.", "hint")
            return
        if guess is ...:
            show("Put your guess in place of the three dots, and run the cell again.", "not attempted")
            return
        if isinstance(guess, bool) or not isinstance(guess, int | float | str):
            raise ValueError(f"A guess is a number or a word; you gave {guess!r}.")
        self.progress.note(what, guess=guess)
        show(f"You expect {guess} for {what}. Now find out.", "hint")

    def compare(self, what: str, measured: Any) -> None:
        """Hold what came out against what was expected.

        >>> here.compare("accuracy with 20 a class", run.accuracy)
        """
        guess = self.progress.exercises.get(what, {}).get("guess")
        if guess is None:
            show(f"You made no guess for {what}. It came out as {_shown(measured)}.", "hint")
            return
        self.progress.note(what, measured=measured if isinstance(measured, int | float | str) else str(measured))
        away = ""
        if isinstance(guess, int | float) and isinstance(measured, int | float):
            away = f", {abs(measured - guess):.3g} away"
        show(f"You expected {_shown(guess)} for {what}; it came out as {_shown(measured)}{away}.", "hint")

    def larger(self, name: str, num_classes: int | None = None) -> nn.Module | None:
        """A larger backbone where its weights are on this machine; else None, and how to get them is said.

        >>> model = here.larger("torchvision/resnet50")
        """
        try:
            return load(name, num_classes)
        except ValueError as reason:
            show(f"{reason} Until then, read on: what came out elsewhere is described below.", "hint")
            return None

    def __str__(self) -> str:
        done = self.progress.exercises
        lines = []
        for name in self.names:
            known = done.get(name, {})
            mark = "✓" if known.get("outcome") == "correct" else "·"
            lines.append(f"{mark} {name}" + _tries(known.get("attempts", 0)))
        correct = sum(done.get(name, {}).get("outcome") == "correct" for name in self.names)
        return "\n".join([f"{self.name}: {correct} of {len(self.names)} exercises done", *lines])

    __repr__ = __str__


def lesson(name: str, folder: str | Path | None = None) -> Lesson:
    """The lesson of this name, with what was done in it before.

        >>> here = lesson("02_feature_extraction")

    Raises:
        ValueError: there is no such lesson.
    """
    number = name.partition("_")[0]
    module = f"{WORK}.lesson_{number}"
    if not number.isdigit() or find_spec(module) is None:
        raise unknown("lesson", name, lesson_names(), owner="The lessons with exercises are")
    work = import_module(module)
    if name != work.NAME:
        raise unknown("lesson", name, lesson_names(), owner="The lessons with exercises are")
    return Lesson(name, {one.name: one for one in work.exercises()}, work.QUESTION, work.ANSWERS, folder)


def lesson_names() -> list[str]:
    """Every lesson that has exercises, in order."""
    folder = Path(import_module(WORK).__file__ or "").parent
    return [import_module(f"{WORK}.{path.stem}").NAME for path in sorted(folder.glob("lesson_*.py"))]


def _tries(number: int) -> str:
    return f" ({number} {'try' if number == 1 else 'tries'})" if number else ""


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
