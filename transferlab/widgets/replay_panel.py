"""Watch a run of the past, or a recorded one, as it went; then go on with it live.

    ReplayPanel(Session("bundled", "objects"))

The other panels follow what is played. Left out: opening recordings, which the run table does.
"""

from typing import Any

from transferlab.lab.past.going_on import go_on, last_line_and_rates
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.past.replay import SPEEDS, Replay, progress, replay_of
from transferlab.lab.past.run_facts import run_facts
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

FASTEST = "fastest"  # infinity is no number in JSON


class ReplayPanel(Panel):
    """Play, pause, speed, stop, and going on from the last state.

    >>> ReplayPanel(session)
    """

    title, script = "Replay", "replay_panel.js"

    def __init__(self, session: Session) -> None:
        self.session = session
        self.speed: float = 4.0
        super().__init__()
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        replay = replay_of(self.session)
        return {
            "runs": [_words(one) for one in self.session.runs],
            "playing": progress(replay) if replay else None,
            "speeds": [FASTEST if one == float("inf") else one for one in SPEEDS],
            "speed": FASTEST if self.speed == float("inf") else self.speed,
            "training": self.session.is_training,
        }

    def close(self) -> None:
        replay = replay_of(self.session)
        if replay is not None:
            replay.stop()
        self._unsubscribe()
        super().close()

    def in_words(self) -> str:
        """How many runs there are to watch, for a notebook that is read without a kernel."""
        return f"{self.title}: {len(self.session.runs)} runs to watch. Run the notebook to play one."

    def do_play(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Play a run from its start, or go on where a played one was paused."""
        replay = replay_of(self.session)
        if replay is not None:
            replay.resume()
        else:
            Replay(self.session, self._run(content.get("number")), self.speed).start()

    def do_pause(self, content: dict[str, Any], buffers: list[Any]) -> None:
        replay = replay_of(self.session)
        if replay is not None:
            replay.pause()

    def do_stop(self, content: dict[str, Any], buffers: list[Any]) -> None:
        replay = replay_of(self.session)
        if replay is not None:
            replay.stop()

    def do_speed(self, content: dict[str, Any], buffers: list[Any]) -> None:
        given = content.get("speed")
        speed = float("inf") if given == FASTEST else given
        if speed not in SPEEDS:
            raise ValueError(f"No speed {given!r}. The speeds are: 1, 4, 16, {FASTEST}.")
        self.speed = float(speed)
        replay = replay_of(self.session)
        if replay is not None:
            replay.speed = self.speed

    def do_go_on(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Train on from the last state of a run."""
        one = self._run(content.get("number"))
        go_on(self.session, one, epochs=content.get("epochs", 10))
        line, _ = last_line_and_rates(one)
        self.say(f"Training goes on from the end of run {one.number}, from {line} on, as a new run.")

    def _run(self, number: Any) -> FinishedRun:
        found = next((one for one in self.session.runs if one.number == number), None)
        if found is None:
            there = ", ".join(str(one.number) for one in self.session.runs) or "none yet"
            raise ValueError(f"There is no run {number!r}. The runs are: {there}.")
        return found

    def _heard(self, event: str) -> None:
        if event == "records":
            replay = replay_of(self.session)
            if replay is not None:
                self.tell("progress", dict(progress(replay)))
        elif event in ("state", "runs"):
            self.refresh()


def _words(one: FinishedRun) -> dict[str, Any]:
    facts = run_facts(one)
    return {
        "number": one.number,
        "text": f"Run {one.number}: {facts['recipe']}, {facts['data']}, {one.run.accuracy:.1%}",
        "live": bool(one.snapshots) or one.source is not None,
    }
