"""Pixels of the next batches, read by worker processes while the present one is trained on.

For sets that lie in a file because they are too large for memory: there a batch is hundreds of reads all over the disk.
What the workers do is torch's DataLoader; which images come in which order is decided before, so that a run is the same
with any number of workers. Left out: decoding in the workers (a folder is decoded once, into the file).
"""

import os
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from transferlab.data.labelled import LabelledSet
from transferlab.data.store import is_mapped, mapped_file, open_rows

MOST_WORKERS = 4  # each holds two batches, and a disk gains little from more readers


class Rows(Dataset[Tensor]):
    """The images of a mapped set, opened anew in each worker.

        >>> Rows(images)[torch.tensor([3, 7])].shape
        torch.Size([2, 3, 64, 64])

    Without this a worker that is started afresh (Windows, macOS) would be sent the whole set through a pipe.
    """

    def __init__(self, images: LabelledSet) -> None:
        file = mapped_file(images.rows)
        assert file is not None, "a set in memory is not read ahead"
        pixels = images.rows
        self.path, self.shape, self.stride = file.path, tuple(pixels.shape), pixels.stride()
        self.offset = pixels.storage_offset()
        self.pixels: Tensor | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Tensor) -> Tensor:
        if self.pixels is None:
            self.pixels = open_rows(self.path).as_strided(self.shape, self.stride, self.offset)
        return self.pixels[index]

    def __getstate__(self) -> dict:
        return {**self.__dict__, "pixels": None}


def num_workers() -> int:
    """How many processes may read beside the one that trains: none on a single core.

    >>> num_workers()
    1
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_WORKERS, cores - 1)


def read_ahead(images: LabelledSet, batches: Sequence[Tensor], device: str = "cpu") -> Iterator[Tensor] | None:
    """The pixels `(B, 3, H, W)` of each batch of positions, in their order; None where that would gain nothing.

        >>> for pixels in read_ahead(data.train, batches): ...

    For a GPU they come in pinned memory, from which they move while it computes.
    """
    workers = num_workers()
    if workers == 0 or not is_mapped(images.rows):
        return None
    own = torch.Generator()  # DataLoader would draw a seed from the caller's random numbers
    loader: DataLoader[Tensor] = DataLoader(
        Rows(images), sampler=batches, batch_size=None, num_workers=workers, generator=own,  # type: ignore[arg-type]
        pin_memory=torch.device(device).type == "cuda",
    )  # fmt: skip
    return iter(loader)
