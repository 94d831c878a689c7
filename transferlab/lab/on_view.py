"""What there is to see of a lab: where it stands, what is set, and the curves, pictures and states of the run on view.

The run on view is the one that is on or was the last, or one of the past that is shown, or a recorded one that is being
played. Nothing here changes anything; asking for something is `session.py`'s.
"""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from torch import nn

from transferlab.data.images import Splits
from transferlab.explain.snapshot import Snapshot, model_at
from transferlab.lab.announcer import Announcer
from transferlab.lab.data.given_data import choice_of
from transferlab.lab.devices import devices
from transferlab.lab.log import RunLog
from transferlab.lab.past.history import FinishedRun, History
from transferlab.lab.previews import Frame, Previews
from transferlab.lab.script import script
from transferlab.lab.settings import Settings
from transferlab.lab.stage_map import Cost, StageLook, cost
from transferlab.lab.time_left import seconds_left
from transferlab.lab.trainer import Failure, Trainer
from transferlab.lab.workshop import Workshop
from transferlab.records import PhaseRow

STATES = (
    "ready", "preparing", "running", "pausing", "paused", "stopping", "finished", "stopped", "failed", "replaying",
)  # fmt: skip
IDLE = ("ready", "finished", "stopped", "failed")


class Playing(Protocol):
    """A recorded run while it is played (see `recording.py`)."""

    settings: Settings
    stages: tuple[str, ...]
    log: RunLog
    frames: Mapping[str, Mapping[float, Frame]]

    def stop(self) -> None: ...


class OnView(Announcer):
    """The part of a session that only looks; see `Session`."""

    def __init__(
        self, backbone: str | nn.Module, data: object, preview_share: float, settings: Mapping[str, Any]
    ) -> None:
        super().__init__()
        choice = choice_of(data, settings.get("seed", 0))
        self.settings = Settings().changed(backbone=backbone, data=choice, **settings)
        self.workshop, self.history, self.previews = Workshop(), History(), Previews(preview_share)
        self.shown: FinishedRun | None = None  # the run of the past that the panels show, None for the newest
        self.playing: Playing | None = None
        self.compared: tuple[FinishedRun, ...] = ()  # whose curves are drawn behind those of the run on view
        self._trainer: Trainer | None = None
        self._trained_with = self.settings
        self._lock = threading.RLock()
        self.plan: tuple[PhaseRow, ...] = self.workshop.plan(self.settings)

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.playing is not None:
            return "replaying"
        return self._trainer.state if self._trainer else "ready"

    @property
    def is_busy(self) -> bool:
        """Whether a run is on, or a recorded one is played."""
        return self.state not in IDLE

    @property
    def is_training(self) -> bool:
        return self._trainer is not None and not self._trainer.is_over

    @property
    def failure(self) -> Failure | None:
        """Why the last run failed."""
        return self._trainer.failure if self._trainer else None

    @property
    def data(self) -> Splits:
        return self.workshop.data(self.settings)

    @property
    def map(self) -> tuple[StageLook, ...]:
        """The stages, stem first."""
        return self.workshop.stages(self.settings)

    @property
    def stage_names(self) -> tuple[str, ...]:
        return tuple(row.stage for row in self.plan[0].stages)

    @property
    def line(self) -> int:
        """The number of the first stage that trains now, or will in the first phase."""
        return self.stage_names.index(self.line_name)

    @property
    def line_name(self) -> str:
        steered = self._trainer.control.line if self._trainer and self.is_training else None
        return steered or next(row.stage for row in self.plan[0].stages if row.lr is not None)

    @property
    def rates(self) -> dict[str, float]:
        """The learning rate of each stage that trains now, or the peak that it will have in the first phase."""
        planned = {row.stage: row.lr for row in self.plan[0].stages if row.lr is not None}
        if not self.is_training or self.log is None:
            return planned
        trains = self.stage_names[self.line :]
        present = {stage: self.log.last(f"lr/{stage}") or planned.get(stage) for stage in trains}
        return {stage: lr for stage, lr in present.items() if lr is not None}

    @property
    def devices(self) -> tuple[str, ...]:
        return devices()

    @property
    def runs(self) -> tuple[FinishedRun, ...]:
        return self.history.runs

    @property
    def log(self) -> RunLog | None:
        """The curves of the run that is on, of the last one, or of the one that is shown."""
        if self.playing is not None:
            return self.playing.log
        if self.shown is not None:
            return self.shown.log
        return self._trainer.log if self._trainer else None

    @property
    def frames(self) -> Mapping[str, Mapping[float, Frame]]:
        """The pictures of that run, by view and epoch."""
        if self.playing is not None:
            return self.playing.frames
        return self.shown.frames if self.shown is not None else self.previews.frames

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The states of that run's model that were kept, the oldest first; of one that is played there are none."""
        if self.playing is not None:
            return ()
        if self.shown is not None:
            return self.shown.snapshots
        return tuple(self._trainer.snapshots or ()) if self._trainer else ()

    @property
    def model(self) -> nn.Module:
        """The model of the run that is shown, or of the last one, or what a run would start from.

        Raises:
            ValueError: a run is on, and the model belongs to it.
        """
        if self.is_training:
            raise ValueError("A run is on, and the model belongs to it. Stop it first, or use session.do.")
        if self.shown is not None:
            if not self.shown.snapshots:
                raise ValueError(f"Of run {self.shown.number} no state of the model was kept, only its curves.")
            return model_at(self.workshop.pretrained(self.shown.settings), self.shown.snapshots[-1])
        if self._trainer is not None and self._trainer.model is not None:
            return self._trainer.model
        return self.workshop.model(self.settings)

    def cost(self, line: int | None = None) -> Cost | None:
        """What a freeze line costs, the present one by default; None where the stages could not be timed."""
        data = self.data
        views = 2 if "flip" in data.train.label_safe else 1
        return cost(
            self.map, self.line if line is None else line, len(data.train), len(data.held_out),
            views, self.settings.batch_size,
        )  # fmt: skip

    @property
    def seconds_left(self) -> float | None:
        """About how long the run still takes, from what it took so far; None where that cannot be said yet."""
        trainer = self._trainer
        if not self.is_training or trainer is None or trainer.log is None:
            return None
        return seconds_left(trainer.log, self.plan, self.cost, trainer.clock)

    def code(self) -> str:
        """The script of what is set; or of the run that is shown or was just made, with what was done by hand."""
        if self.shown is not None:
            return self._goes_on(self.shown.log) + script(
                self.shown.settings, self.shown.stages, self.shown.run.commands
            )
        log = self._trainer.log if self._trainer else None
        if log is None or log.run is None or self._trained_with != self.settings:
            return script(self.settings, self.stage_names)
        return self._goes_on(log) + script(self.settings, self.stage_names, log.run.commands)

    @staticmethod
    def _goes_on(log: RunLog) -> str:
        if all(mark.kind != "live" for mark in log.marks):
            return ""
        return (
            "# This run went on from the last state of another one, which a script cannot hold:\n"
            "# it starts from the pretrained weights, and its curve is another.\n\n"
        )
