"""From a recorded run to a live one: train on from its last state, with its freeze line and its rates.

    finished = add_recording(session, "ants.transferlab")
    go_on(session, finished, epochs=5)

What goes on is a new run, by the recipe "mine", whose epoch 0 is the recorded end. The optimizer begins afresh, and a
recording's weights were rounded, so it is not the run that would have come without the break. Left out: going on from a
state in the middle; recordings keep the last one.
"""

from contextlib import suppress
from pathlib import Path

from transferlab.data.images import Splits
from transferlab.explain.snapshot import Snapshot
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.past.recorded_settings import OWN
from transferlab.lab.past.recording import Recording, load_recording
from transferlab.lab.session import Session
from transferlab.lab.settings import MINE, DataChoice, Settings


def add_recording(session: Session, path: str | Path) -> FinishedRun:
    """Put a recording into the session's runs, as the newest; it can be watched whether or not it can be gone on with.

        >>> add_recording(session, "ants.transferlab").number
        4

    Raises:
        ValueError: it cannot be read; see `load_recording`.
    """
    return add(session, load_recording(path))


def add(session: Session, recording: Recording) -> FinishedRun:
    """The same for a recording that was read already."""
    one = recording.finished
    snapshots: tuple[Snapshot, ...] = ()
    # A large backbone is not loaded just to be listed; the state is completed later, when it is gone on with.
    if recording.state is not None and one.settings.backbone in ("bundled", session.settings.backbone):
        with suppress(ValueError, OSError):
            snapshots = (recording.state.complete(session.workshop.pretrained(one.settings)),)
    added = session.history.add(one.run, one.settings, one.stages, one.log, snapshots, one.frames, one.source)
    session.tell("runs")
    return added


def last_line_and_rates(finished: FinishedRun) -> tuple[str, dict[str, float]]:
    """The first stage that trained at the end, and the rate of each that did, changes by hand included.

    >>> last_line_and_rates(session.runs[-1])
    ('layer4', {'layer4': 0.0001, 'fc': 0.001})
    """
    run, stages = finished.run, finished.stages
    phase = next((one for one in run.phases if one.name == finished.log.phase), run.phases[-1])
    rates = {row.stage: row.lr for row in phase.stages if row.lr is not None}
    line = next(iter(rates), stages[-1])
    began = max((mark.x for mark in finished.log.marks if mark.kind == "phase"), default=0.0)
    for command in run.commands:  # each holds until the phase ends
        if command.step < began * finished.log.batches_per_epoch:
            continue
        if command.what == "freeze_to":
            line = command.stage
        elif command.value is not None:
            rates[command.stage] = command.value
    trained = stages[stages.index(line) :]
    return line, {stage: lr for stage, lr in rates.items() if stage in trained}


def images_for(session: Session, finished: FinishedRun) -> tuple[DataChoice, Splits]:
    """The images of a run, or those that are chosen now where its own are not here and these have the same classes.

        >>> images_for(session, session.runs[0])[1].held_out

    Raises:
        ValueError: neither are there.
    """
    classes = finished.run.class_names
    chosen: DataChoice | None = finished.settings.data
    try:
        splits = session.workshop.data(finished.settings)
    except (ValueError, OSError) as error:
        chosen, splits = session.settings.data, session.data
        if splits.train.class_names != classes:
            raise ValueError(
                f"{error} It learned {', '.join(classes[:8])}; the images chosen now are of "
                f"{', '.join(splits.train.class_names[:8])}."
            ) from None
    if chosen is None or splits.train.class_names != classes:
        raise ValueError("The images that this run was trained on have other classes now.")
    return chosen, splits


def go_on(session: Session, finished: FinishedRun, epochs: int = 10) -> None:
    """Start a run from the last state of a finished or recorded one; the settings become those of that run.

        >>> go_on(session, session.runs[-1], epochs=5)

    Raises:
        ValueError: a run is on, the state was not kept, the backbone or the images are not here, or the backbone has
            other weights.
    """
    if session.is_training:
        raise ValueError("A run is on. Stop it first, then go on from another.")
    if session.playing is not None:
        session.playing.stop()
    settings = _settings(session, finished, epochs)
    state = _state(session, finished, settings)
    changes = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    session.choose(**changes)
    session.begin_from = state
    try:
        session.start()
    finally:
        session.begin_from = None


def _settings(session: Session, finished: FinishedRun, epochs: int) -> Settings:
    settings = finished.settings
    line, rates = last_line_and_rates(finished)
    backbone = settings.backbone
    if isinstance(backbone, str) and backbone.startswith(OWN):
        if isinstance(session.settings.backbone, str):
            raise ValueError(
                f"This run was made with {backbone}. Give the lab that network, Lab(my_network), then go on."
            )
        backbone = session.settings.backbone
    device = settings.device if settings.device in session.devices else "cpu"
    choice, _ = images_for(session, finished)
    return settings.changed(
        backbone=backbone, data=choice, recipe=MINE, line=line, stage_lrs=rates, epochs=epochs, device=device
    )  # fmt: skip


def _state(session: Session, finished: FinishedRun, settings: Settings) -> Snapshot:
    if finished.snapshots:
        return finished.snapshots[-1]
    state = load_recording(finished.source).state if finished.source is not None else None
    if state is None:
        raise ValueError(f"Of run {finished.number} no state of the model was kept; it can be watched only.")
    return state.complete(session.workshop.pretrained(settings))
