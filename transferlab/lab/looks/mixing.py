"""Mixtures of a run's last state with the pretrained backbone (WiSE-FT), measured in the background, one by one.

    mixer = Mixer(session, on_point=show, on_trouble=say)
    mixer.want(*COARSE)                 # eleven points, in a thread of their own
    mixer.want(0.37)                    # this one first
    mixer.mixing.model(0.37)

What is asked for last is measured first. A run that starts ends the measuring: two at once would only wait for each
other. Left out: the mixing itself; see `wise_ft.py`.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import nn

from transferlab.data.images import Splits
from transferlab.explain.snapshot import model_at
from transferlab.forgetting import SourceMemory
from transferlab.heads import head_of
from transferlab.lab.looks.subject import Subject, subject_of
from transferlab.lab.session import Session
from transferlab.wise_ft import Mixture, between, wise_ft

COARSE = tuple(tenth / 10 for tenth in range(11))
PLACES = 3  # of an alpha: two that are nearer to each other are one


@dataclass(eq=False)
class Mixing:
    """Two ends, and what is known of the way between; `moved` says whether they differ at all in front of the head.

    >>> mixing = Mixing(load("bundled"), tuned, data, memory)
    >>> mixing.measure(0.5).source_accuracy
    0.71
    """

    pretrained: nn.Module
    tuned: nn.Module
    data: Splits
    memory: SourceMemory | None
    points: dict[float, Mixture] = field(default_factory=dict)

    @cached_property
    def moved(self) -> bool:
        head = f"{head_of(self.tuned)[0]}."
        before, after = self.pretrained.state_dict(), self.tuned.state_dict()
        return any(
            not torch.equal(value.cpu(), before[name].cpu())
            for name, value in after.items()
            if not name.startswith(head) and value.is_floating_point()
        )

    def measure(self, alpha: float) -> Mixture:
        """Held-out and source accuracy at `alpha`, evaluated once.

        Raises:
            ValueError: alpha lies outside 0…1.
        """
        alpha = round(alpha, PLACES)
        if alpha not in self.points:
            self.points[alpha] = between(self.pretrained, self.tuned, self.data, self.memory, (alpha,))[0]
        return self.points[alpha]

    def model(self, alpha: float) -> nn.Module:
        """A new model: the mixture, with the run's own head."""
        return wise_ft(self.pretrained, self.tuned, alpha)


def why_not(subject: Subject, is_training: bool) -> str | None:
    """Why nothing can be mixed, in a sentence; None where it can.

    >>> why_not(subject_of(session), session.is_training)
    'There is nothing to mix before the first run.'
    """
    if is_training:
        return "Mixing waits until the run is over."
    if subject.is_played:
        return "A recorded run is played; mix when it is over."
    if subject.run is None:
        return "There is nothing to mix before the first run."
    if subject.settings.starts_from_random:
        return "This run started from random weights, so there is no pretrained backbone to mix it with."
    if not subject.snapshots:
        return "No state of this run's model was kept, so that there is nothing to mix. Train it again."
    return None


class Mixer:
    """Measures mixtures of the run that the session shows, in a thread of its own.

    `on_point` is called after each measurement, `on_trouble` with a sentence where one failed. `mixing` is None until
    something was asked for. Where nothing moved, nothing is measured.
    """

    def __init__(self, session: Session, on_point: Callable[[], None], on_trouble: Callable[[str], None]) -> None:
        self.session, self._on_point, self._on_trouble = session, on_point, on_trouble
        self.mixing: Mixing | None = None
        self._of: object = None
        self._wanted: list[float] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        self._lock = threading.Lock()

    @property
    def is_measuring(self) -> bool:
        return self._thread is not None

    def look(self) -> Subject:
        """The run on view; where it is another than before, what was measured is let go."""
        subject = subject_of(self.session)
        with self._lock:
            if self._of is not subject.of:
                self._of, self.mixing, self._wanted = subject.of, None, []
        return subject

    def prepare(self) -> Mixing:
        """Both ends of the run on view.

        Raises:
            ValueError: there is nothing to mix; the sentence says why.
        """
        subject = self.look()
        reason = why_not(subject, self.session.is_training)
        if reason:
            raise ValueError(reason)
        if self.mixing is None:
            workshop, settings = subject.workshop, subject.settings
            pretrained, data, memory = workshop.pretrained(settings), subject.data, workshop.memory(settings)
            mixing = Mixing(pretrained, model_at(pretrained, subject.snapshots[-1]), data, memory)
            with self._lock:
                if self._of is subject.of and self.mixing is None:
                    self.mixing = mixing
            return mixing
        return self.mixing

    def want(self, *alphas: float) -> None:
        """Have these measured, before all that was asked for earlier.

        Raises:
            ValueError: there is nothing to mix, or an alpha outside 0…1.
        """
        for alpha in alphas:
            if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
                raise ValueError(f"alpha lies within 0 (pretrained) … 1 (fine-tuned); you gave {alpha!r}.")
        reason = why_not(self.look(), self.session.is_training)
        if reason:
            raise ValueError(reason)
        with self._lock:
            new = [round(float(alpha), PLACES) for alpha in alphas]
            self._wanted = [*new, *(one for one in self._wanted if one not in new)]
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._measure, name="transferlab mixtures", daemon=True)
                self._thread.start()

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until all is measured; returns whether it is."""
        until = time.monotonic() + seconds
        while self.is_measuring and time.monotonic() < until:
            time.sleep(0.005)
        return not self.is_measuring

    def close(self) -> None:
        """Measure no more, and wait for what is being measured."""
        self._closed = True
        self.wait()

    def _measure(self) -> None:
        try:
            while (alpha := self._next()) is not None:
                mixing = self.prepare()
                if mixing.moved:  # else every mixture is the same model
                    mixing.measure(alpha)
                self._on_point()
        except Exception as error:  # in a thread nobody else would see it
            with self._lock:
                self._wanted, self._thread = [], None
            self._on_trouble(
                str(error) if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {error}"
            )
        self._on_point()

    def _next(self) -> float | None:
        """The next alpha; None ends the thread, and whatever is asked for from then on starts another."""
        with self._lock:
            mixing = self.mixing
            if self._closed or self.session.is_training or (mixing and not mixing.moved):
                self._wanted = []
            known = mixing.points if mixing else {}
            self._wanted = [one for one in self._wanted if one not in known]
            if self._wanted:
                return self._wanted.pop(0)
            self._thread = None
            return None
