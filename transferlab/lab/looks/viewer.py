"""What one view of the lab has to show: pictures taken while the run trained, and those made of its kept states.

    viewer = Viewer(session, "drift", lambda subject: DriftLook(subject.start, subject.data.held_out))
    viewer.follow(True)
    viewer.positions                          # (0.0, 0.4, 1.0, …), in epochs
    viewer.find(3.0, then=show, trouble=say)

A position without a picture is looked at in the snapshot of that epoch: in the training thread while a run is on, else
at once. Left out: drawing, and where along the run to look (`scrub.py`).
"""

import threading
from collections.abc import Callable
from typing import Any

from torch import nn

from transferlab.explain.snapshot import model_at
from transferlab.lab.looks.look import Look, NoLook
from transferlab.lab.looks.subject import Subject, next_subject, subject_of
from transferlab.lab.previews import MOST, Frame
from transferlab.lab.session import Session

NOTHING = "There is no picture of this moment, and no state of the model was kept that one could be made of."


class Viewer:
    """One view over all runs of a session: `make(subject)` gives the look for a run's images and start.

    `turn` counts what the pictures belong to: another run, other images or other choices. `change()` is to be called
    where the choices changed, `keep_up()` where the settings did. All may be called from any thread.
    """

    def __init__(self, session: Session, name: str, make: Callable[[Subject], Look]) -> None:
        self.session, self.name, self._make = session, name, make
        self.turn = 0
        self._looks: list[tuple[tuple[object, ...], Look]] = []  # of the run on view, and of the next one
        self._on_view: tuple[object, Look | None] | None = None
        self._made: dict[float, Frame] = {}
        self._before: list[Frame] = []  # one, once it was asked for
        self._follows = False
        self._watched: Look | None = None
        self._lock = threading.RLock()

    @property
    def follows(self) -> bool:
        """Whether pictures are taken while a run trains."""
        return self._follows

    def follow(self, on: bool) -> None:
        """Have pictures taken while runs train, or no longer; those that were taken stay."""
        self._follows = on
        if on:
            self.keep_up()
        elif self._watched is not None:
            self._watched = None
            self.session.previews.unwatch(self.name)

    def keep_up(self) -> None:
        """Watch with a look that fits the settings, where it follows; what failed is tried again in the next run."""
        if self.trouble and not self.session.is_training:
            self._watched = None
        look = self._look(next_subject(self.session)) if self._follows else None
        if isinstance(look, NoLook):
            self._watched = None
            self.session.previews.unwatch(self.name)
        elif look is not None and look is not self._watched:
            self._watched = look
            self.session.previews.watch(self.name, look)

    def change(self) -> None:
        """Other choices: other pictures, here and while a run trains.

        Raises:
            ValueError: `make` has something against them.
        """
        self._looks = []
        self.subject()
        self.keep_up()

    def subject(self) -> Subject:
        """The run on view; where it is another than the last time, its pictures begin anew."""
        with self._lock:
            subject = subject_of(self.session)
            now = subject.of, self._look(subject)
            if self._on_view is None or self._on_view[0] is not now[0] or self._on_view[1] is not now[1]:
                self._on_view, self._made, self._before = now, {}, []
                self.turn += 1
            return subject

    @property
    def trouble(self) -> str | None:
        """Why no pictures are taken of the run any more, in a sentence; None where they are."""
        return self.session.previews.errors.get(self.name)

    @property
    def nothing(self) -> str:
        """Why there is nothing to look at in this network, in a sentence; empty where there is something."""
        look = self._look(self.subject())
        return look.why if isinstance(look, NoLook) else ""

    @property
    def known(self) -> dict[float, Frame]:
        """The pictures that are there already, by their epoch."""
        return self._known(self.subject())

    @property
    def positions(self) -> tuple[float, ...]:
        """The epochs that there is something to see of, ascending; 0 alone before the first run."""
        subject = self.subject()
        found = {*self._known(subject), *(float(one.epoch) for one in subject.snapshots)}
        return tuple(sorted(found)) or ((0.0,) if subject.log is None else ())

    def find(self, position: float, then: Callable[[Frame], None], trouble: Callable[[str], None]) -> None:
        """Give `then` the picture of a position, made now where there is none yet; or `trouble` the reason.

        >>> viewer.find(viewer.positions[-1], then=show, trouble=panel.complain)
        """
        subject = self.subject()
        look, made = self._look(subject), self._made
        frame = self._known(subject).get(position)
        snapshot = next((one for one in subject.snapshots if one.epoch == position), None)
        if frame is not None:
            then(frame)
        elif look is None or (snapshot is None and (subject.log is not None or position != 0)):
            trouble(NOTHING)
        else:

            def work(model: nn.Module) -> Frame:
                then_model = model_at(subject.workshop.pretrained(subject.settings), snapshot) if snapshot else model
                while len(made) >= MOST:
                    del made[next(iter(made))]
                made[position] = look(then_model)
                return made[position]

            self._do(work, then, trouble, snapshot is None)

    def before(self, then: Callable[[Frame], None], trouble: Callable[[str], None]) -> None:
        """Give `then` the picture of the model that the run started from."""
        subject = self.subject()
        look, kept = self._look(subject), self._before
        if look is None:  # a recorded run: its first picture has to serve
            first = self._known(subject).get(0.0)
            then(first) if first is not None else trouble(NOTHING)
            return

        def work(model: nn.Module) -> Frame:
            if not kept:
                kept.append(look.before())
            return kept[0]

        if kept:
            then(kept[0])
        else:
            self._do(work, then, trouble, False)

    def _do(
        self, work: Callable[[Any], Frame], then: Callable[[Frame], None], trouble: Callable[[str], None],
        needs_model: bool,
    ) -> None:  # fmt: skip
        """In the training thread between two batches while there is one, else here."""
        if self.session.is_training:
            self.session.do(work, then, trouble)
            return
        try:
            frame = work(self.session.model if needs_model else None)
        except (ValueError, OSError) as error:
            trouble(str(error))
        else:
            then(frame)

    def _known(self, subject: Subject) -> dict[float, Frame]:
        """Pictures of the choices on view; where no others can be made, all that there are."""
        look = self._look(subject)
        taken = dict(subject.frames.get(self.name, {}))  # one copy: the thread that trains adds to it
        if look is not None and (subject.snapshots or subject.log is None or self.session.is_training):
            taken = {at: frame for at, frame in taken.items() if frame.facts.get("asked") == look.asked}
        return {**taken, **self._made}

    def _look(self, subject: Subject) -> Look | None:
        """The look for a subject, made once; None where its images or its model are not here."""
        if subject.is_played:
            return None
        with self._lock:
            for key, look in self._looks:
                if key == subject.looks_alike:
                    return look
            try:
                _ = subject.data, subject.start
            except (ValueError, OSError):
                return None
            look = self._make(subject)
            self._looks = [*self._looks[-1:], (subject.looks_alike, look)]
            return look
