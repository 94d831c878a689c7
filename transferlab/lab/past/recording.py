"""A run in one file of a few megabytes, to be watched anywhere: curves, pictures, settings, code, and its last state.

    save_recording(session.runs[-1], "ants.transferlab", pretrained=load("bundled"))
    recording = load_recording("ants.transferlab")
    Replay(session, recording.finished).start()

The file is a zip: `manifest.json`, the pictures as PNG, the last state as safetensors (see `recorded_state.py`), and
`code.py` for whoever opens it by hand. Nothing in it is run, nothing is unpacked to the disk, and it is read as what it
may be: broken, cut off, or made to do harm. Left out: the images of the data set, and all states but the last.
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from torch import nn

from transferlab.files import write_atomically
from transferlab.lab.log import RunLog
from transferlab.lab.past.checked_values import check_values
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.past.recorded_settings import check_name, settings_from_plain, settings_to_plain
from transferlab.lab.past.recorded_state import LastState, pack
from transferlab.lab.previews import Frame
from transferlab.lab.script import script
from transferlab.lab.settings import Settings
from transferlab.records import Run

KIND = "transferlab recording 1"
ENDING = ".transferlab"
MEGABYTE = 2**20
PICTURES_BUDGET = 6 * MEGABYTE  # fewer moments beyond that: a recording goes by mail
MOST_POINTS = 4000  # of a curve; a screen shows no more
# What is read at most. State and pictures lie uncompressed, so that none can be larger than the file itself.
MANIFEST_LIMIT, PICTURE_LIMIT, STATE_LIMIT, MOST_ENTRIES = 32 * MEGABYTE, 8 * MEGABYTE, 1024 * MEGABYTE, 4000
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, eq=False)
class Recording:
    """What a file holds: the run as the table shows it, its last state if it was kept, a note and a guess."""

    finished: FinishedRun
    state: LastState | None
    note: str = ""
    prediction: Mapping[str, Any] = field(default_factory=dict)


def save_recording(
    finished: FinishedRun, path: str | Path, pretrained: nn.Module | None = None, note: str = "",
    prediction: Mapping[str, Any] | None = None,
) -> Path:  # fmt: skip
    """Write a run of the table, whole or not at all; returns the path.

        >>> save_recording(session.runs[-1], "ants.transferlab", session.workshop.pretrained(settings))

    With the `pretrained` backbone that it started from only what changed is kept of its weights; without it all are.

    Raises:
        ValueError: the path does not end with .transferlab, or the last state's file is gone.
        OSError: the folder cannot be written, or the disk is full.
    """
    path = Path(path).expanduser()
    if path.suffix != ENDING:
        raise ValueError(f"A recording is a {ENDING} file; you gave '{path}'. Type '{path.with_suffix(ENDING)}'.")
    frames, pictures = _frames_to_plain(finished.frames)
    state = pack(finished.snapshots[-1], pretrained).to_parts() if finished.snapshots else None
    manifest = {
        "kind": KIND,
        "run": finished.run.to_dict(),
        "settings": settings_to_plain(finished.settings, finished.run),
        "stages": list(finished.stages),
        "log": _log_to_plain(finished.log),
        "frames": frames,
        "state": state[0] if state else None,
        "note": note,
        "prediction": dict(prediction or {}),
    }
    text = json.dumps(manifest, ensure_ascii=False, allow_nan=False)
    code = script(finished.settings, finished.stages, finished.run.commands)

    def write(partial: Path) -> None:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as file:
            file.writestr("manifest.json", text, zipfile.ZIP_DEFLATED)
            file.writestr("code.py", code, zipfile.ZIP_DEFLATED)
            for name, content in pictures.items():
                file.writestr(name, content)
            if state:
                file.writestr("state.safetensors", state[1])

    return write_atomically(path, write)


def load_recording(path: str | Path) -> Recording:
    """Read what `save_recording` wrote; the run's number is 0 until a table gives it one.

        >>> load_recording("ants.transferlab").finished.run.accuracy
        0.863

    Raises:
        ValueError: no such file, one of another kind, cut off, or with something in it that no run can have.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise ValueError(f"'{path}' {what}. A recording is a {ENDING} file that save_recording wrote.")
    try:
        with zipfile.ZipFile(path) as file:
            return _read(file, path)
    except (ValueError, RecursionError, OverflowError) as error:
        raise ValueError(f"The recording '{path.name}' cannot be used: {str(error).rstrip('.')}.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, OSError) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        raise ValueError(
            f"'{path.name}' is no recording, or it is broken or cut off ({reason}). Copy or download it again."
        ) from None


def _read(file: zipfile.ZipFile, path: Path) -> Recording:
    if len(file.infolist()) > MOST_ENTRIES:
        raise ValueError(f"it has {len(file.infolist()):,} parts, and a recording has at most {MOST_ENTRIES:,}")
    manifest = json.loads(_bytes(file, "manifest.json", MANIFEST_LIMIT, packed=True), parse_constant=_refuse)
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        kind = manifest.get("kind") if isinstance(manifest, dict) else type(manifest).__name__
        raise ValueError(f"its kind is {str(kind)[:60]!r}, and this transferlab reads '{KIND}'")
    missing = [name for name in ("run", "settings", "stages", "log", "frames") if name not in manifest]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    stages = manifest["stages"]
    if not isinstance(stages, list) or not stages:
        raise ValueError("it names no stages")
    for name in stages:
        check_name(name)
    settings, run = settings_from_plain(manifest["settings"]), _run(manifest["run"], stages)
    log = _log(manifest["log"], run)
    state = manifest.get("state")
    last = LastState.from_parts(state, _bytes(file, "state.safetensors", STATE_LIMIT)) if state is not None else None
    frames = _frames(file, manifest["frames"])
    note, prediction = manifest.get("note", ""), manifest.get("prediction", {})
    if not isinstance(note, str) or not isinstance(prediction, dict):
        raise ValueError("its note or its guess is of the wrong kind")
    _check_fits(settings, stages)
    return Recording(FinishedRun(0, run, settings, tuple(stages), log, (), frames, path), last, note[:500], prediction)


