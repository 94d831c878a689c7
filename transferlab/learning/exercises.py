"""An exercise: what to make, how it is checked, hints, a solution; Kaggle's three verbs and nobody's marks.

    q = lesson("02_feature_extraction").exercise("head")
    q.check()        # shows what came out, and never raises
    q.hint()         # the next hint
    q.solution()     # once you have tried
    q.assert_ok()    # raises, for nbgrader and otter

A checker is a function whose arguments are filled from the notebook's variables by their names; it raises `Unmet`, by
one of `expect`'s functions, where the work is not done. It looks at behaviour and never at how the code was written.
"""

import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transferlab.learning.expect import Unmet
from transferlab.learning.notebook import Notebook, notebook
from transferlab.learning.outcomes import BROKEN, CORRECT, INCORRECT, NOT_ATTEMPTED, STALE, Outcome
from transferlab.learning.progress import Progress
from transferlab.learning.showing import show
from transferlab.learning.untouched import untouched


@dataclass
class Exercise:
    """One thing for a student to do.

    `check_work` is the checker. `starting` holds what the student finds in the variables of an untouched cell; a
    variable that is missing, `...` or equal to that was not attempted. `made_from` names what a variable was made of:
    where that was made anew since, the variable is stale. `solution_code` is what runs as the solution.
    """

    name: str
    check_work: Callable[..., None]
    hints: Sequence[str]
    solution_code: str
    praise: str = ""
    starting: Mapping[str, Any] = field(default_factory=dict)
    made_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    progress: Progress | None = None
    place: Notebook | None = None
    _hints_given: int = 0

    def judge(self) -> Outcome:
        """What the work in the notebook comes to; the notebook's models stay as they are.

        >>> q.judge().kind
        'not attempted'
        """
        place = self.place or notebook()
        variables, names = place.variables, list(inspect.signature(self.check_work).parameters)
        for name in names:
            if name not in variables:
                return Outcome(NOT_ATTEMPTED, f"There is no variable `{name}` yet. Run your cell first.")
            if variables[name] is ... or (name in self.starting and _same(variables[name], self.starting[name])):
                return Outcome(NOT_ATTEMPTED, f"`{name}` is still what it was. Fill in your part, and run the cell.")
        for name in names:
            newer = place.newer_than(name, self.made_from.get(name, ()))
            if newer:
                return Outcome(
                    STALE, f"`{newer}` was made anew after `{name}`. Run the cell that makes `{name}` again."
                )
        values = {name: variables[name] for name in names}
        try:
            with untouched(values):
                self.check_work(**values)
        except Unmet as problem:
            return Outcome(INCORRECT, str(problem))
        except Exception as problem:
            return Outcome(BROKEN, f"{type(problem).__name__}: {problem}{_where(problem)}")
        return Outcome(CORRECT, self.praise)

    def check(self) -> None:
        """Show what the work comes to; never raises."""
        outcome = self.judge()
        self._note(outcome)
        show(str(outcome), outcome.kind)

    def assert_ok(self) -> None:
        """Raise AssertionError where the work is not done: a test cell for nbgrader or otter."""
        outcome = self.judge()
        self._note(outcome)
        assert outcome.is_correct, str(outcome)

    def hint(self) -> None:
        """Show the next hint; the last one again where there are no more."""
        number = min(self._hints_given, len(self.hints) - 1)
        self._hints_given = number + 1
        self._told("hints", self._hints_given)
        left = len(self.hints) - self._hints_given
        more = f" (There {'is' if left == 1 else 'are'} {left} more.)" if left else ""
        show(f"Hint {self._hints_given}: {self.hints[number]}{more}", "hint")

    def solution(self) -> None:
        """Show the solution."""
        self._told("solution", True)
        show("Solution:", "solution", self.solution_code)

    def reset(self) -> None:
        """Begin anew: hints from the first, and nothing noted of this exercise."""
        self._hints_given = 0
        if self.progress:
            self.progress.forget(self.name)
        show(f"'{self.name}' begins anew. Run its cell again.", "hint")

    def _note(self, outcome: Outcome) -> None:
        if self.progress:
            self.progress.note_attempt(self.name, outcome.kind)

    def _told(self, what: str, value: Any) -> None:
        if self.progress:
            self.progress.note(self.name, **{what: value})


def _same(one: Any, other: Any) -> bool:
    """Equal, for things whose == gives a yes or no."""
    try:
        return one is other or bool(one == other)
    except Exception:
        return False


def _where(problem: Exception) -> str:
    """The student's own line, where the error came from one."""
    for frame in reversed(traceback.extract_tb(problem.__traceback__)):
        if frame.filename.startswith(("<ipython", "<string")) or "ipykernel" in frame.filename:
            return f" (line {frame.lineno}: {frame.line})" if frame.line else f" (line {frame.lineno})"
    return ""
