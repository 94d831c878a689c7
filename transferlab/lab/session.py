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

import atexit
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from transferlab.control import Control
from transferlab.errors import check_learning_rate, unknown
from transferlab.explain.snapshot import Snapshot
from transferlab.lab.beginning import Beginning, begin
from transferlab.lab.data.given_data import choice_of
from transferlab.lab.on_view import IDLE, STATES, OnView, Playing
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.previews import SHARE
from transferlab.lab.settings import MINE
from transferlab.lab.trainer import Trainer
from transferlab.records import Command

__all__ = ["IDLE", "STATES", "Playing", "Session", "end_every_run"]

LAST_PATIENCE = 10.0  # seconds that the interpreter waits for a thread when it ends
PATIENCE = 60.0  # seconds that a run has to finish its batch when another starts

_training: "weakref.WeakSet[Session]" = weakref.WeakSet()


class Session(OnView):
    """The lab behind its panels.

        >>> session = Session("bundled", "objects", recipe="feature_extraction")
        >>> session.state, session.line_name, session.rates
        ('ready', 'fc', {'fc': 0.003})

    `backbone` is a name for `load` or a model of your own, which stays as it is; `data` a drawn target or a question to
    the sound world by its name, a folder, Splits, or a choice of `data_choice` or `sound_choice`. Further arguments are
    `Settings`. `preview_share` is the part of the training time that pictures may take.

    Raises:
        ValueError: no such backbone, data or setting.
    """

    def __init__(
        self, backbone: str | nn.Module = "bundled", data: object = "objects", *, preview_share: float = SHARE,
        **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(backbone, data, preview_share, settings)
        self.begin_from: Snapshot | None = None  # the state that the next run starts from; see `going_on.py`
        self._begins_from: Snapshot | None = None

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

    def _prepare(self, control: Control) -> Beginning:
        return begin(self.workshop, self._trained_with, control, self.history.room_for_snapshots, self._begins_from)

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


@atexit.register
def leave() -> None:
    """End what is on before the interpreter goes down: a thread that it cuts off within torch aborts the process.

    >>> leave()
    """
    end_every_run()
    for thread in threading.enumerate():
        if thread.name.startswith("transferlab") and thread.name != "transferlab replay":  # which only waits
            thread.join(LAST_PATIENCE)
