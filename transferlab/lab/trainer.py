"""One run in a thread of its own: it trains, keeps the log, looks inside when there is time, and says how it stands.

    trainer = Trainer(prepare, log, previews, on_state, on_records)
    trainer.start()                       # or trainer.drive(), in the foreground
    trainer.control.pause()

Nothing here waits for a reader, and nobody but this thread touches the model while a run is on. An exception does not
get lost in the thread: the state is then "failed" and `failure` says why. Left out: charts and words, which are the
listeners'.
"""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from torch import nn

from transferlab.control import Control
from transferlab.explain.snapshots import Snapshots
from transferlab.lab.log import RunLog
from transferlab.lab.previews import Previews
from transferlab.lab.time_left import Clock
from transferlab.records import Epoch, Run

UPDATES_PER_SECOND = 2.0  # more would be seen, and would cost the run
ENDED = ("finished", "stopped", "failed")


@dataclass(frozen=True)
class Failure:
    """Why a run ended: a sentence for whoever reads the panel, and the details."""

    sentence: str
    details: str


class Trainer:
    """A run that is set up by `prepare`, which gives the model and its records, in the thread that trains.

    `state` goes from "preparing" over "running", "pausing", "paused" and "stopping" to "finished", "stopped" or
    "failed". `on_state` and `on_records` are called without arguments, from this thread or the one that asked.
    """

    def __init__(
        self, prepare: Callable[[Control], tuple[nn.Module, RunLog, Snapshots, Iterator[Any]]], previews: Previews,
        on_state: Callable[[], None], on_records: Callable[[], None],
    ) -> None:  # fmt: skip
        self._prepare, self.previews = prepare, previews
        self._on_state, self._on_records = on_state, on_records
        self.control = Control(on_pause=self._rests)
        self.model: nn.Module | None = None
        self.log: RunLog | None = None
        self.snapshots: Snapshots | None = None
        self.failure: Failure | None = None
        self.clock = Clock()  # of training: pauses and pictures are left out
        self.state = "preparing"
        self._rested = False
        self._done = threading.Event()
        self._steering: list[Callable[[], None]] = []  # what was asked for before the run could obey
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def is_over(self) -> bool:
        return self.state in ENDED

    def start(self) -> None:
        """Train in a thread that does not keep the process alive."""
        self._thread = threading.Thread(target=self.drive, name="transferlab training", daemon=True)
        self._thread.start()

    def drive(self) -> None:
        """Train in this very thread, to the end."""
        try:
            self._train()
        except BaseException as error:  # KeyboardInterrupt included: the state must never be wrong
            self._fail(error)
            if self._thread is None and not isinstance(error, Exception):
                raise
        finally:
            self._done.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the run is over, at most so long; returns whether it is.

        For an event and not by join, which an interrupt would leave with `is_alive()` false while the thread runs on
        (Python 3.11).
        """
        if not self._done.wait(seconds):
            return False
        while self._thread is not None and self._thread is not threading.current_thread() and self._thread.is_alive():
            time.sleep(0.001)  # its last line
        return True

    def steer(self, ask: Callable[[], None]) -> None:
        """Ask something of the control; while the run gets ready this waits until it can be asked."""
        with self._lock:
            if self.state == "preparing":
                self._steering.append(ask)
                return
        ask()

    def pause(self) -> None:
        """Come to rest after this batch."""
        if self._thread is None:
            raise ValueError("This run trains in the foreground and cannot be paused; interrupt the kernel to end it.")
        self._ask("pausing", ("preparing", "running"), self.control.pause)

    def resume(self) -> None:
        """Go on."""
        self._ask("running", ("preparing", "paused", "pausing"), self.control.resume)

    def step(self) -> None:
        """Train one batch and come to rest."""
        self._ask("pausing", ("preparing", "running", "paused", "pausing"), self.control.step)

    def stop(self) -> None:
        """End after this batch."""
        self._ask("stopping", ("preparing", "running", "paused", "pausing"), self.control.stop)

    def _ask(self, state: str, of: tuple[str, ...], ask: Callable[[], None]) -> None:
        with self._lock:
            if self.state not in of:
                return  # it was over, or at it, before the button was pressed
            if self.state != "preparing" or state == "stopping":
                self.state = state
            ask()
        self._on_state()

    def _rests(self) -> None:
        self._rested = True
        with self._lock:
            if self.state in ("running", "pausing"):
                self.state = "paused"
        self._on_records()
        self._on_state()

    def _train(self) -> None:
        self.model, self.log, self.snapshots, records = self._prepare(self.control)
        with self._lock:
            if self.state == "preparing":
                self.state = "running"
            for ask in self._steering:
                with suppress(ValueError):  # a rate for a stage that the next request froze
                    ask()
        self._on_state()
        told = since = time.perf_counter()
        seconds = 0.0
        for record in records:
            now = time.perf_counter()
            if not self._rested:
                seconds += now - since
            self._rested = False
            self.log.add(record)
            self.clock.tick(self.log.position, seconds)
            if isinstance(record, Epoch):
                self.snapshots.keep(record, self.model)
            self.previews.follow(record, self.model, self.log.position, seconds)
            if isinstance(record, Run) or now - told >= 1 / UPDATES_PER_SECOND:
                self._on_records()
                told = time.perf_counter()
            since = time.perf_counter()
        run = self.log.run
        assert run is not None
        with self._lock:
            self.state = "stopped" if run.stopped else "finished"
        self._on_state()

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, ValueError | OSError):
            sentence = str(error)
        elif isinstance(error, KeyboardInterrupt):
            sentence = "The run was interrupted. Start begins anew."
        else:
            sentence = f"The run broke off ({type(error).__name__}: {error}). Start begins anew."
        self.failure = Failure(sentence, "".join(traceback.format_exception(error)))
        error.__traceback__ = None  # its frames would hold the model and the batch in memory (pytorch#27600)
        with self._lock:
            self.state = "failed"
        self._on_state()
