"""Steering a run while it trains: pause, step, stop, set a learning rate, move the freeze line, evaluate, look inside.

    control = Control()
    for record in fit(model, data, "fine_tuning", control=control): ...      # in a thread of its own
    control.set_lr("layer4", 1e-5)                                           # from any other

A method only leaves a note and returns at once; the run reads its notes between two batches, in the order in which they
were left. What is wrong is said to whoever asked, not to the run. A rate or a freeze line set by hand holds until the
phase ends, since the next phase sets its own. Left out: undoing.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from transferlab.errors import check_learning_rate, unknown


@dataclass(frozen=True)
class Request:
    """A note for the run: `what` is "set_lr", "freeze_to", "evaluate" or "do"."""

    what: str
    stage: str | None = None
    value: float | None = None
    work: Callable[[], None] | None = None


class Control:
    """What a run obeys; give it to `fit`. One run at a time, from as many threads as you like.

    >>> control = Control()
    >>> records = fit(model, data, "fine_tuning", control=control)
    >>> control.pause()
    >>> control.set_lr("fc", 1e-4)
    >>> control.resume()

    `state` is "waiting" (no run yet), "running", "paused", "stopped" or "finished". `on_pause` is called by the run, in
    its own thread, when it has come to rest; until then a pause is only asked for.
    """

    def __init__(self, on_pause: Callable[[], None] = lambda: None) -> None:
        self.on_pause = on_pause
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._paused = self._stopped = False
        self._batches = 0  # so many may be trained although the run is paused
        self._state = "waiting"
        self._stages: tuple[str, ...] = ()
        self._line = 0  # the first stage that trains, once every request so far has been obeyed
        self._thread: int | None = None

    @property
    def state(self) -> str:
        """Where the run stands, as far as it was asked."""
        with self._changed:
            if self._state == "running" and self._stopped:
                return "stopped"
            return "paused" if self._state == "running" and self._paused else self._state

    @property
    def stopped(self) -> bool:
        """Whether somebody asked the run to stop."""
        return self._stopped

    @property
    def line(self) -> str | None:
        """The first stage that trains, once every request so far has been obeyed; None before there is a run."""
        with self._changed:
            return self._stages[self._line] if self._stages else None

    def pause(self) -> None:
        """Let the run finish its batch and wait. `evaluate`, `set_lr` and `freeze_to` are obeyed while it does.

        Raises:
            ValueError: asked by the very thread that trains, which would then wait for itself.
        """
        with self._changed:
            if self._thread == threading.get_ident() and self._state == "running":
                raise ValueError(
                    "This thread iterates over fit, so pausing here would wait for itself for ever. Simply do not ask "
                    "for the next record until you want it; pause() is for other threads."
                )
            self._paused = not self._is_over

    def resume(self) -> None:
        """Let a paused run go on."""
        with self._changed:
            self._paused, self._batches = False, 0
            self._changed.notify_all()

    def step(self) -> None:
        """Let a paused run train one batch; one that is not is paused, after the next batch.

        >>> control.pause()
        >>> control.step()
        """
        with self._changed:
            if not self._is_over:
                self._paused = True
                self._batches += 1
                self._changed.notify_all()

    def stop(self) -> None:
        """Let the run finish its batch, save where it stands if it keeps checkpoints, and end."""
        with self._changed:
            self._stopped = not self._is_over  # what comes too late must not stop the next run
            self._changed.notify_all()

    def set_lr(self, stage: str, lr: float) -> None:
        """Train a stage at this rate from now until the phase ends, whatever the schedule says.

            >>> control.set_lr("layer4", 1e-5)

        Raises:
            ValueError: no such stage, a frozen one, or no learning rate.
        """
        lr = check_learning_rate(lr)
        with self._changed:
            if self._index(stage) < self._line:
                raise ValueError(
                    f"'{stage}' is frozen and has no learning rate: the first stage that trains is "
                    f"'{self._stages[self._line]}'. Type control.freeze_to('{stage}') first."
                )
            self._leave(Request("set_lr", stage, lr))

    def freeze_to(self, stage: str) -> None:
        """Move the freeze line: everything before `stage` is frozen from the next batch on, `stage` and the rest train.

            >>> control.freeze_to("layer3")

        Stages that thaw learn at the phase's rate for the backbone, or where it has none at a tenth of the head's.

        Raises:
            ValueError: no such stage.
        """
        with self._changed:
            self._line = self._index(stage)
            self._leave(Request("freeze_to", stage))

    def evaluate(self) -> None:
        """Ask for a `Measurement` on all held-out and source images before the next batch."""
        with self._changed:
            self._leave(Request("evaluate"))

    def do(self, work: Callable[[], None]) -> None:
        """Have a function called between two batches, in the run's thread, where the model stands still.

            >>> control.do(lambda: drifts.append(stage_drift(before, model)))

        It may look and must leave the model as it is. What it raises ends the run, as anywhere in it.
        """
        with self._changed:
            self._leave(Request("do", work=work))

    # What follows is the run's side.

    def meet(self, stages: tuple[str, ...], line: int) -> None:
        """The run introduces its stages and its freeze line; called again whenever the line moves by itself.

        Raises:
            ValueError: another run obeys this control already.
        """
        with self._changed:
            if self._state == "running" and self._thread != threading.get_ident():
                raise ValueError("This Control steers another run already; give every run one of its own.")
            self._stages, self._line = stages, line
            if self._is_over:
                self._state = "waiting"

    def begin(self) -> None:
        """The run starts, in this thread. What was asked for before holds from its first batch."""
        with self._changed:
            if self._state == "running":
                raise ValueError("This Control steers another run already; give every run one of its own.")
            self._state, self._thread = "running", threading.get_ident()

    def take(self) -> list[Request]:
        """The requests since the last time; waits while the run is paused and nothing is asked of it."""
        with self._changed:
            self._thread = threading.get_ident()
            resting = self._has_to_wait
        if resting:
            self.on_pause()  # without the lock: it may ask for the state
        with self._changed:
            while self._has_to_wait:
                self._changed.wait()
            taken, self._requests = self._requests, []
            return taken

    def may_train(self) -> bool:
        """Whether the run may train a batch now, rather than stay where it is; a single step is used up by asking."""
        with self._changed:
            if not self._paused or self._stopped:
                return True
            if not self._batches:
                return False
            self._batches -= 1
            return True

    def end(self) -> None:
        """The run is over; another may start. What was still to be looked at is looked at now, in the run's thread."""
        with self._changed:
            self._state = "stopped" if self._stopped else "finished"
            left = [request.work for request in self._requests if request.work]
            self._paused = self._stopped = False
            self._requests, self._batches, self._thread = [], 0, None
        for work in left:
            work()

    @property
    def _has_to_wait(self) -> bool:
        return self._paused and not self._stopped and not self._requests and not self._batches

    @property
    def _is_over(self) -> bool:
        return self._state in ("stopped", "finished")

    def _index(self, stage: str) -> int:
        if not self._stages:
            raise ValueError("This Control steers no run yet: give it to fit(…, control=control) first.")
        if stage not in self._stages:
            raise unknown("stage", stage, self._stages, owner="This model's stages are")
        return self._stages.index(stage)

    def _leave(self, request: Request) -> None:
        if self._is_over:
            raise ValueError(f"This run is over ({self._state}). Give the control to another: fit(…, control=control).")
        self._requests.append(request)
        self._changed.notify_all()


@contextmanager
def stopping_on_signals(control: Control) -> Iterator[None]:
    """Inside the block Ctrl-C and a polite kill stop the run after its batch; then they do what they always do.

        >>> with stopping_on_signals(control):
        ...     for record in fit(model, data, control=control): ...
        KeyboardInterrupt

    So a run with checkpoints is saved first, and a script that is killed does not go on with its next run. A second
    signal does not wait for the batch. Signals go to the main thread only; in any other this changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # A process that ignores a signal, as one behind nohup does, goes on ignoring it.
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    received: list[int] = []

    def stop(number: int, frame: object) -> None:
        received.append(number)
        for one, handler in before.items():
            signal.signal(one, handler)
        control.stop()

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for signal_number in received:
        signal.raise_signal(signal_number)
