"""Which learning rate would suit each stage? lr_find for one after the other, in a thread, only while no run is on.

    search = RateSearch(session, on_change=panel.refresh)
    search.start()                 # the stages that train now, the head first
    search.found["layer4"]         # RateBand(low=9e-05, valley=1.4e-04, high=2.1e-04)
    search.cancel()

Each stage is swept alone, with everything below it frozen and all above at rest, on a model of the search's own: so a
result does not depend on the freeze line, and moving that line loses none. A run that starts ends the search before its
first batch: both draw random numbers, and would disturb each other. Left out: rates that depend on one another.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from transferlab.freezing import freeze_to
from transferlab.lab.session import Session
from transferlab.lr_find import LRCurve, lr_find
from transferlab.stages import stages

SWEEPS = 3  # of each stage: one alone is mostly luck
PATIENCE = 60.0  # seconds that a search has to finish its batch when it is cancelled

at_work = threading.Lock()  # one search or race at a time in a process: two would wait for each other


class _Cancelled(Exception):
    """Somebody no longer wants to know."""


@dataclass(frozen=True)
class RateBand:
    """Where the valleys of a stage's sweeps lie: the lowest, the one in the middle, the highest."""

    low: float
    valley: float
    high: float


class RateSearch:
    """Searches for rates in the background and keeps what it found for as long as it holds.

        >>> search = RateSearch(session, on_change=lambda: None)
        >>> search.start()
        >>> search.is_on, search.stage, search.done, search.total
        (True, 'fc', 1, 6)

    `found` has a band for each stage that was swept; other images, another backbone, batch size or BatchNorm mode empty
    it. `done` of `total` sweeps are through. `failure` says in a sentence why the last search broke off. `on_change` is
    called without arguments, from any thread.
    """

    def __init__(self, session: Session, on_change: Callable[[], None]) -> None:
        self.session, self._on_change = session, on_change
        self.found: dict[str, RateBand] = {}
        self.stage, self.done, self.total = "", 0, 0
        self.failure: str | None = None
        self._about = self._subject()
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._unsubscribe = session.subscribe(self._heard)

    @property
    def is_on(self) -> bool:
        return self._thread is not None

    @property
    def missing(self) -> tuple[str, ...]:
        """The stages that train now and were not swept yet, the head first."""
        trains = self.session.stage_names[self.session.line :]
        return tuple(name for name in reversed(trains) if name not in self.found)

    def start(self) -> None:
        """Sweep the stages that are missing.

        Raises:
            ValueError: a run or a search is on, or nothing is missing.
        """
        if self.session.is_busy:
            raise ValueError("A run is on, and the search would take its time. Stop it first, or wait for its end.")
        wanted = self.missing
        if not wanted:
            raise ValueError("Every stage that trains has its suggestion already. They hold until the data changes.")
        with self._lock:
            if self.is_on or not at_work.acquire(blocking=False):
                raise ValueError("A search for rates or a race is on already. Stop it, or wait for its end.")
            self._cancelled.clear()
            self.stage, self.done, self.total, self.failure = wanted[0], 0, SWEEPS * len(wanted), None
            self._thread = threading.Thread(
                target=self._search, args=(wanted,), name="transferlab rate search", daemon=True
            )
            self._thread.start()
        self._on_change()

    def cancel(self) -> None:
        """End the search after its batch and wait for that; what was found stays. Nothing where none is on."""
        with self._lock:
            thread = self._thread
            self._cancelled.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(PATIENCE)

    def close(self) -> None:
        """Cancel, and listen no longer."""
        self._unsubscribe()
        self.cancel()

    def _search(self, wanted: tuple[str, ...]) -> None:
        try:
            model = self._model()
            for stage in wanted:
                self.stage = stage
                self._on_change()
                self.found = {**self.found, stage: self._sweep(model, stage)}
        except _Cancelled:
            pass
        except Exception as error:  # nobody sees what a thread raises
            known = isinstance(error, ValueError | OSError)
            self.failure = str(error) if known else f"The search broke off ({type(error).__name__}: {error})."
        finally:
            at_work.release()
            self._thread = None
            self._on_change()

    def _model(self) -> nn.Module:
        """A model that asks before each batch whether it is still wanted; its head is called for every one."""
        model = self.session.workshop.model(self.session.settings)

        def ask(*_: object) -> None:
            if self._cancelled.is_set():
                raise _Cancelled

        for name in stages(model).head.modules:
            model.get_submodule(name).register_forward_pre_hook(ask)
        return model

    def _sweep(self, model: nn.Module, stage: str) -> RateBand:
        settings, data = self.session.settings, self.session.data
        freeze_to(model, stage, bn=settings.bn)
        losses: list[tuple[float, ...]] = []
        for i in range(SWEEPS):
            curve = lr_find(
                model, data, stage, repeats=1, batch_size=settings.batch_size, seed=settings.seed + i,
                device=settings.device,
            )  # fmt: skip
            losses += curve.losses
            self.done += 1
            if i < SWEEPS - 1:
                self._on_change()
        curve = LRCurve(curve.rates, tuple(losses), stage)
        low, high = curve.band
        return RateBand(low, curve.valley, high)

    def _subject(self) -> tuple[object, ...]:
        """What the results depend on."""
        one = self.session.settings
        return one.backbone, one.data, one.batch_size, one.bn, one.seed, one.device, one.starts_from_random

    def _heard(self, event: str) -> None:
        if event == "state" and self.session.is_training:
            self.cancel()
        elif event in ("settings", "data") and self._subject() != self._about:
            self._about = self._subject()
            self.cancel()
            self.found = {}
            self._on_change()