def _check_fits(settings: Settings, stages: list[str]) -> None:
    settings.to_recipe(stages)  # raises for a line or a rate of a stage that is not there


def _run(values: Any, stages: list[str]) -> Run:
    if not isinstance(values, dict):
        raise ValueError("its run is missing")
    run = Run.from_dict(values)
    check_values(run, "run")
    if not run.epochs or not run.phases or run.num_held_out < 1 or not run.class_names:
        raise ValueError("its run has no epochs, phases, classes or held-out images")
    shares = [
        one for epoch in run.epochs for one in (epoch.held_out_accuracy, epoch.source_accuracy) if one is not None
    ]
    if not all(0 <= one <= 1 for one in shares) or any(epoch.seconds < 0 for epoch in run.epochs):
        raise ValueError("its run has an accuracy outside 0…1, or a time below 0")
    for name in (*(row.stage for phase in run.phases for row in phase.stages), *(one.stage for one in run.commands)):
        if name not in stages:
            raise ValueError(f"its run speaks of a stage {name[:60]!r} that its model does not have")
    return run


def _log(values: Any, run: Run) -> RunLog:
    if not isinstance(values, dict):
        raise ValueError("its curves are missing")
    log = RunLog.from_plain(values)
    numbers = [value for one in log.series.values() for value in (*one.x, *one.y)] + [mark.x for mark in log.marks]
    if not all(map(isfinite, numbers)) or log.steps < 0 or log.num_epochs < 0:
        raise ValueError("its curves hold something that is no number")
    if any(a > b for one in log.series.values() for a, b in zip(one.x, one.x[1:], strict=False)):
        raise ValueError("its curves run backwards")
    log.run = run
    return log


def _log_to_plain(log: RunLog) -> dict[str, Any]:
    values = log.to_plain()
    for name, pair in values["series"].items():
        every = -(-len(pair[0]) // MOST_POINTS) or 1
        kept = sorted({*range(0, len(pair[0]), every), *range(len(pair[0]))[-1:]})
        values["series"][name] = [[float(f"{line[i]:.9g}") for i in kept] for line in pair]
    return values


def _frames_to_plain(frames: Mapping[str, Mapping[float, Frame]]) -> tuple[dict[str, Any], dict[str, bytes]]:
    plain: dict[str, Any] = {}
    pictures: dict[str, bytes] = {}
    budget = PICTURES_BUDGET / max(1, len(frames))
    for view, given in frames.items():
        moments = sorted(given)
        while len(moments) > 2 and sum(_size(given[one]) for one in moments) > budget:
            del moments[1:-1:2]  # every second one, never the first and the last
        plain[view] = []
        for moment in moments:
            names = {}
            for name, content in given[moment].pictures.items():
                names[name] = f"pictures/{len(pictures):05d}.png"
                pictures[names[name]] = bytes(content)
            plain[view].append([moment, dict(given[moment].facts), names])
    return plain, pictures


def _size(frame: Frame) -> int:
    return sum(len(content) for content in frame.pictures.values())


def _frames(file: zipfile.ZipFile, plain: Any) -> dict[str, dict[float, Frame]]:
    try:
        return {
            view: {_moment(at): _frame(file, facts, names) for at, facts, names in one} for view, one in plain.items()
        }
    except (TypeError, AttributeError) as error:
        raise ValueError(f"its list of pictures is broken ({error})") from None


def _moment(at: Any) -> float:
    if isinstance(at, bool) or not isinstance(at, int | float) or not isfinite(at) or at < 0:
        raise ValueError(f"a picture of it is of epoch {at!r}")
    return float(at)


def _frame(file: zipfile.ZipFile, facts: Any, names: Any) -> Frame:
    pictures = {}
    for name, entry in names.items():
        content = _bytes(file, str(entry), PICTURE_LIMIT)
        if not content.startswith(PNG):
            raise ValueError(f"the picture {str(entry)[:60]!r} in it is no PNG")
        pictures[str(name)] = content
    return Frame(pictures, dict(facts))


def _bytes(file: zipfile.ZipFile, name: str, limit: int, packed: bool = False) -> bytes:
    if name not in file.namelist():
        raise ValueError(f"it lacks the part {name[:60]!r}")
    entry = file.getinfo(name)
    if entry.file_size > limit:
        raise ValueError(f"its part {name!r} has {entry.file_size:,} bytes, and {limit:,} are read at most")
    if entry.compress_type != zipfile.ZIP_STORED and not packed:
        raise ValueError(f"its part {name!r} is compressed, which no recording's is")
    with file.open(entry) as part:
        return part.read(limit + 1)


def _refuse(word: str) -> None:
    raise ValueError(f"it holds {word}, which is no number")
