"""Predict first: guess before Start how well it will do, as a number or as a drawn curve, and see how far off it was.

    Prediction(Session("bundled", "objects"))

It asks and does not insist: Start works without a guess. Left out: judging, which `lab.prediction` does.
"""

from typing import Any

from transferlab.lab.past.history import FinishedRun
from transferlab.lab.past.prediction import Prediction as Guess
from transferlab.lab.past.prediction import Verdict, learning_words, predictions_of
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

SHOWN = 12  # guesses of the past, the newest ones


class Prediction(Panel):
    """A guess for the next run, and those of before beside their results.

    >>> Prediction(session)
    """

    title, script = "Predict first", "prediction.js"

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        return ("chart.js",)  # for its looks

    def __init__(self, session: Session) -> None:
        self.session, self.predictions = session, predictions_of(session)
        super().__init__()
        self._endings = [session.subscribe(self._heard), self.predictions.subscribe(self.refresh)]

    def state(self) -> dict[str, Any]:
        verdicts = self.predictions.verdicts
        given = self.predictions.given
        return {
            "epochs": sum(row.num_epochs for row in self.session.plan),
            "classes": self.session.data.train.num_classes,
            "training": self.session.is_training,
            "given": given.to_plain() if given else None,
            "verdicts": [{**_row(one), "epochs": self._epochs(one)} for one in verdicts[-SHOWN:]],
            "measured": self._measured(verdicts[-1]) if verdicts else [],
            "learning": learning_words(verdicts),
        }

    def close(self) -> None:
        for end in self._endings:
            end()
        super().close()

    def in_words(self) -> str:
        """The last guess beside its result, for a notebook that is read without a kernel."""
        verdicts = self.predictions.verdicts
        return f"{self.title}: {verdicts[-1].words if verdicts else 'no guess yet.'}"

    def do_guess(self, content: dict[str, Any], buffers: list[Any]) -> None:
        guess = Guess.from_plain({"accuracy": content.get("accuracy"), "curve": content.get("curve") or ()})
        self.predictions.guess(guess.accuracy, guess.curve)

    def do_withdraw(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.predictions.withdraw()

    def _measured(self, verdict: Verdict) -> list[list[float]]:
        """What came of the run of a guess, as shares of the run and accuracies."""
        whole = self._epochs(verdict)
        return [[min(1.0, epoch.epoch / whole), epoch.held_out_accuracy] for epoch in self._run(verdict).run.epochs]

    def _epochs(self, verdict: Verdict) -> int:
        one = self._run(verdict)
        return one.log.num_epochs or one.run.epochs[-1].epoch or 1

    def _run(self, verdict: Verdict) -> FinishedRun:
        return next(one for one in self.session.runs if one.number == verdict.number)

    def _heard(self, event: str) -> None:
        if event in ("state", "settings", "data"):
            self.refresh()


def _row(one: Verdict) -> dict[str, Any]:
    return {
        "number": one.number,
        "guess": one.prediction.accuracy,
        "curve": [list(point) for point in one.prediction.curve],
        "result": one.result,
        "interval": list(one.interval),
        "within": one.is_within,
        "words": one.words,
    }
