"""What the panels of the lab share: the settings, the run that is on, the runs before it, and who wants to know.

    session = Session("bundled", "objects")
    session.subscribe(print)              # "settings", "data", "state", "records", "frames", "runs", "compared"
    session.freeze_to("layer4")
    session.start()
    session.set_lr("fc", 5e-4)
    session.wait(60)

Panels call these methods from any thread and never touch a parameter. Before a run what they ask for changes the
settings, during one it goes to the engine's Control. One run trains at a time in a process, whoever started it: two at
once would only wait for each other. Left out: what a panel looks like.
"""

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from torch import nn

from transferlab.control import Control
from transferlab.data.images import Splits
from transferlab.errors import check_learning_rate, unknown
from transferlab.explain.snapshot import Snapshot, model_at
from transferlab.explain.snapshots import Snapshots
from transferlab.lab.devices import devices
from transferlab.lab.given_data import choice_of
from transferlab.lab.history import FinishedRun, History
from transferlab.lab.log import Mark, RunLog
from transferlab.lab.previews import SHARE, Frame, Previews
from transferlab.lab.script import script
from transferlab.lab.settings import MINE, Settings
from transferlab.lab.stage_map import Cost, StageLook, cost
from transferlab.lab.time_left import seconds_left
from transferlab.lab.trainer import Failure, Trainer
from transferlab.lab.workshop import Workshop
from transferlab.records import Command, Epoch, Measurement, PhaseRow, Run, Step
from transferlab.training import fit

STATES = (
    "ready", "preparing", "running", "pausing", "paused", "stopping", "finished", "stopped", "failed", "replaying",
)  # fmt: skip
IDLE = ("ready", "finished", "stopped", "failed")
PATIENCE = 60.0  # seconds that a run has to finish its batch when another starts

_training: "weakref.WeakSet[Session]" = weakref.WeakSet()


class Playing(Protocol):
    """A recorded run while it is played (see `recording.py`)."""

    log: RunLog
    frames: Mapping[str, Mapping[float, Frame]]

    def stop(self) -> None: ...


