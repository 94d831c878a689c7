"""Looking into a model while it trains, at a bounded cost: pictures of it are taken when there is time for them.

    previews = Previews(share=0.04)
    previews.watch("filters", look)
    for record in fit(model, data, recipe): previews.follow(record, model)

Every view is a function from a model to a `Frame`. What a view takes is measured, and it is not asked again until all
of them together have taken less than `share` of the training time: on a slow machine pictures come more rarely, and the
run is never slowed by more. Frames are kept by their epoch, for a slider over the run. Left out: looking at a run's
weights afterwards (`session.look_back`), which costs the run nothing.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from transferlab.records import Epoch, Step

SHARE = 0.04  # of the training time
MOST = 60  # frames kept of each view, evenly over the run


@dataclass(frozen=True)
class Frame:
    """What a view saw: PNG pictures by name, and facts in JSON's types for its words and numbers."""

    pictures: Mapping[str, bytes] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Previews:
    """The views of one run and the frames they gave: `frames[view][epoch]`.

    >>> previews.watch("drift", lambda model: Frame(facts={"conv1": 0.0}))
    >>> previews.follow(record, model, position=2.5, trained=31.0)
    True
    """

    def __init__(self, share: float = SHARE) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"share is the part of the training time for previews, 0…1; you gave {share!r}.")
        self.share = share
        self.frames: dict[str, dict[float, Frame]] = {}
        self.errors: dict[str, str] = {}  # what a view could not do, in words
        self.seconds = 0.0  # taken by views
        self._views: dict[str, Callable[[nn.Module], Frame]] = {}
        self._due: list[str] = []
        self._lock = threading.Lock()

    def watch(self, name: str, view: Callable[[nn.Module], Frame]) -> None:
        """Add a view, or put another in its place; its frames of before are dropped."""
        with self._lock:
            self._views[name] = view
            self.frames[name] = {}
            self.errors.pop(name, None)
            if name not in self._due:
                self._due.insert(0, name)  # it was just asked for

    def unwatch(self, name: str) -> None:
        """Stop looking; frames stay."""
        with self._lock:
            self._views.pop(name, None)
            self._due = [one for one in self._due if one != name]

    def begin(self) -> None:
        """A run starts: frames of the one before are dropped, and its time is no longer counted."""
        with self._lock:
            self.seconds = 0.0
            self._due = list(self._views)
            self.errors = {}
            for frames in self.frames.values():
                frames.clear()

    def follow(self, record: object, model: nn.Module, position: float, trained: float) -> bool:
        """Take the next picture if there is time for it; returns whether one was taken.

        `position` counts epochs, `trained` the seconds of training so far. Of the model before training every view
        takes one; after that they take turns.
        """
        if not isinstance(record, Step | Epoch):
            return False
        with self._lock:
            first = isinstance(record, Epoch) and record.epoch == 0
            names = list(self._views) if first else self._due[:1]
            if not self._views or (not first and self.seconds > self.share * trained):
                return False
            self._due = self._due[1:] or list(self._views)
        for name in names:
            self.take(name, model, position)
        return True

    def take(self, name: str, model: nn.Module, position: float) -> Frame | None:
        """Look now. What a view cannot do is noted in `errors` and does not end the run."""
        view = self._views.get(name)
        if view is None:
            return None
        start = time.perf_counter()
        try:
            frame = view(model)
        except Exception as error:  # a picture less must not cost the run
            self.errors[name] = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            self._views.pop(name, None)
            return None
        finally:
            self.seconds += time.perf_counter() - start
        with self._lock:
            frames = self.frames.setdefault(name, {})
            frames[round(position, 3)] = frame
            if len(frames) > MOST:  # every second one goes, never the first and the last
                for epoch in sorted(frames)[1:-1:2]:
                    del frames[epoch]
        return frame
