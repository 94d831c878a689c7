"""How far images lie from those that a network was pretrained on, read off the network: no source image is needed.

    look_distance(load("bundled"), data.train).value

A BatchNorm layer remembers the mean and the variance that each of its channels had on the source images. The same two
numbers on the new images, and the Fréchet distance of the two normal distributions (Dowson & Landau 1982; in many
dimensions: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017), in units of their common variance:

    d² = ((m − μ)² + (s − σ)²) / ((s² + σ²) / 2)        the value is the root of its mean over channels, then layers

That these statistics hold the look of a domain, and less what is asked about it, is the observation of Li et al.,
"Revisiting Batch Normalization For Practical Domain Adaptation" (2016). Left out: networks without BatchNorm, which
remember nothing of the kind; for them source images would be needed, and nobody has ImageNet at hand.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from transferlab.data.images import ImageSet
from transferlab.inference import evaluating, model_input
from transferlab.randomness import OwnRandomness

FEWEST_VALUES = 2  # of a channel, for it to have a variance


@dataclass(frozen=True)
class LookDistance:
    """`value` is 0 where every channel behaves as on the source images; `by_layer` is stem first, by module name."""

    value: float
    by_layer: dict[str, float]
    num_images: int


def look_distance(model: nn.Module, images: ImageSet, batch_size: int = 100) -> LookDistance | None:
    """How far the look of `images` lies from the source's; None for a network whose layers remember no statistics.

        >>> look_distance(load("bundled"), worlds.target("objects").train).value
        0.4

    The model stays as it is, and labels do not matter. Few images make the value a little larger.

    Raises:
        ValueError: no ImageSet.
    """
    if not isinstance(images, ImageSet):
        raise ValueError(f"A distance is that of an ImageSet, data.train say; you gave {type(images).__name__}.")
    norms = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None and module.running_var is not None
    }
    if not norms:
        return None
    sums: dict[str, list[Tensor]] = {}
    device = str(next(model.parameters()).device)
    hooks = [module.register_forward_pre_hook(_counting(name, sums)) for name, module in norms.items()]
    try:
        with evaluating(model), torch.no_grad(), OwnRandomness(0, device):
            for start in range(0, len(images), batch_size):
                model(model_input(model, images.images[start : start + batch_size]))
    finally:
        for hook in hooks:
            hook.remove()
    by_layer = {name: _distance(norms[name], *sums[name]) for name in norms if name in sums}
    value = math.sqrt(sum(one**2 for one in by_layer.values()) / len(by_layer))
    return LookDistance(value, by_layer, len(images))


def _counting(name: str, sums: dict[str, list[Tensor]]):
    """A hook that adds up what reaches a layer: number, sum and sum of squares of each channel."""

    def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].detach().transpose(0, 1).flatten(1).double()  # (C, B · H · W)
        found = [torch.tensor(x.shape[1]), x.sum(1).cpu(), x.square().sum(1).cpu()]
        before = sums.get(name)
        sums[name] = found if before is None else [one + other for one, other in zip(before, found, strict=True)]

    return hook


def _distance(norm: _BatchNorm, count: Tensor, total: Tensor, squares: Tensor) -> float:
    mean = total / count
    variance = (squares / count - mean.square()).clamp_min(0)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return channel_distance(mean, variance, norm.running_mean.double().cpu(), norm.running_var.double().cpu())


def channel_distance(mean: Tensor, variance: Tensor, other_mean: Tensor, other_variance: Tensor) -> float:
    """The root mean square over channels of the distance above; all arguments are `(C,)`.

    >>> one = torch.ones(1)
    >>> channel_distance(0 * one, one, 2 * one, one)        # two standard deviations apart
    2.0
    """
    common = (variance + other_variance) / 2
    squares = (mean - other_mean).square() + (variance.sqrt() - other_variance.sqrt()).square()
    alive = common > 1e-12  # a channel that never varies, here or there, tells nothing
    if not alive.any():
        return 0.0
    return (squares[alive] / common[alive]).mean().sqrt().item()
