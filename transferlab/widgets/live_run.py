"""The run while it happens: Start, Pause, Step, Stop, how far it is, and its curves.

    LiveRun(Session("bundled", "objects"))

The page gets only what is new, as float32, at most twice a second; a page that was reloaded gets everything again. Left
out: deciding anything; buttons go to the session, which says what can be done.
"""

import threading
from array import array
from typing import Any

from transferlab.lab.log import LogReader
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel


class LiveRun(Panel):
    """Buttons, state, progress with the time left, and the curves of accuracy, loss and learning rates.

    >>> LiveRun(session)
    >>> LiveRun(session, blocking=True)      # trains in the foreground: for Colab, and wherever nothing moves otherwise
    """

    title, script = "Training", "live_run.js"

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        return ("chart.js",)

    def __init__(self, session: Session, blocking: bool = False) -> None:
        self.session, self.blocking = session, blocking
        self._reader = LogReader()
        self._sending = threading.Lock()
        super().__init__()
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        session, log = self.session, self.session.log
        failure = session.failure if session.state == "failed" else None
        run = log.run if log else None
        return {
            "state": session.state,
            "blocking": self.blocking,
            "runs": len(session.runs),
            "failure": failure.sentence if failure else None,
            "epochs": log.num_epochs if log else sum(row.num_epochs for row in session.plan),
            "begun": log is not None,
            "position": log.position if log else 0.0,
            "steps": log.steps if log else 0,
            "phase": log.phase if log else "",
            "left": session.seconds_left,
            "source": run.source_kind if run else None,
            "marks": [{"x": mark.x, "kind": mark.kind, "text": mark.text} for mark in log.marks] if log else [],
        }

    def refresh(self) -> None:
        super().refresh()
        with self._sending:
            self._reader.forget()
        self._send_points()
        self._send_overlay()

    def close(self) -> None:
        self._unsubscribe()
        super().close()

    def do_start(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.session.start(blocking=self.blocking)

    def do_pause(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.session.pause()

    def do_resume(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.session.resume()

    def do_step(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.session.step()

    def do_stop(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.session.stop()

    def do_evaluate(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.session.evaluate()

    def do_pulse(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """The page asks whether anybody is there; the answer to every action says so."""

    def in_words(self) -> str:
        """What the curves show, for a notebook that is read without a kernel."""
        log = self.session.log
        if log is None:
            return "Training: no run yet."
        held_out, source = log.last("held_out"), log.last("source")
        said = [f"Training, {self.session.state}, epoch {log.position:.1f} of {log.num_epochs}"]
        said += [f"held-out accuracy {held_out:.1%}"] if held_out is not None else []
        said += [f"source accuracy {source:.1%}"] if source is not None else []
        return ", ".join(said) + "."

    def _heard(self, event: str) -> None:
        if event == "records":
            self._send_points()
        elif event == "compared":
            self._send_overlay()
        elif event in ("state", "runs", "settings"):
            self.tell("progress", self.state())

    def _send_points(self) -> None:
        with self._sending:  # the thread that trains and the one that answers the page must not both send a point
            reset, new = self._reader.new(self.session.log)
            values = array("f")
            for x, y in new.values():
                values.extend(x)
                values.extend(y)
            content = {
                "reset": reset,
                "stages": list(self._stages()),
                "series": [[name, len(x)] for name, (x, _) in new.items()],
                "now": self.state(),
            }
            self.tell("points", content, [values.tobytes()] if values else [])

    def _stages(self) -> tuple[str, ...]:
        """Those of the run on view, which may be of another backbone than the one that is set."""
        session = self.session
        of = session.playing or session.shown or next((one for one in session.runs if one.log is session.log), None)
        return of.stages if of else session.stage_names

    def _send_overlay(self) -> None:
        values, runs = array("f"), []
        for one in self.session.compared:
            held_out = one.log.series.get("held_out")
            if held_out:
                runs.append([f"run {one.number}", len(held_out)])
                values.extend(held_out.x)
                values.extend(held_out.y)
        self.tell("overlay", {"runs": runs}, [values.tobytes()] if values else [])
