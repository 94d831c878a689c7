"""The gradient of one batch: forward, loss, backward, whole or in parts, in the run's precision.

What `loss.backward()` is in a plain loop, and nothing more: stepping and scheduling are the loop's. A batch that does
not fit in a GPU's memory goes through in twice as many parts, and so do those after it until the freeze line moves.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.amp import GradScaler
from torch.optim import Optimizer

from transferlab.feeding import Feed
from transferlab.loss_scale import loss_scaler
from transferlab.losses import answer_loss, num_right
from transferlab.out_of_memory import free_memory, halved
from transferlab.precision import computing_in
from transferlab.randomness import OwnRandomness


class BatchGradient:
    """Leaves gradients in the parameters that train.

        >>> gradient = BatchGradient(feed, labels, optimizer, generator, OwnRandomness(0), lambda: None, "cpu", "fp32")
        >>> loss, correct = gradient(index)       # tensors on the device: nothing has been waited for
        >>> optimizer.step()

    `labels` are those of all training images, int64 `(N,)` or `(N, T)`. `term` is what a way to keep the source task
    adds to the loss of the batch that was just answered, None where there is nothing to add. With a `scaler` that is at
    work the gradients are scaled (see loss_scale), the loss that comes back is not.

    Raises:
        ValueError: not even two images fit in the device's memory.
    """

    def __init__(
        self, feed: Feed, labels: Tensor, optimizer: Optimizer, generator: Generator, randomness: OwnRandomness,
        term: Callable[[], Tensor | None], device: str, precision: str, scaler: GradScaler | None = None,
    ) -> None:  # fmt: skip
        self.feed, self.labels, self.optimizer, self.term = feed, labels, optimizer, term
        self.generator, self.randomness = generator, randomness
        self.device, self.precision = device, precision
        self.scaler = scaler or loss_scaler(precision, device)
        self.parts = 1

    def __call__(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The batch's mean loss and how many of its answers were right, both of shape `()`, without gradients."""
        while True:
            drawn, drawn_inside = self.generator.get_state(), list(self.randomness.inside)
            try:
                return self._in_parts(index)
            except torch.OutOfMemoryError:
                pass  # handled below, where the error no longer holds its tensors
            self.optimizer.zero_grad(set_to_none=True)
            self.feed.answer_plainly()
            free_memory(self.device)
            size = -(-len(index) // self.parts)
            self.parts = -(-len(index) // halved(size, self.device, smallest=2))  # BatchNorm needs two
            self.generator.set_state(drawn)
            self.randomness.inside = drawn_inside

    def _in_parts(self, index: Tensor) -> tuple[Tensor, Tensor]:
        self.optimizer.zero_grad(set_to_none=True)
        losses, correct = [], []
        for part in index.chunk(self.parts):
            share = len(part) / len(index)
            with self.randomness, computing_in(self.precision, self.device):
                logits = self.feed.train(part, self.generator).float()  # (B, num_classes), or (B, T, num_classes)
                labels = self.labels[part].to(logits.device, non_blocking=True)  # (B,) or (B, T)
                loss = answer_loss(logits, labels)
                term = self.term()
                total = loss if term is None else loss + term
            self.scaler.scale(total if share == 1 else total * share).backward()
            losses.append(loss.detach() if share == 1 else loss.detach() * share)
            correct.append(num_right(logits.detach(), labels))
        return (losses[0], correct[0]) if len(losses) == 1 else (torch.stack(losses).sum(), torch.stack(correct).sum())
