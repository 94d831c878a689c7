"""What one training step costs: arithmetic counted, memory added up, before anything is trained.

    print(training_cost(model, model_input(model, images.images[:32])))

Counted and not timed, so that the figures are the same on every machine. Activations are what torch keeps of the
forward pass for the backward pass; what layers need for a moment comes on top. Left out: what an optimizer other than
AdamW keeps, and kernels' own workspace.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from transferlab.inference import evaluating

MOMENTS = 2  # that AdamW keeps of every trainable parameter


@dataclass(frozen=True)
class TrainingCost:
    """The cost of a step on one batch; `flops` count a multiplication and an addition as two, memory is in bytes.

    >>> print(training_cost(model, x))
    12.3 GFLOP a step, 2.0 for the answers alone; 3 % of the parameters train: gradients 0.3 MB, AdamW 0.6 MB, …
    """

    forward_flops: int
    flops: int
    trainable_parameters: int
    total_parameters: int
    gradients: int
    moments: int
    activations: int

    @property
    def share(self) -> float:
        """Trainable parameters as a share of all, within 0…1."""
        return self.trainable_parameters / self.total_parameters

    @property
    def memory(self) -> int:
        """What training keeps beside the weights."""
        return self.gradients + self.moments + self.activations

    def __str__(self) -> str:
        return (
            f"{self.flops / 1e9:.1f} GFLOP a step, {self.forward_flops / 1e9:.1f} for the answers alone; "
            f"{self.share:.1%} of the parameters train: gradients {self.gradients / 1e6:.1f} MB, "
            f"AdamW {self.moments / 1e6:.1f} MB, activations {self.activations / 1e6:.1f} MB"
        )


def training_cost(model: nn.Module, x: Tensor) -> TrainingCost:
    """Count a forward and a backward pass on the batch `x`, such as `(B, 3, H, W)` floats or `(B, T)` tokens.

        >>> training_cost(model, torch.randn(32, 3, 64, 64))

    Frozen stages in front cost a forward pass and keep nothing. The model stays as it is: no gradient, no statistics.

    Raises:
        ValueError: nothing asks for a gradient.
    """
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trainable:
        raise ValueError("Everything is frozen: a training step costs nothing. Type unfreeze(model).")
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    own |= {x.untyped_storage().data_ptr()}
    kept: dict[int, int] = {}  # storage -> bytes, each counted once

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with evaluating(model), FlopCounterMode(display=False) as counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = model(x).float().square().mean()
        forward = counter.get_total_flops()
        activations = sum(kept.values())
        torch.autograd.grad(loss, trainable, allow_unused=True)
        total = counter.get_total_flops()
    size = sum(parameter.numel() * parameter.element_size() for parameter in trainable)
    return TrainingCost(
        forward_flops=forward,
        flops=total,
        trainable_parameters=sum(parameter.numel() for parameter in trainable),
        total_parameters=sum(parameter.numel() for parameter in model.parameters()),
        gradients=size,
        moments=MOMENTS * size,
        activations=activations,
    )
