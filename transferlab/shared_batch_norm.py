"""BatchNorm over a batch that lies in several processes: each has some of the images, all normalise with the statistics
of the whole batch.

    with SharedBatchNorm(processes):
        logits = model(x)                            # x: this process's part of the batch

torch has SyncBatchNorm, which works on GPUs only and replaces the layers. Here the layers stay as they are: inside the
block their one call, `F.batch_norm`, is answered with the same formula over all processes, gradients included. Means
and variances are put together as in Chan, Golub & LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
Sample Variances" (1979), since sums of squares lose the digits that matter. Left out: layers that write the formula
out themselves, such as EvoNorm.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from transferlab.many_processes import Processes


class SharedBatchNorm(TorchFunctionMode):
    """Inside the block every BatchNorm that trains on batch statistics shares them with the other processes.

        >>> with SharedBatchNorm(join()):
        ...     logits = model(x)

    All processes must go through the same layers, forwards and backwards. With `counts=False` this process's images are
    normalised like the others' and count for nothing. It holds for the thread that entered it.
    """

    def __init__(self, processes: Processes, counts: bool = True) -> None:
        super().__init__()
        self.processes, self.counts = processes, counts

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is F.batch_norm and kwargs.get("training", len(args) > 5 and args[5]):
            return self._batch_norm(*args, **kwargs)
        return func(*args, **kwargs)

    def _batch_norm(
        self, x: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
        bias: Tensor | None = None, training: bool = True, momentum: float = 0.1, eps: float = 1e-5,
    ) -> Tensor:  # fmt: skip
        """`F.batch_norm` of `x`, `(B, C, …)`."""
        precise = x.to(torch.promote_types(x.dtype, torch.float32))
        mean, variance, count = self._statistics(precise)
        if running_mean is not None and running_var is not None:
            with torch.no_grad():
                running_mean.lerp_(mean.to(running_mean.dtype), momentum)
                running_var.lerp_((variance * count / (count - 1)).to(running_var.dtype), momentum)
        scale = (variance + eps).rsqrt() if weight is None else (variance + eps).rsqrt() * weight
        y = (precise - _beside(mean, x)) * _beside(scale, x)
        return (y if bias is None else y + _beside(bias, x)).to(x.dtype)

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and variance `(C,)` over all processes, and the number of values `()` that they are taken of."""
        channels = x.shape[1]
        axes = [axis for axis in range(x.ndim) if axis != 1]
        mean = x.mean(axes)  # (C,)
        squares = (x - _beside(mean, x)).square().sum(axes)  # (C,)
        own = torch.cat([mean, squares, x.new_full((1,), x.numel() // channels)]) * self.counts
        table = [own if rank == self.processes.rank else torch.zeros_like(own) for rank in range(self.processes.number)]
        table = _Sum.apply(torch.stack(table), self.processes)  # (processes, 2C + 1): one message for all of it
        means, squares, counts = table.split([channels, channels, 1], dim=1)
        count = counts.sum().detach()
        mean = (counts * means).sum(0) / count
        squares = (squares + counts * (means - mean).square()).sum(0)
        return mean, squares / count, count


class _Sum(Function):
    """The sum over processes, whose gradient is the sum of the processes' gradients."""

    # torch.distributed.nn has one; it is deprecated, and raises what no learner can read when a process is gone.

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, processes: Processes) -> Tensor:
        ctx.processes = processes
        return processes.sum(tensor.clone())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return ctx.processes.sum(gradient.contiguous().clone()), None


def _beside(values: Tensor, x: Tensor) -> Tensor:
    """`(C,)` as `(1, C, 1, …)`, with as many axes as `x`."""
    return values.view(1, -1, *[1] * (x.ndim - 2))