class Session:
    """The lab behind its panels.

        >>> session = Session("bundled", "objects", recipe="feature_extraction")
        >>> session.state, session.line_name, session.rates
        ('ready', 'fc', {'fc': 0.003})

    `backbone` is a name for `load` or a model of your own, which stays as it is; `data` a drawn target, a folder,
    Splits, or a choice of `data_choice`. Further arguments are `Settings`. `preview_share` is the part of the training
    time that pictures may take.

    Raises:
        ValueError: no such backbone, data or setting.
    """

    def __init__(
        self, backbone: str | nn.Module = "bundled", data: object = "objects", *, preview_share: float = SHARE,
        **settings: Any,
    ) -> None:  # fmt: skip
        self.settings = Settings().changed(
            backbone=backbone, data=choice_of(data, settings.get("seed", 0)), **settings
        )  # fmt: skip
        self.workshop, self.history, self.previews = Workshop(), History(), Previews(preview_share)
        self.shown: FinishedRun | None = None  # the run of the past that the panels show, None for the newest
        self.playing: Playing | None = None
        self.compared: tuple[FinishedRun, ...] = ()  # whose curves are drawn behind those of the run on view
        self.begin_from: Snapshot | None = None  # the state that the next run starts from; see `replay.py`
        self.listener_failures: list[Exception] = []
        self._listeners: list[Callable[[str], None]] = []
        self._trainer: Trainer | None = None
        self._trained_with = self.settings
        self._begins_from: Snapshot | None = None
        self._lock = threading.RLock()
        self.plan: tuple[PhaseRow, ...] = self.workshop.plan(self.settings)

    # What there is to see.

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
            return script(self.shown.settings, self.shown.stages, self.shown.run.commands)
        log = self._trainer.log if self._trainer else None
        is_of_run = log is not None and log.run is not None and self._trained_with == self.settings
        return script(self.settings, self.stage_names, log.run.commands if log and log.run and is_of_run else ())

    # Who wants to know.

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Have a function called with what changed, from whatever thread changed it; returns how to end that.

        >>> unsubscribe = session.subscribe(lambda event: print(event))
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def tell(self, *events: str) -> None:
        """Let everybody know. A listener that fails costs neither the run nor the others anything."""
        for event in events:
            for listener in list(self._listeners):
                try:
                    listener(event)
                except Exception as error:
                    self.listener_failures = [*self.listener_failures[-9:], error]

    # What can be asked for.

    def choose(self, **changes: Any) -> None:
        """Change settings; see `Settings`.

            >>> session.choose(recipe="gradual_unfreezing", seed=1)

        Raises:
            ValueError: a run is on, there is no such setting, or the images cannot be made.
        """
        with self._lock:
            self._check_idle("Settings cannot change while a run is on. Stop it first.")
            if "data" in changes:
                changes["data"] = choice_of(changes["data"], self.settings.seed)
            settings = self.settings.changed(**changes)
            self.plan = self.workshop.plan(settings)  # raises where no run could be made of them
            self.settings, self.shown = settings, None
        self.tell("settings", *(["data"] if {"data", "backbone"} & set(changes) else []))

    def freeze_to(self, stage: str) -> None:
        """Train from this stage on and freeze what lies below: in the settings, or in the run that is on."""
        with self._lock:
            if self.is_training:
                self._steer("freeze_to", stage)
            else:
                self._choose_mine(line=stage)

    def set_lr(self, stage: str, lr: float) -> None:
        """Let a stage learn at this rate: in the settings, or in the run that is on."""
        self.set_rates({stage: lr})

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """The rates of several stages. In a run those of frozen stages are passed over."""
        with self._lock:
            if not self.is_training:
                self._choose_mine(stage_lrs={**self._own_rates, **rates})
                return
            trains = self.stage_names[self.line :]
            for stage, lr in rates.items():
                if len(rates) == 1 or stage in trains:
                    self._steer("set_lr", stage, lr)

    def start(self, paused: bool = False, blocking: bool = False) -> None:
        """Train. `blocking` trains in this thread, for places that do not show what a background thread sends.

        Raises:
            ValueError: a run is on already.
        """
        with self._lock:
            if self.is_training:
                raise ValueError("A run is on already. Pause or stop it first.")
            self.end()
            end_every_run(but=self)
            self.shown, self._trained_with = None, self.settings
            self._begins_from, self.begin_from = self.begin_from, None  # of this run alone
            self.previews.begin()
            self._trainer = Trainer(self._prepare, self.previews, self._state_changed, self._records_came)
            if paused:
                self._trainer.control.pause()
            _training.add(self)
        self.tell("state", "records", "frames")
        if blocking:
            self._trainer.drive()
        else:
            self._trainer.start()

    def pause(self) -> None:
        """Come to rest after this batch; nothing where no run is on."""
        if self._trainer:
            self._trainer.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._trainer:
            self._trainer.resume()

    def step(self) -> None:
        """Train one batch and rest; before a run this starts it."""
        if not self.is_training:
            self.start(paused=True)
        assert self._trainer is not None
        self._trainer.step()

    def stop(self) -> None:
        """End the run after its batch, or the replay."""
        if self.playing is not None:
            self.playing.stop()
        elif self._trainer:
            self._trainer.stop()

    def evaluate(self) -> None:
        """Measure held-out and source accuracy now."""
        if self._trainer and self.is_training:
            self._trainer.control.evaluate()

    def do(self, work: Callable[[nn.Module], Any], then: Callable[[Any], None], trouble: Callable[[str], None]) -> None:
        """Have the model looked at where it stands still; then `then` gets what came out, or `trouble` why nothing did.

            >>> session.do(lambda model: stage_drift(before, model), then=show, trouble=panel.complain)

        During a run this happens between two batches, in the thread that trains; else at once.
        """

        def job(model: nn.Module) -> None:
            try:
                found = work(model)
            except Exception as error:  # it must not end the run
                trouble(str(error) if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {error}")
            else:
                then(found)

        trainer = self._trainer
        if trainer is not None and self.is_training:
            trainer.control.do(lambda: job(trainer.model))  # type: ignore[arg-type]
        else:
            job(self.model)

    def show(self, run: FinishedRun | None) -> None:
        """Let the panels show a run of the past, or with None the newest again."""
        with self._lock:
            self._check_idle("A run is on, and the panels show it. Stop it first.")
            self.shown = run
        self.tell("state", "records", "frames")

    def compare(self, runs: Sequence[FinishedRun]) -> None:
        """Let the panels draw these runs behind the one on view; none of them takes them away.

        >>> session.compare(session.runs[:2])
        """
        self.compared = tuple(runs)
        self.tell("compared")

    def play(self, playing: Playing | None) -> None:
        """Let the panels follow a recorded run, or with None no longer (see `recording.py`)."""
        with self._lock:
            if playing is not None:
                self._check_idle("A run is on. Stop it before another is played.")
            self.playing = playing
        self.tell("state", "records", "frames")

    def wait(self, seconds: float = 600.0) -> bool:
        """Wait until the run is over; returns whether it is."""
        return self._trainer is None or self._trainer.wait(seconds)

    def end(self) -> None:
        """Stop whatever is on and wait for it."""
        self.stop()
        self.wait(PATIENCE)

    def close(self) -> None:
        """End the run, forget the listeners, and delete what was kept on the disk."""
        self.end()
        self._listeners.clear()
        self.history.close()

    # What the run does, in its own thread.

    def _prepare(
        self, control: Control
    ) -> tuple[nn.Module, RunLog, Snapshots, Iterator[Step | Measurement | Epoch | Run]]:
        settings = self._trained_with
        data, model = self.workshop.data(settings), self.workshop.model(settings)
        if self._begins_from is not None:
            model = model_at(self.workshop.pretrained(settings), self._begins_from)
        memory = None if settings.starts_from_random else self.workshop.memory(settings)
        recipe = settings.to_recipe(self.stage_names)
        records = fit(
            model, data, recipe, memory=memory, seed=settings.seed, device=settings.device, control=control,
            measurements_per_epoch=settings.measurements_per_epoch if memory else 0,
        )  # fmt: skip
        log = RunLog(recipe.batches_per_epoch(len(data.train)), recipe.epochs)
        if self._begins_from is not None:
            log.marks.append(Mark(0.0, "live", f"goes on from {self._begins_from.held_out_accuracy:.1%} held-out"))
        return model, log, self.history.room_for_snapshots(), records

    def _state_changed(self) -> None:
        if self._trainer is not None and self._trainer.is_over:
            self._remember(self._trainer)
        self.tell("state")

    def _records_came(self) -> None:
        self.tell("records", "frames")

    def _remember(self, trainer: Trainer) -> None:
        _training.discard(self)
        log = trainer.log
        if log is None or log.run is None or any(one.log is log for one in self.runs):
            return
        log.mark_all(log.run.commands)
        self.history.add(
            log.run, self._trained_with, self.stage_names, log, tuple(trainer.snapshots or ()), self.previews.frames
        )  # fmt: skip
        self.tell("records", "runs")

    def _steer(self, what: str, stage: str, value: float | None = None) -> None:
        trainer = self._trainer
        assert trainer is not None
        if stage not in self.stage_names:
            raise unknown("stage", stage, self.stage_names, owner="This model's stages are")
        if value is None:
            trainer.steer(lambda: trainer.control.freeze_to(stage))
        else:
            check_learning_rate(value)
            trainer.steer(lambda: trainer.control.set_lr(stage, value))
        if trainer.log is not None:
            trainer.log.mark(Command(trainer.log.steps, what, stage, value))
        self.tell("settings", "records")

    @property
    def _own_rates(self) -> dict[str, float]:
        return {**self.rates, **(self.settings.stage_lrs if self.settings.recipe == MINE else {})}

    def _choose_mine(self, line: str | None = None, stage_lrs: Mapping[str, float] | None = None) -> None:
        """A recipe of one's own, that starts from what is on view."""
        self.choose(recipe=MINE, line=line or self.line_name, stage_lrs=stage_lrs or self._own_rates)

    def _check_idle(self, sentence: str) -> None:
        if self.is_busy:
            raise ValueError(sentence)


def end_every_run(but: Session | None = None) -> None:
    """Stop the runs of all other labs of this process and wait for them: one at a time.

    >>> end_every_run()
    """
    for session in list(_training):
        if session is not but:
            session.end()
