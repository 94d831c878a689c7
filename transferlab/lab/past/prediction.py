"""Predict first: a guess before the run, kept with it, and said afterwards how far off it was.

    predictions = predictions_of(session)
    predictions.guess(0.7)                               # the held-out accuracy at the end
    predictions.guess(0.9, curve=[(0.2, 0.5), (1, 0.9)]) # or a curve: shares of the run, accuracies
    session.start()
    print(predictions.verdicts[-1].words)

Whoever guesses first notices what surprised them. A guess is made before Start and cannot be changed while the run is
on; a run that fails gives it back. Left out: points, ranks and anything else to win.
"""

import weakref
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from transferlab.lab.log import RunLog
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.session import Session
from transferlab.meters import wilson_interval

MOST_POINTS = 200  # of a drawn curve


@dataclass(frozen=True)
class Prediction:
    """A guess: `accuracy` at the end, within 0…1, and a `curve` of (share of the run, accuracy), ascending, or none.

    >>> Prediction(0.7)
    Prediction(accuracy=0.7, curve=())
    """

    accuracy: float
    curve: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        _check_share(self.accuracy, "A guess is an accuracy within 0 … 1")
        if len(self.curve) > MOST_POINTS:
            raise ValueError(f"A guessed curve has at most {MOST_POINTS} points; you gave {len(self.curve)}.")
        for share, accuracy in self.curve:
            _check_share(share, "A guessed curve goes over 0 … 1, the share of the run")
            _check_share(accuracy, "A guessed curve holds accuracies within 0 … 1")
        if any(one[0] >= other[0] for one, other in zip(self.curve, self.curve[1:], strict=False)):
            raise ValueError("A guessed curve goes from left to right; its places must rise.")

    def at(self, share: float) -> float | None:
        """The guess at a share of the run; None outside what was drawn."""
        places = [one[0] for one in self.curve]
        if not places or not places[0] <= share <= places[-1]:
            return None
        i = bisect_left(places, share)
        (left, low), (right, high) = self.curve[max(0, i - 1)], self.curve[i]
        return high if right == left else low + (high - low) * (share - left) / (right - left)

    def to_plain(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, "curve": [list(point) for point in self.curve]}

    @classmethod
    def from_plain(cls, values: Any) -> "Prediction":
        """What `to_plain` gave; raises ValueError where it cannot be that."""
        try:
            return cls(values["accuracy"], tuple((share, accuracy) for share, accuracy in values.get("curve", ())))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"This is no guess: {error}.") from None


@dataclass(frozen=True)
class Verdict:
    """A guess beside its result: `error` is guess − result, `interval` the result's 95 %, all within −1…1.

    `curve_error` is the mean distance of the guessed curve from the measured one, None without a curve.
    """

    number: int
    prediction: Prediction
    result: float
    interval: tuple[float, float]
    curve_error: float | None
    stopped: bool

    @property
    def error(self) -> float:
        return self.prediction.accuracy - self.result

    @property
    def is_within(self) -> bool:
        return self.interval[0] <= self.prediction.accuracy <= self.interval[1]

    @property
    def words(self) -> str:
        """The verdict as a sentence or three."""
        low, high = self.interval
        said = f"You guessed {self.prediction.accuracy:.1%}, it was {self.result:.1%} ({100 * low:.1f} … {high:.1%}): "
        points = abs(round(100 * self.error, 1))
        if self.is_within:
            said += "as near as these images can tell."
        else:
            said += f"{points:.1f} points too {'high' if self.error > 0 else 'low'}."
        if self.curve_error is not None:
            said += f" Along the run your curve was off by {100 * self.curve_error:.1f} points on average."
        return said + (" The run was stopped before its end." if self.stopped else "")


