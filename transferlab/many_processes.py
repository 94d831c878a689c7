"""One run on several processes: each answers its part of every batch, and all of them make the same step.

    torchrun --nproc-per-node 2 -m transferlab run --recipe fine_tuning

`fit` asks `join` (see joining), and shares its batches out where there is somebody to share with. All processes draw
the same order of images, the same crops and the same mirror images, so that together they see what one process would
see. Gradients are added up in one message a step (see shared_gradient), the statistics of BatchNorm within the forward
pass (see shared_batch_norm). The first process, rank 0, prints and writes; all yield the same records. No wrapper is
put around the model. Left out: models that do not fit on one device, and torch.compile.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from transferlab.control import Control, Request

PATIENCE = timedelta(minutes=10)  # one process may decode its images for so long while the others wait
Value = TypeVar("Value")


@dataclass(frozen=True)
class Share:
    """One process's part of a batch: which rows, and the share of the batch that they are, within 0…1.

    Where there are more processes than images, those without one answer the first image at weight 0, so that they take
    part in every message.
    """

    rows: slice
    weight: float


class Processes:
    """A process alone, which has nobody to ask; `SeveralProcesses` answers the same questions for many.

    >>> ALONE.share(32)
    Share(rows=slice(0, 32, None), weight=1.0)
    """

    rank, number = 0, 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    def share(self, size: int) -> Share:
        """This process's part of a batch of `size` images; parts differ by one image at most."""
        start, end = self.rank * size // self.number, (self.rank + 1) * size // self.number
        return Share(slice(start, end), (end - start) / size) if end > start else Share(slice(0, 1), 0.0)

    def device(self, device: str) -> str:
        """The device of this process where "cuda" was asked for: each has a GPU of its own."""
        return device

    def sum(self, tensor: Tensor) -> Tensor:
        """The tensor, now the sum of those of all processes; changed in place."""
        return tensor

    def agreed(self, value: Value) -> Value:
        """What the first process says."""
        return value

    def all(self, answer: bool) -> bool:
        """Whether the answer is yes in every process."""
        return answer

    @contextmanager
    def first_here(self) -> Iterator[None]:
        """The first process goes through the block before the others, which find the files that it left."""
        yield

    def take(self, control: Control) -> list[Request]:
        """What was asked of any process since the last time (see Control.take)."""
        return control.take()

    def may_train(self, control: Control) -> bool:
        """Whether no process is paused."""
        return control.may_train()

    def stopped(self, control: Control) -> bool:
        """Whether somebody asked any process to stop."""
        return control.stopped

    def check_same(self, facts: Mapping[str, object]) -> None:
        """Nothing, or an error that says in which of these facts the processes differ."""


ALONE = Processes()


class SeveralProcesses(Processes):
    """The processes of torch.distributed, which is initialised.

        >>> processes = join()
        >>> processes.rank, processes.number, processes.share(33).rows
        (1, 2, slice(16, 33, None))

    Tensors travel by the caller's own backend, nccl between GPUs; what processes have to say to each other by gloo.

    Raises:
        ValueError: in any method, when another process is gone or does not answer.
    """

    def __init__(self) -> None:
        self.rank, self.number = dist.get_rank(), dist.get_world_size()
        self.world = dist.group.WORLD
        with self._answered():
            self._talk: Any = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._stopped = self._waits = False

    def device(self, device: str) -> str:
        kind = torch.device(device)
        if kind.type not in ("cpu", "cuda"):
            raise ValueError(
                f"Several processes train on 'cpu' or 'cuda'; you gave '{device}'. Start one process there."
            )
        if kind.type == "cpu" or kind.index is not None:
            return device
        here, found = int(os.environ.get("LOCAL_RANK", torch.cuda.current_device())), torch.cuda.device_count()
        if here >= found:
            raise ValueError(
                f"Each process has a GPU of its own, and this is process number {here + 1} on a machine that has "
                f"{found}. Type torchrun --nproc-per-node {found}."
            )
        return f"cuda:{here}"

    def sum(self, tensor: Tensor) -> Tensor:
        with self._answered():
            dist.all_reduce(tensor)
        return tensor

    def agreed(self, value: Value) -> Value:
        said = [value]
        with self._answered():
            dist.broadcast_object_list(said, src=0, group=self._talk)
        return said[0]

    def all(self, answer: bool) -> bool:
        return not self._any(not answer)[0]

    @contextmanager
    def first_here(self) -> Iterator[None]:
        if not self.leads:
            self._any(False)
        try:
            yield
        finally:
            if self.leads:
                self._any(False)

    def take(self, control: Control) -> list[Request]:
        requests = control.take()  # which waits while this process is paused, and the others for it
        self._stopped, self._waits, asked = self._any(control.stopped, not control.may_train(), bool(requests))
        if self._stopped:
            control.stop()
        if not asked:
            return []
        # A function cannot travel: what one process is to look at, it looks at itself.
        told = self._told([(one.what, one.stage, one.value) for one in requests if one.work is None])
        told[self.rank] = requests
        return [one if isinstance(one, Request) else Request(*one) for part in told for one in part]

    def may_train(self, control: Control) -> bool:
        return not self._waits

    def stopped(self, control: Control) -> bool:
        return self._stopped

    def check_same(self, facts: Mapping[str, object]) -> None:
        told = self._told(dict(facts))
        for rank, others in enumerate(told):
            differ = [_difference(what, others.get(what), value) for what, value in told[0].items()]
            if any(differ):
                raise ValueError(
                    f"The processes of one run must be given the same, and process {rank} differs from process 0 in: "
                    f"{', '.join(filter(None, differ))}. Give each the same images, recipe and seed, and random "
                    "weights from one seed: torch.manual_seed(0) before the model is made, or replace_head(…, seed=0)."
                )

    def _any(self, *answers: bool) -> list[bool]:
        """For each answer whether it is yes in any process."""
        said = torch.tensor(answers, dtype=torch.uint8)
        with self._answered():
            dist.all_reduce(said, dist.ReduceOp.MAX, group=self._talk)
        return [bool(one) for one in said.tolist()]

    def _told(self, value: Any) -> list[Any]:
        """What each process says, by rank."""
        told: list[Any] = [None] * self.number
        with self._answered():
            dist.all_gather_object(told, value, group=self._talk)
        return told

    @contextmanager
    def _answered(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:  # which all of torch.distributed's are, of whatever backend
            raise lost(self.rank, self.number, error) from error


def lost(rank: int, number: int, error: Exception) -> ValueError:
    """The error of a process that waited in vain.

    >>> raise lost(1, 2, error)
    ValueError: Process 1 of 2 (counted from 0) waited for the others, and one of them is gone or did not answer …
    """
    minutes = PATIENCE.seconds // 60
    reason = str(error).strip().split("\n")[0]
    return ValueError(
        f"Process {rank} of {number} (counted from 0) waited for the others, and one of them is gone or did not answer "
        f"for {minutes} minutes. What it said itself is the reason; then start all of them again. ({reason})"
    )


def _difference(what: str, other: object, first: object) -> str:
    """What differs, with both values where they are short; nothing where they are equal."""
    if other == first:
        return ""
    return f"{what} ({other}, not {first})" if len(f"{other}{first}") <= 60 else what
