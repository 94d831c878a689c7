"""The runs of a notebook: what the lab remembers of each, within a bounded memory and on a bounded disk.

    history = History()
    history.add(run, settings, stages, log, snapshots, frames)

Of the newest two runs every state and picture is kept, so that a slider can go through them; of older ones the curves,
the settings and the last state, in a file. States of small models are kept in memory meanwhile, where taking one costs
a run a tenth of what writing it does. Left out: keeping runs beyond the kernel, see `recording.py`.
"""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import nn

from transferlab.explain.snapshot import Snapshot, write_snapshot
from transferlab.explain.snapshots import Snapshots
from transferlab.lab.log import RunLog
from transferlab.lab.previews import Frame
from transferlab.lab.settings import Settings
from transferlab.records import Run

KEPT_WHOLE = 2
SMALL = 32 * 2**20  # bytes of a model whose states are kept in memory; the bundled backbone has 11 MB
MOST_IN_MEMORY = 8  # states of a run, so that two runs take half a gigabyte at worst


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """One line of the run table.

    `number` counts the runs of the notebook from 1; `stages` are the model's stages by name; `snapshots` the states of
    the model that are still there, the oldest first; `frames` the pictures that were taken, by view and epoch. `source`
    is None for a run of this notebook, else the file that it was read from.
    """

    number: int
    run: Run
    settings: Settings
    stages: tuple[str, ...]
    log: RunLog
    snapshots: tuple[Snapshot, ...] = ()
    frames: Mapping[str, Mapping[float, Frame]] = field(default_factory=dict)
    source: Path | None = None


class History:
    """The finished runs, the oldest first, and the folder where their states lie.

    >>> history.runs[-1].run.accuracy
    0.87
    """

    def __init__(self) -> None:
        self.runs: tuple[FinishedRun, ...] = ()
        self._changing = threading.Lock()
        self._folder = Path(tempfile.mkdtemp(prefix="transferlab-lab-"))
        self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @property
    def next_number(self) -> int:
        return max((one.number for one in self.runs), default=0) + 1

    def room_for_snapshots(self, model: nn.Module) -> Snapshots:
        """Where the states of the next run go, which trains this model.

        >>> history.room_for_snapshots(load("bundled"))
        Snapshots(at most 8; epochs none yet)
        """
        if sum(value.nbytes for value in model.state_dict().values()) <= SMALL:
            return Snapshots(most=MOST_IN_MEMORY)
        return Snapshots(Path(tempfile.mkdtemp(prefix=f"run-{self.next_number}-", dir=self._folder)))

    def add(
        self, run: Run, settings: Settings, stages: tuple[str, ...], log: RunLog, snapshots: tuple[Snapshot, ...] = (),
        frames: Mapping[str, Mapping[float, Frame]] | None = None, source: Path | None = None,
    ) -> FinishedRun:  # fmt: skip
        """Remember a run, and less of those before it."""
        kept = {name: dict(one) for name, one in (frames or {}).items()}
        with self._changing:  # one run may end while another is deleted
            new = FinishedRun(self.next_number, run, settings, stages, log, snapshots, kept, source)
            older = [self._thinned(one) for one in self.runs[: 1 - KEPT_WHOLE]]
            self.runs = (*older, *self.runs[1 - KEPT_WHOLE :], new)
        return new

    def forget(self, number: int) -> None:
        """Drop a run and what lies on the disk of it."""
        with self._changing:
            for one in self.runs:
                if one.number == number:
                    _delete(one.snapshots)
            self.runs = tuple(one for one in self.runs if one.number != number)

    def _thinned(self, one: FinishedRun) -> FinishedRun:
        """Its last state alone, in a file."""
        _delete(one.snapshots[:-1])
        last = one.snapshots[-1:]
        if last and isinstance(last[0].kept, dict):
            with suppress(OSError):  # a full disk: it stays in memory
                folder = Path(tempfile.mkdtemp(prefix=f"run-{one.number}-", dir=self._folder))
                last = (write_snapshot(last[0], folder),)
        return replace(one, snapshots=last, frames={})


def _delete(snapshots: tuple[Snapshot, ...]) -> None:
    for snapshot in snapshots:
        if isinstance(snapshot.kept, Path):
            snapshot.kept.unlink(missing_ok=True)
