"""What happened in a run so far, as series of points for charts: filled by the thread that trains, read by others.

    log = RunLog(batches_per_epoch=5)
    for record in fit(model, data, recipe): log.add(record)
    log.series["held_out"].x, log.series["held_out"].y

x counts epochs of training: 2.5 is the middle of the third. Where few source images are asked at a time, a point is
their mean over several measurements: of 8 images one alone is 12 %, and a curve of such steps would show chance. A
reader that remembers how many points it has seen asks for the rest (`points_since`), so that a chart gets only what is
new. Left out: smoothing, which is the chart's choice.
"""

import threading
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from transferlab.records import Command, Epoch, Measurement, Run, Step


@dataclass
class Series:
    """One curve: `x` in epochs, `y` a loss, an accuracy within 0…1, or a learning rate."""

    x: array = field(default_factory=lambda: array("f"))
    y: array = field(default_factory=lambda: array("f"))

    def add(self, x: float, y: float | None) -> None:
        if y is not None:
            self.x.append(x)
            self.y.append(y)

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Mark:
    """Something that happened at `x`: `kind` is "phase", "set_lr", "freeze_to" or "live" (a replay that goes on)."""

    x: float
    kind: str
    text: str


ENOUGH_IMAGES = 32  # source images that a point of the curve rests on, at least


class RunLog:
    """The series "loss", "train", "held_out", "source" and "lr/<stage>", and the marks, of one run.

    >>> log.add(Step(step=1, epoch=1, phase="head", loss=2.1, learning_rates={"fc": 1e-3}))
    >>> log.points_since({"loss": 0})
    {'loss': (array('f', [0.2]), array('f', [2.1]))}
    """

    def __init__(self, batches_per_epoch: int, num_epochs: int = 0) -> None:
        self.batches_per_epoch, self.num_epochs = batches_per_epoch, num_epochs
        self.series: dict[str, Series] = {}
        self.marks: list[Mark] = []
        self.run: Run | None = None
        self.steps = 0
        self.phase = ""
        self._asked: list[Measurement] = []  # too few source images for a point of their own
        self._lock = threading.Lock()

    def add(self, record: Step | Measurement | Epoch | Run) -> None:
        """Take a record in."""
        with self._lock:
            if isinstance(record, Step):
                x = record.step / self.batches_per_epoch
                self.steps = record.step
                self._enter(record.phase, (record.step - 1) / self.batches_per_epoch)
                self._add("loss", x, record.loss)
                for stage, lr in record.learning_rates.items():
                    self._add(f"lr/{stage}", x, lr)
            elif isinstance(record, Measurement):
                self._add("held_out", record.epoch, record.held_out_accuracy)
                self._add_source(record)
            elif isinstance(record, Epoch):
                self._asked = []
                x = min(record.epoch, self.steps / self.batches_per_epoch)  # the last one may be a part of one
                self._add("train", x, record.train_accuracy)
                self._add("held_out", x, record.held_out_accuracy)
                self._add("source", x, record.source_accuracy)
            else:
                self.run = record

    def mark(self, command: Command) -> None:
        """Note what was done by hand. A rate that is dragged along is one mark, not fifty."""
        text = f"{command.stage} at {command.value:.1e}" if command.value else f"trains from {command.stage}"
        mark = Mark(command.step / self.batches_per_epoch, command.what, text)
        with self._lock:
            before = [one for one in self.marks if one.kind == "set_lr" and one.text.startswith(f"{command.stage} at ")]
            if mark.kind == "set_lr" and before and mark.x - before[-1].x < 0.5:
                self.marks.remove(before[-1])
            self.marks.append(mark)

    def mark_all(self, commands: Iterable[Command]) -> None:
        """Put what the run says was done by hand, and after which step, in the place of what was noted meanwhile."""
        with self._lock:
            self.marks = [mark for mark in self.marks if mark.kind not in ("set_lr", "freeze_to")]
        for command in commands:
            self.mark(command)
        with self._lock:
            self.marks.sort(key=lambda mark: mark.x)

    def points_since(self, seen: Mapping[str, int]) -> dict[str, tuple[array, array]]:
        """The points of each series behind the first `seen[name]` ones; series without new points are left out."""
        with self._lock:
            new = {name: (one.x[seen.get(name, 0) :], one.y[seen.get(name, 0) :]) for name, one in self.series.items()}
        return {name: points for name, points in new.items() if len(points[0])}

    def last(self, name: str) -> float | None:
        """The newest value of a series, None where there is none yet."""
        with self._lock:
            one = self.series.get(name)
            return one.y[-1] if one else None

    @property
    def position(self) -> float:
        """How many epochs were trained so far."""
        return self.steps / self.batches_per_epoch

    def to_plain(self) -> dict[str, Any]:
        """The log in JSON's types, for a recording."""
        with self._lock:
            series = {name: [list(one.x), list(one.y)] for name, one in self.series.items()}
            marks = [[mark.x, mark.kind, mark.text] for mark in self.marks]
        return {
            "batches_per_epoch": self.batches_per_epoch,
            "num_epochs": self.num_epochs,
            "steps": self.steps,
            "phase": self.phase,
            "series": series,
            "marks": marks,
        }

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "RunLog":
        """The log from what `to_plain` gave.

        Raises:
            ValueError: a part is missing or is no number.
        """
        try:
            log = cls(int(values["batches_per_epoch"]), int(values["num_epochs"]))
            log.steps, log.phase = int(values["steps"]), str(values["phase"])
            for name, (x, y) in values["series"].items():
                if len(x) != len(y):
                    raise ValueError(f"the series '{name}' has {len(x)} places and {len(y)} values")
                log.series[name] = Series(array("f", x), array("f", y))
            log.marks = [Mark(float(x), str(kind), str(text)) for x, kind, text in values["marks"]]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"This is no log of a run: {error}.") from error
        if log.batches_per_epoch < 1:
            raise ValueError(f"This is no log of a run: {log.batches_per_epoch} batches an epoch.")
        return log

    def _enter(self, phase: str, x: float) -> None:
        if phase != self.phase:
            self.phase = phase
            self.marks.append(Mark(x, "phase", phase))

    def _add_source(self, record: Measurement) -> None:
        if record.source_accuracy is None:
            return
        self._asked.append(record)
        count = sum(one.num_source for one in self._asked)
        if count >= ENOUGH_IMAGES:
            right = sum(one.num_source * (one.source_accuracy or 0.0) for one in self._asked)
            self._add("source", sum(one.num_source * one.epoch for one in self._asked) / count, right / count)
            self._asked = []

    def _add(self, name: str, x: float, y: float | None) -> None:
        self.series.setdefault(name, Series()).add(x, y)


class LogReader:
    """What a reader has seen of the log that is on view, so that it gets every point once.

    >>> reset, points = reader.new(session.log)      # reset: it is another log, so that what was drawn goes
    """

    def __init__(self) -> None:
        self._log: RunLog | None = None
        self._seen: dict[str, int] = {}

    def forget(self) -> None:
        """Begin anew: a page was reloaded."""
        self._log, self._seen = None, {}

    def new(self, log: RunLog | None) -> tuple[bool, dict[str, tuple[array, array]]]:
        """Whether this is another log than before, and the points that were not seen yet."""
        reset = log is not self._log
        if reset:
            self._log, self._seen = log, {}
        points = log.points_since(self._seen) if log else {}
        for name, (x, _) in points.items():
            self._seen[name] = self._seen.get(name, 0) + len(x)
        return reset, points
