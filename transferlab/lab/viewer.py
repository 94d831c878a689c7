"""What one view of the lab has to show: pictures taken while the run trained, and those made of its kept states.

    viewer = Viewer(session, "drift", lambda subject: DriftLook(subject.start, subject.data.held_out))
    viewer.follow(True)
    viewer.positions                          # (0.0, 0.4, 1.0, …), in epochs
    viewer.find(3.0, then=show, trouble=say)

A position without a picture is looked at in the snapshot of that epoch, in the training thread while a run is on, else
at once. The run on view may be the one that trains, the last, one of the past, or a recorded one. Left out: drawing,
and where along the run to look (`scrub.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from transferlab.data.images import Splits
from transferlab.explain.snapshot import Snapshot, model_at
from transferlab.lab.look import Look
from transferlab.lab.previews import MOST, Frame
from transferlab.lab.session import Session
from transferlab.lab.settings import Settings

NOTHING = "There is no picture of this moment, and no state of the model was kept that one could be made of."


@dataclass(frozen=True, eq=False)
class Subject:
    """The run on view. `of` is what it is known by, `number` its line in the run table, None before it has one."""

    of: object
    settings: Settings
    stages: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    frames: Mapping[str, Mapping[float, Frame]]
    number: int | None
    is_live: bool
    can_compute: bool
    session: Session

    @property
    def data(self) -> Splits:
        return self.session.workshop.data(self.settings)

    @property
    def start(self) -> nn.Module:
        """The model that the run started from: the pretrained one, or its random weights."""
        workshop = self.session.workshop
        return workshop.model(self.settings) if self.settings.starts_from_random else workshop.pretrained(self.settings)


def subject_of(session: Session) -> Subject:
    """The run that the session's panels show now.

    >>> subject_of(session).settings.recipe
    'fine_tuning'
    """
    log = session.log
    run = session.shown or next((one for one in session.runs if one.log is log), None)
    settings, stages = (run.settings, run.stages) if run is not None else (session.settings, session.stage_names)
    of = session.playing or run or log or session.workshop
    replayed = session.playing is not None
    return Subject(
        log if run is not None and not replayed else of,  # a run stays itself when it is over
        settings, stages, () if replayed else session.snapshots,
        run.frames if run is not None and not replayed else session.frames,
        run.number if run is not None else None, session.is_training, not replayed, session,
    )  # fmt: skip


class Viewer:
    """One view over all runs of a session: `make(subject)` gives the look for a run's images and start.

    `change()` is to be called where the student's choices changed. `turn` counts what the pictures belong to: another
    run, other images or other choices. All may be called from any thread.
    """

    def __init__(self, session: Session, name: str, make: Callable[[Subject], Look]) -> None:
        self.session, self.name, self._make = session, name, make
        self.turn = 0
        self.follows = False
        self._looks: list[tuple[tuple[Any, ...], Look]] = []  # of the run on view and of the next one
        self._seen: tuple[object, Look] | None = None
        self._watched: Look | None = None
        self._made: dict[float, Frame] = {}
        self._before: Frame | None = None

    def subject(self) -> Subject:
        """The run on view; where it is another than before, pictures begin anew."""
        subject = subject_of(self.session)
        look = self._look(subject)
        if self._seen is None or self._seen[0] is not subject.of or self._seen[1] is not look:
            self._seen, self._made, self._before = (subject.of, look), {}, None
            self.turn += 1
        return subject

    def change(self) -> None:
        """Other choices: a look for them, watched if the old one was.

        Raises:
            ValueError: `make` has something against them; the look of before is gone.
        """
        self._looks = []
        self.subject()
        self.keep_up()

    def follow(self, on: bool) -> None:
        """Have pictures taken while runs train, or no longer; those that were taken stay."""
        self.follows = on
        if on:
            self.keep_up()
        elif self._watched is not None:
            self._watched = None
            self.session.previews.unwatch(self.name)

    def keep_up(self) -> None:
        """Watch with a look that fits the settings: to be called when these change, and when a run starts."""
        if not self.follows:
            return
        session = self.session
        if session.shown is not None or session.playing is not None:
            return  # the next run will be asked for; until then the settings are not on view
        look = self._look(self._next())
        if look is not self._watched:
            self._watched = look
            session.previews.watch(self.name, look)

    @property
    def error(self) -> str | None:
        """Why no pictures are taken any more, in a sentence."""
        return self.session.previews.errors.get(self.name) if self._watched is not None else None

    @property
    def positions(self) -> tuple[float, ...]:
        """The epochs that there is something to see of, ascending."""
        subject = self.subject()
        kept = {float(one.epoch) for one in subject.snapshots} if subject.can_compute else set()
        return tuple(sorted({*self._known(subject), *kept})) or ((0.0,) if subject.can_compute else ())

    @property
    def known(self) -> dict[float, Frame]:
        """The pictures that are there already, by their epoch."""
        return self._known(self.subject())

    def find(self, position: float, then: Callable[[Frame], None], trouble: Callable[[str], None]) -> None:
        """Give `then` the picture of a position, made now where there is none yet; or `trouble` the reason."""
        subject = self.subject()
        known = self._known(subject).get(position)
        snapshot = next((one for one in subject.snapshots if one.epoch == position), None)
        look, made = self._look(subject), self._made
        if known is not None:
            then(known)
            return
        if not subject.can_compute or (snapshot is None and (position != 0 or subject.frames_of_run)):
            trouble(NOTHING)
            return

        def work(model: nn.Module | None) -> Frame:
            if snapshot is not None:
                model = model_at(self.session.workshop.pretrained(subject.settings), snapshot)
            assert model is not None
            frame = made[position] = look(model)
            if len(made) > MOST:
                del made[next(iter(made))]
            return frame

        self._do(work, then, trouble, needs_model=snapshot is None)

    def before(self, then: Callable[[Frame], None], trouble: Callable[[str], None]) -> None:
        """Give `then` the picture of the model that the run started from."""
        subject = self.subject()
        look = self._look(subject)
        if self._before is not None:
            then(self._before)
        elif subject.can_compute:
            self._do(lambda model: look.before(), then, trouble, needs_model=False)
        else:
            trouble(NOTHING)