class Predictions:
    """The guesses of a session; see `predictions_of`. `given` is the one for the next run, or the run that is on."""

    def __init__(self, session: Session) -> None:
        self._session = weakref.ref(session)
        self.given: Prediction | None = None
        self._kept: weakref.WeakKeyDictionary[RunLog, Prediction] = weakref.WeakKeyDictionary()
        self._listeners: list[Callable[[], None]] = []
        self._seen = weakref.WeakSet(one.log for one in session.runs)
        session.subscribe(self._heard)

    def guess(self, accuracy: float, curve: Sequence[tuple[float, float]] = ()) -> Prediction:
        """Guess how the next run ends.

            >>> predictions_of(session).guess(0.8)

        Raises:
            ValueError: no accuracies within 0…1, or a run is on.
        """
        self._check_idle()
        self.given = Prediction(accuracy, tuple((share, value) for share, value in curve))
        self._tell()
        return self.given

    def withdraw(self) -> None:
        """Have no guess for the next run."""
        self._check_idle()
        self.given = None
        self._tell()

    def of(self, finished: FinishedRun) -> Prediction | None:
        """What was guessed of a run."""
        return self._kept.get(finished.log)

    def keep(self, finished: FinishedRun, prediction: Prediction) -> None:
        """Put a guess to a run, as a recording does that was loaded."""
        self._kept[finished.log] = prediction
        self._tell()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every guess beside its result, the oldest first; those of recordings are somebody else's."""
        session = self._session()
        runs = [one for one in session.runs if one.source is None] if session is not None else []
        return tuple(verdict(one, guess) for one in runs if (guess := self._kept.get(one.log)) is not None)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a function called when a guess comes or goes; returns how to end that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def _heard(self, event: str) -> None:
        session = self._session()
        if event != "runs" or session is None:
            return
        new = [one for one in session.runs if one.log not in self._seen]
        self._seen.update(one.log for one in new)
        for one in new:
            if one.source is None and self.given is not None:
                self._kept[one.log], self.given = self.given, None
        self._tell()

    def _check_idle(self) -> None:
        session = self._session()
        if session is not None and session.is_training:
            raise ValueError("The run is on, and a guess is made before it. Guess the next one.")

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


_all: "weakref.WeakKeyDictionary[Session, Predictions]" = weakref.WeakKeyDictionary()


def predictions_of(session: Session) -> Predictions:
    """The guesses of a session, the same object for every panel.

    >>> predictions_of(session).guess(0.8)
    """
    if session not in _all:
        _all[session] = Predictions(session)
    return _all[session]


def verdict(finished: FinishedRun, prediction: Prediction) -> Verdict:
    """A guess beside what came of the run.

    >>> verdict(session.runs[-1], Prediction(0.7)).words
    'You guessed 70.0%, it was 86.3% (80.9 … 90.3%): 16.3 points too low.'
    """
    run, log = finished.run, finished.log
    whole = log.num_epochs or run.epochs[-1].epoch or 1
    pairs = [(prediction.at(one.epoch / whole), one.held_out_accuracy) for one in run.epochs if one.epoch <= whole]
    off = [abs(guess - result) for guess, result in pairs if guess is not None]
    return Verdict(
        finished.number, prediction, run.accuracy, wilson_interval(run.accuracy, run.num_held_out),
        sum(off) / len(off) if off else None, run.stopped,
    )  # fmt: skip


def learning_words(verdicts: Sequence[Verdict]) -> str:
    """Whether the guesses get better, in a sentence; nothing where there are too few to say.

    >>> learning_words(predictions.verdicts)
    'Your first 3 guesses were off by 14.0 points on average, the last 3 by 6.2.'
    """
    half = min(3, len(verdicts) // 2)
    if half < 2:
        return ""
    first, last = ([100 * abs(one.error) for one in part] for part in (verdicts[:half], verdicts[-half:]))
    return (
        f"Your first {half} guesses were off by {sum(first) / half:.1f} points on average, "
        f"the last {half} by {sum(last) / half:.1f}."
    )


def _check_share(value: object, sentence: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not 0 <= value <= 1:
        raise ValueError(f"{sentence}; you gave {value!r}.")
