"""The states of a model along a run, so that one can look back at what it was: weights and buffers, epoch by epoch.

    snapshots = Snapshots()                                  # or Snapshots("runs/ants/snapshots")
    for record in fit(model, data, "fine_tuning"):
        snapshots.keep(record, model)
    halfway = model_at(model, snapshots[len(snapshots) // 2])

In memory what did not change since the snapshot before is shared with it, so that a frozen backbone is kept once. In a
folder each is a file (see `snapshot.py`). They serve to look, not to go on from: optimizer and random numbers are in
the checkpoints (see `checkpoints.py`), of which a run keeps two. Left out: states within an epoch.
"""

import warnings
from collections.abc import Collection, Iterator
from math import gcd
from pathlib import Path

import torch
from torch import nn

from transferlab.explain.snapshot import Snapshot, read_snapshot, take_snapshot, write_snapshot
from transferlab.files import write_atomically
from transferlab.records import Epoch

MOST = 12  # of the bundled backbone 140 MB at worst; twice what fits side by side in a strip


class Snapshots:
    """At most `most` snapshots of one run, the oldest first, in memory or in a folder.

        >>> snapshots = Snapshots("runs/ants/snapshots", most=12)
        >>> for record in fit(model, data, recipe): snapshots.keep(record, model)
        >>> [one.epoch for one in snapshots]
        [0, 4, 8, 12, 16, 20, 24, 28, 30]

    When there would be more, only every second epoch, every fourth, eighth … stays, counted from the first, and always
    the newest. `epochs` keeps certain ones instead. A folder with snapshots of an earlier process is read.

    Raises:
        ValueError: fewer than two snapshots, or more epochs than snapshots; a file in the folder is damaged.
        OSError: the folder cannot be written.
    """

    def __init__(
        self, folder: str | Path | None = None, most: int = MOST, epochs: Collection[int] | None = None
    ) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 2:
            raise ValueError(f"most is how many snapshots to keep, 2 or more; you gave {most!r}.")
        if epochs is not None and (not epochs or len(set(epochs)) > most):
            raise ValueError(f"epochs names 1 to {most} epochs (most={most}); you gave {len(set(epochs))}.")
        self.folder = Path(folder) if folder is not None else None
        self.most, self.epochs = most, None if epochs is None else frozenset(epochs)
        self._kept: list[Snapshot] = []
        self._step = 1  # epochs from one snapshot to the next; the newest may lie between
        if self.folder is not None:
            write_atomically(self.folder / ".writable", lambda partial: None).unlink()  # say it now, not after an epoch
            self._kept = [read_snapshot(path) for path in sorted(self.folder.glob("epoch-*.safetensors"))]
            self._step = gcd(*(one.epoch - self._kept[0].epoch for one in self._kept[:-1])) or 1

    def keep(self, record: object, model: nn.Module) -> Snapshot | None:
        """Keep the model as it is if `record` is an Epoch that is wanted; any other record may be given and is passed.

            >>> for record in fit(model, data, recipe): snapshots.keep(record, model)

        A full disk is said, and costs the snapshot but not the run.

        Raises:
            ValueError: the record is of an epoch that is not behind the last one kept, so of another run.
        """
        if not isinstance(record, Epoch) or (self.epochs is not None and record.epoch not in self.epochs):
            return None
        if self._kept and record.epoch <= self._kept[-1].epoch:
            where = f"in '{self.folder}'" if self.folder else "here"
            raise ValueError(
                f"There are snapshots up to epoch {self._kept[-1].epoch} {where}, and this is epoch {record.epoch}. "
                "For another run take Snapshots of their own; where a run went back, type "
                f"snapshots.drop_from({record.epoch}) first."
            )
        new = take_snapshot(model, record)
        if self.folder is None:
            _share(new, self._kept[-1:])
        else:
            try:
                new = write_snapshot(new, self.folder)
            except OSError as error:
                warnings.warn(f"No snapshot of epoch {record.epoch}; the run goes on. {error}", stacklevel=2)
                return None
        self._kept.append(new)
        if self.epochs is None:
            self._thin()
        return new

    def drop_from(self, epoch: int) -> None:
        """Forget this epoch and those behind it, files included: for a run that goes on from an earlier checkpoint."""
        self._leave([one for one in self._kept if one.epoch < epoch])

    def _thin(self) -> None:
        first, last = self._kept[0].epoch, self._kept[-1].epoch
        while True:
            kept = [one for one in self._kept if (one.epoch - first) % self._step == 0 or one.epoch == last]
            if len(kept) <= self.most:
                return self._leave(kept)
            self._step *= 2

    def _leave(self, kept: list[Snapshot]) -> None:
        for one in self._kept:
            if one not in kept and isinstance(one.kept, Path):
                one.kept.unlink(missing_ok=True)
        self._kept = kept

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> Snapshot:
        return self._kept[index]

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(tuple(self._kept))

    def __repr__(self) -> str:
        epochs = ", ".join(str(one.epoch) for one in self._kept) or "none yet"
        return f"Snapshots({f'in {str(self.folder)!r}, ' if self.folder else ''}at most {self.most}; epochs {epochs})"


def _share(new: Snapshot, before: list[Snapshot]) -> None:
    """Let equal tensors of two snapshots be one; the bits decide, since 0 and -0 are equal and NaN is not."""
    own = new.tensors
    for name, value in (before[0].tensors if before else {}).items():
        if name in own and value.dtype == own[name].dtype and value.shape == own[name].shape:
            bits = [one.reshape(-1).view(torch.uint8) for one in (value, own[name])]
            if torch.equal(*bits):
                own[name] = value
