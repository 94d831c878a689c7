"""What is gained of the new task and lost of the old one: along the run, in the plane of both, and mixed afterwards.

    ForgettingPanel(Session("bundled", "objects"))

After a run the slider mixes the pretrained backbone with the fine-tuned one; every number that it shows was measured.
Left out: ways to forget less while training, which are the recipe's.
"""

import threading
from typing import Any

from transferlab.lab.log import LogReader
from transferlab.lab.looks.mixing import COARSE, Mixer, why_not
from transferlab.lab.looks.subject import Subject
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

SERIES = ("held_out", "source")


class ForgettingPanel(Panel):
    """Target against source accuracy, with a WiSE-FT slider; `mixed` is the mixture that was kept, a plain model.

    >>> panel = ForgettingPanel(session)
    >>> panel.mixed
    """

    title, script = "What is kept and what is forgotten", "forgetting_panel.js"

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        return ("chart.js", "plane.js")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.mixed: Any = None
        self.mixer = Mixer(session, self._measured, lambda sentence: self.say(sentence, "error"))
        self._on_screen = False
        self._reader = LogReader()
        self._sending = threading.RLock()
        super().__init__()
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        subject = self.mixer.look()
        log, mixing = subject.log, self.mixer.mixing
        source = log.series.get("source") if log else None
        points = sorted(mixing.points.items()) if mixing else []
        frozen = mixing is not None and not mixing.moved
        return {
            "epochs": log.num_epochs if log else sum(row.num_epochs for row in self.session.plan),
            "kind": _kind(subject),
            "which": f"run {subject.run.number}" if subject.run else "",
            "has_source": bool(source),
            "training": self.session.is_training,
            "marks": [{"x": mark.x, "kind": mark.kind, "text": mark.text} for mark in log.marks] if log else [],
            "why_not": "The backbone was frozen: nothing of it moved in this run, so every mixture is the same model."
            if frozen else why_not(subject, self.session.is_training),
            "measuring": self.mixer.is_measuring,
            "mixtures": [[alpha, one.held_out_accuracy, one.source_accuracy] for alpha, one in points],
            "complete": mixing is not None and all(alpha in mixing.points for alpha in COARSE),
        }  # fmt: skip

    def refresh(self) -> None:
        super().refresh()
        with self._sending:
            self._reader.forget()
        self._send_points()

    def close(self) -> None:
        self._unsubscribe()
        self.mixer.close()
        super().close()

    def in_words(self) -> str:
        """Both accuracies at the end, for a notebook that is read without a kernel."""
        log = self.session.log
        target, source = (log.last(name) if log else None for name in SERIES)
        if target is None:
            return f"{self.title}: no run yet."
        kept = f", source {source:.1%}" if source is not None else ""
        return f"{self.title}: target {target:.1%}{kept}."

    def do_visible(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """The page says whether the panel is on screen: only then is a mixture measured unasked."""
        self._on_screen = bool(content.get("on"))
        self._measure_unasked()

    def do_measure(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Measure one mixture, or all of a coarse curve."""
        alpha = content.get("alpha")
        self.mixer.want(*(COARSE if alpha is None else (alpha,)))
        self._tell_state()

    def do_keep(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Put the mixture at this alpha into `mixed`."""
        alpha = content.get("alpha")
        self.mixed = self.mixer.prepare().model(alpha)  # type: ignore[arg-type]  # which says what is wrong with it
        self.say(f"Kept: panel.mixed is the model at α = {alpha:.2f}, with the head of this run.")

    def _heard(self, event: str) -> None:
        if event == "records":
            self._send_points()
        elif event in ("state", "runs", "settings"):
            self._tell_state()
            if event == "runs":
                self.attempt(self._measure_unasked)

    def _measure_unasked(self) -> None:
        subject = self.mixer.look()
        if self._on_screen and why_not(subject, self.session.is_training) is None and self.mixer.mixing is None:
            self.mixer.want(*COARSE)
            self._tell_state()

    def _measured(self) -> None:
        self._tell_state()

    def _tell_state(self) -> None:
        self.tell("state", self.state())

    def _send_points(self) -> None:
        with self._sending:  # the thread that trains and the one that answers the page must not both send a point
            reset, new = self._reader.new(self.session.log)
            series = {name: [list(x), list(y)] for name, (x, y) in new.items() if name in SERIES}
            if reset or series:
                self.tell("points", {"reset": reset, "series": series, "now": self.state()})


def _kind(subject: Subject) -> str | None:
    """ "accuracy" or "agreement" with the pretrained model; None where that is not known yet."""
    run = subject.run.run if subject.run else subject.log.run if subject.log else None
    if run is not None:
        return run.source_kind
    return "accuracy" if subject.settings.backbone == "bundled" else None
