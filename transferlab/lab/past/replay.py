"""A run of the past that is played again, in the same panels and at any speed, and then gone on with.

    replay = Replay(session, session.runs[-1], speed=4)
    replay.start()
    replay.pause(); replay.speed = 16; replay.resume()
    replay.stop()

Playing needs no model: a thread lets a log grow and pictures appear as they did when the run was on, so that it works
where the backbone cannot even be loaded. Left out: going on live, see `going_on.py`.
"""

import bisect
import threading
import time
from array import array
from collections.abc import Mapping
from contextlib import suppress
from itertools import accumulate

from transferlab.lab.log import Mark, RunLog, Series
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.previews import Frame
from transferlab.lab.session import Session

SPEEDS = (1.0, 4.0, 16.0, float("inf"))  # times as fast as it trained; the last one does not wait
TICK = 0.1  # seconds between two updates
FASTEST = 20  # updates in which a run is played that does not wait


class Replay:
    """One run while it is played; `session.playing` is this until it is over.

    `speed` may be changed at any time; `position` counts epochs, `seconds` the time of the training that it shows.

        >>> Replay(session, recording.finished, speed=16).start()

    Raises:
        ValueError: a speed that is none.
    """

    def __init__(self, session: Session, finished: FinishedRun, speed: float = 4.0) -> None:
        self.session, self.finished = session, finished
        self.settings, self.stages = finished.settings, finished.stages
        self._growing = _GrowingLog(finished)
        self.log: RunLog = self._growing
        self.frames: Mapping[str, Mapping[float, Frame]] = {name: {} for name in finished.frames}
        self.seconds = 0.0
        self.is_paused = False
        self.speed = speed
        self._timetable = _Timetable(finished)
        self._is_over = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._play, name="transferlab replay", daemon=True)

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not speed > 0:
            raise ValueError(f"speed is a number above 0, such as 4 for four times as fast; you gave {speed!r}.")
        self._speed = float(speed)

    @property
    def position(self) -> float:
        return self._timetable.epoch_at(self.seconds)

    @property
    def end(self) -> float:
        """Epochs that there are to play."""
        return self._timetable.epochs[-1]

    @property
    def is_over(self) -> bool:
        return self._is_over

    def start(self) -> None:
        """Play, in a thread that does not keep the process alive.

        Raises:
            ValueError: a run is on, or another one is played.
        """
        self.session.play(self)
        self._thread.start()

    def pause(self) -> None:
        """Stay where it is."""
        self.is_paused = True
        self.session.tell("state")

    def resume(self) -> None:
        """Go on."""
        self.is_paused = False
        self._woken.set()
        self.session.tell("state")

    def stop(self) -> None:
        """End here; the panels then show what they showed before."""
        self._is_over = True
        self._woken.set()
        if self.session.playing is self:
            self.session.play(None)

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until it is over; returns whether it is."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not (self._is_over and not self._thread.is_alive()):
            time.sleep(0.005)
        return self._is_over

    def _play(self) -> None:
        last = self._timetable.seconds[-1]
        before = time.monotonic()
        while not self._is_over and self.session.playing is self:
            self._woken.wait(0.02 if self._speed == float("inf") else TICK)
            self._woken.clear()
            now = time.monotonic()
            passed, before = now - before, now
            if self.is_paused or self._is_over:
                continue
            step = last / FASTEST if self._speed == float("inf") else passed * self._speed
            self.seconds = min(last, self.seconds + step)
            self._publish()
            if self.seconds >= last:
                self._finish()

    def _publish(self) -> None:
        position = self.position
        at_end = self.seconds >= self._timetable.seconds[-1]
        self._growing.grow(float("inf") if at_end else position)
        new = False
        for view, frames in self.finished.frames.items():
            shown = self.frames[view]
            due = {at: frame for at, frame in frames.items() if (at <= position or at_end) and at not in shown}
            if due:
                self.frames = {**self.frames, view: {**shown, **due}}  # a reader may be going through the old one
                new = True
        self.session.tell("records", *(["frames"] if new else []))

    def _finish(self) -> None:
        self._is_over = True
        if self.session.playing is self:
            self.session.play(None)
            with suppress(ValueError):  # somebody pressed Start just now
                self.session.show(self.finished)


class _GrowingLog(RunLog):
    """The curves of a finished run as far as they have been played."""

    def __init__(self, finished: FinishedRun) -> None:
        whole = finished.log.to_plain()
        super().__init__(whole["batches_per_epoch"], whole["num_epochs"])
        self._whole = {name: (array("f", x), array("f", y)) for name, (x, y) in whole["series"].items()}
        self._marks = [Mark(*mark) for mark in whole["marks"]]
        self._finished, self._num_steps = finished, whole["steps"]

    def grow(self, position: float) -> None:
        """Let everything come that happened up to `position`, in epochs; infinity is the end."""
        with self._lock:
            for name, (x, y) in self._whole.items():
                shown = self.series.setdefault(name, Series())
                until = bisect.bisect_right(x, position)
                shown.y.extend(y[len(shown.y) : until])
                shown.x.extend(x[len(shown.x) : until])
            self.marks = [mark for mark in self._marks if mark.x <= position]
            self.phase = next((mark.text for mark in reversed(self.marks) if mark.kind == "phase"), "")
            if position == float("inf"):
                self.steps, self.run = self._num_steps, self._finished.run
            else:
                self.steps = min(self._num_steps, round(position * self.batches_per_epoch))


class _Timetable:
    """When each epoch was over: seconds of training, from 0 on."""

    def __init__(self, finished: FinishedRun) -> None:
        records = finished.run.epochs
        self.epochs = [float(one.epoch) for one in records]
        self.epochs[-1] = max(self.epochs[0], min(self.epochs[-1], finished.log.position or self.epochs[-1]))
        # At least a moment each: a run of one epoch, or times that were not kept, can be watched too.
        spent = [0.0, *(max(one.seconds, 0.02) for one in records[1:])]
        self.seconds = list(accumulate(spent))
        if len(records) == 1:
            self.epochs, self.seconds = [0.0, self.epochs[0]], [0.0, 0.02]

    def epoch_at(self, seconds: float) -> float:
        i = bisect.bisect_right(self.seconds, seconds)
        if i >= len(self.seconds):
            return self.epochs[-1]
        share = (seconds - self.seconds[i - 1]) / (self.seconds[i] - self.seconds[i - 1])
        return self.epochs[i - 1] + share * (self.epochs[i] - self.epochs[i - 1])


def replay_of(session: Session) -> Replay | None:
    """The replay that is on, None where there is none.

    >>> replay_of(session).pause()
    """
    return session.playing if isinstance(session.playing, Replay) else None


def progress(replay: Replay) -> Mapping[str, float | bool | str | int]:
    """How far a replay is, for a panel."""
    return {
        "number": replay.finished.number,
        "position": replay.position,
        "end": replay.end,
        "paused": replay.is_paused,
        "speed": "fastest" if replay.speed == float("inf") else replay.speed,
    }
