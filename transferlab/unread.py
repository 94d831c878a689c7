"""Steps whose losses are still on the device, to be read together.

Reading a number from a GPU waits until it has been computed, and the GPU then has nothing to do until it is asked
again. There records come in groups; on a processor, where there is nothing to wait for, one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Optimizer

from transferlab.divergence import check_loss
from transferlab.position import Counted
from transferlab.records import Step

STEPS_AT_ONCE = {"cuda": 16, "mps": 16}  # a tenth of a second of a small network's training


@dataclass(frozen=True)
class Unread:
    """One step: its mean loss and right answers, tensors of shape `()`, and what is known without asking the device."""

    loss: Tensor
    correct: Tensor
    num_images: int
    step: int
    epoch: int
    phase: str
    learning_rates: Mapping[str, float]


class UnreadSteps:
    """Collects steps and reads them when it is time.

    >>> unread = UnreadSteps("cpu", num_classes=8)
    >>> unread.add(Unread(loss, correct, 32, step=1, epoch=1, phase="head", learning_rates={"fc": 1e-3}))
    >>> if unread.are_due: records = unread.read(optimizer, counted)
    """

    def __init__(self, device: str, num_classes: int) -> None:
        self.at_once = STEPS_AT_ONCE.get(torch.device(device).type, 1)
        self.num_classes = num_classes
        self._steps: list[Unread] = []

    def add(self, step: Unread) -> None:
        self._steps.append(step)

    @property
    def are_due(self) -> bool:
        return len(self._steps) >= self.at_once

    def read(self, optimizer: Optimizer, counted: Counted) -> list[Step]:
        """The records of what was collected; losses and right answers are added to `counted`.

        Raises:
            ValueError: a loss is not finite, or far above that of guessing (see `check_loss`).
        """
        steps, self._steps = self._steps, []
        losses = _numbers([one.loss for one in steps])
        right = _numbers([one.correct for one in steps])
        records = []
        for one, loss, correct in zip(steps, losses, right, strict=True):
            check_loss(loss, self.num_classes, optimizer)
            counted.loss_sum += loss * one.num_images
            counted.correct += correct
            counted.images += one.num_images
            records.append(Step(one.step, one.epoch, one.phase, loss, one.learning_rates))
        return records


def _numbers(tensors: list[Tensor]) -> list[float]:
    """In one transfer."""
    return torch.stack(tensors).tolist() if len(tensors) > 1 else [tensor.item() for tensor in tensors]
