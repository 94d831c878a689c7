"""Notice when training has left the road, and say which learning rate drove it there."""

import math

import torch
from torch.optim import Optimizer

FAR = 10  # a loss this many times that of guessing is no noise: no batch of a training that learns gets there


def check_loss(loss: float, num_classes: int, optimizer: Optimizer) -> None:
    """Nothing, or an error that names the group and its learning rate.

        >>> check_loss(float("nan"), 8, optimizer)
        ValueError: Training diverged: the loss is nan. The group 'layer4' learns at 5, the fastest …

    Raises:
        ValueError: `loss` is not finite, or more than ten times `log(num_classes)`, the loss of guessing.
    """
    if math.isfinite(loss) and loss <= FAR * math.log(num_classes):
        return
    group = fastest_group(optimizer)
    found = f"{loss:.3g}" + ("" if math.isfinite(loss) else f", where guessing gives {math.log(num_classes):.2f}")
    raise ValueError(
        f"Training diverged: the loss is {found}. The group '{group['name']}' learns at {group['lr']:.3g}, the fastest "
        f"for the size of its weights. Start again from fresh weights with a tenth of that: {group['lr'] / 10:.1g}."
    )


def fastest_group(optimizer: Optimizer) -> dict:
    """The parameter group that moves furthest in one step, compared with the size of its weights.

        >>> fastest_group(optimizer)["name"]
        'layer4'

    Under Adam a step changes every weight by about `lr`, so the comparison is `lr` with the typical weight. Groups
    whose weights are no longer finite come first; among them, the highest rate.
    """

    def speed(group: dict) -> tuple[bool, float]:
        weights = torch.cat([parameter.detach().flatten().float() for parameter in group["params"]])
        if not torch.isfinite(weights).all():
            return True, group["lr"]
        return False, group["lr"] / (weights.square().mean().sqrt().item() + 1e-8)

    # Norms and biases may be all zero, and then any rate looks fast: judge groups by their weight matrices.
    matrices = [group for group in optimizer.param_groups if any(p.ndim > 1 for p in group["params"])]
    return max(matrices or optimizer.param_groups, key=speed)
