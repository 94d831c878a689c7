"""The gradient of a batch that several processes share: each does its part, and one message adds the parts up.

Beside `batch_gradient`, which is for one process. The loss of a part is weighed by its share of the batch's images, so
that the sum is the whole batch's mean loss, also where parts are uneven. Left out: parts of a part. A GPU whose memory
is full says so, for the others would not know of it.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from transferlab.batch_gradient import BatchGradient
from transferlab.many_processes import Processes
from transferlab.precision import computing_in
from transferlab.randomness import OwnRandomness
from transferlab.shared_batch_norm import SharedBatchNorm


def shared(gradient: BatchGradient, processes: Processes) -> "BatchGradient | SharedGradient":
    """The gradient shared out among the processes; the very one that was given where a process is alone.

    >>> shared(gradient, ALONE) is gradient
    True
    """
    return gradient if processes.number == 1 else SharedGradient(gradient, processes)


class SharedGradient:
    """Leaves the whole batch's gradients in the parameters of every process.

        >>> gradient = SharedGradient(BatchGradient(feed, labels, …), join())
        >>> loss, correct = gradient(index)       # of the whole batch
        >>> optimizer.step()

    Dropout draws other numbers in each process, and so not those that one process would draw.

    Raises:
        ValueError: this process's part does not fit in its device's memory, or another process is gone.
    """

    def __init__(self, gradient: BatchGradient, processes: Processes) -> None:
        self.gradient, self.processes = gradient, processes

    def __call__(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The batch's mean loss and how many of its answers were right, both of shape `()`, without gradients."""
        share = self.processes.share(len(index))
        try:
            loss, correct = self._own(index, share.rows, share.weight)
        except torch.OutOfMemoryError:
            raise ValueError(
                f"The memory of {self.gradient.device} is full with {len(index[share.rows])} images at once, this "
                f"process's part of a batch of {len(index)}. Take a smaller batch_size, more processes, smaller images "
                "or a smaller model, or freeze more of it."
            ) from None
        return self._summed(loss, correct)

    def _own(self, index: Tensor, rows: slice, weight: float) -> tuple[Tensor, Tensor]:
        """The weighed gradient, loss and right answers of the images at `index[rows]`."""
        whole = self.gradient
        whole.optimizer.zero_grad(set_to_none=True)
        with self._own_randomness(), computing_in(whole.precision, whole.device):
            # A way to keep the source task has a batch of its own, the same in every process: nothing to share there.
            with SharedBatchNorm(self.processes, counts=weight > 0):
                logits = whole.feed.train(index, whole.generator, rows).float()  # (B, num_classes)
            labels = whole.labels[index[rows]].to(logits.device, non_blocking=True)  # (B,)
            loss = F.cross_entropy(logits, labels)
            term = whole.term()
            total = loss if term is None else loss + term
        whole.scaler.scale(total * weight).backward()
        return loss.detach() * weight, (logits.detach().argmax(1) == labels).sum() * (weight > 0)

    def _summed(self, loss: Tensor, correct: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients, loss and right answers, each now the sum over all processes: one message."""
        groups = self.gradient.optimizer.param_groups
        gradients = [one.grad for group in groups for one in group["params"] if one.grad is not None]
        numbers = [*gradients, loss, correct.to(loss.dtype)]
        message = self.processes.sum(torch.cat([one.flatten() for one in numbers]))
        parts = message.split([one.numel() for one in numbers])
        for gradient, part in zip(gradients, parts[:-2], strict=True):
            gradient.copy_(part.view(gradient.shape))
        return parts[-2].reshape(()), parts[-1].reshape(())

    def _own_randomness(self) -> OwnRandomness:
        """A stream for this batch in this process; that of the run stays the same in all, and so fits a checkpoint."""
        with self.gradient.randomness:
            drawn = int(torch.randint(2**62, ()))
        return OwnRandomness(drawn + self.processes.rank, self.gradient.device)
