"""Which run the views are about: the one that trains, the last one, one of the past, or a recorded one.

    subject = subject_of(session)
    subject.start, subject.data, subject.snapshots, subject.frames

A session's settings may have changed since its last run; pictures of that run still need its own images and start. Left
out: what is seen of it, see `viewer.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from transferlab.data.images import Splits
from transferlab.explain.snapshot import Snapshot
from transferlab.lab.log import RunLog
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.previews import Frame
from transferlab.lab.session import Session
from transferlab.lab.settings import Settings
from transferlab.lab.workshop import Workshop


@dataclass(frozen=True, eq=False)
class Subject:
    """The run on view, or what would be trained where there is none yet.

    `of` is what it is known by, the same object while it trains and afterwards. `log` is None before the first run;
    `run` is None until it is over, and for a recorded one that is played. `is_played` means that there is no model.
    """

    of: object
    settings: Settings
    stages: tuple[str, ...]
    log: RunLog | None
    run: FinishedRun | None
    snapshots: tuple[Snapshot, ...]
    frames: Mapping[str, Mapping[float, Frame]]
    is_played: bool
    workshop: Workshop

    @property
    def data(self) -> Splits:
        """The images of that run.

        Raises:
            ValueError: they cannot be made again.
        """
        return self.workshop.data(self.settings)

    @property
    def start(self) -> nn.Module:
        """The model that the run started from: the pretrained one, or its random weights."""
        workshop, settings = self.workshop, self.settings
        return workshop.model(settings) if settings.starts_from_random else workshop.pretrained(settings)

    @property
    def looks_alike(self) -> tuple[object, ...]:
        """What images and start depend on: where it is equal, one look serves both subjects."""
        settings = self.settings
        return settings.backbone, settings.data, settings.starts_from_random and settings.seed


def subject_of(session: Session) -> Subject:
    """The run that the panels show now.

    >>> subject_of(session).settings.recipe
    'fine_tuning'
    """
    playing, log = session.playing, session.log
    if playing is not None:
        return Subject(playing, playing.settings, playing.stages, log, None, (), playing.frames, True, session.workshop)
    run = session.shown or next((one for one in session.runs if one.log is log), None)
    if run is None:
        return Subject(
            log or session.workshop, session.settings, session.stage_names, log, None, session.snapshots,
            session.frames if log else {}, False, session.workshop,
        )  # fmt: skip
    # Of a run that is over the frames are its own: those of `previews` go when the next one is watched.
    kept = run.snapshots if run.snapshots else session.snapshots if session.shown is None else ()
    return Subject(run.log, run.settings, run.stages, run.log, run, kept, run.frames, False, session.workshop)


def next_subject(session: Session) -> Subject:
    """What the next run would be about, or the one that is on.

    >>> next_subject(session).data is session.data
    True
    """
    return Subject(
        session.workshop, session.settings, session.stage_names, None, None, (), {}, False, session.workshop
    )  # fmt: skip
