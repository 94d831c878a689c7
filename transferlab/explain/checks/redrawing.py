"""Draw a network's weights anew, from the head downwards, so that what it learned is gone and signals still pass.

A network whose activations die out or explode gives blank maps, which say nothing. So each tensor is drawn from a
Gaussian of its own size (its root mean square), biases become 0 and normalisation layers 1 and 0. Then every layer
drawn is scaled until its output varies as much as it did before (after Mishkin & Matas, "All you need is a good init",
2015), and BatchNorm statistics are taken from the images at hand. A plain `reset_parameters` would do without
all this, and a deep network without normalisation would fall silent. Left out: tensors that a module keeps as buffers.
"""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from transferlab.explain.working_copy import working_copy
from transferlab.inference import model_input
from transferlab.stages import Stage, stages

NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm)
REFERENCE = 64  # images that set the scale of the activations: enough for a variance, few enough for one batch


def cascade(model: nn.Module, pixels: Tensor, seed: int = 0) -> Iterator[tuple[str, nn.Module]]:
    """Copies of the model with ever more stages drawn anew, the head first: the last stage drawn, and the copy.

        >>> [stage for stage, redrawn in cascade(model, images.images)]
        ['fc', 'layer4', 'layer3', 'layer2', 'layer1', 'conv1']

    It is one copy that goes on changing: use it before the next. Stages without parameters are passed over.
    """
    inside = working_copy(model)
    x = model_input(inside, pixels[:REFERENCE])
    before = _spreads(inside, x)
    generator = Generator().manual_seed(seed)
    drawn: list[str] = []
    for stage in reversed(stages(inside)):
        if stage.parameters:
            redraw(inside, stage, generator)
            drawn += stage.modules
            bring_to_scale(inside, drawn, before, x)
            yield stage.name, inside


@torch.no_grad()
def redraw(inside: nn.Module, stage: Stage, generator: Generator) -> None:
    """Replace every parameter of a stage, in place; those of other stages stay.

    >>> redraw(inside, stages(inside).head, torch.Generator().manual_seed(0))
    """
    for name in stage.parameters:
        owner, _, last = name.rpartition(".")
        parameter = inside.get_parameter(name)
        if last.endswith("bias"):
            parameter.zero_()
        elif isinstance(inside.get_submodule(owner), NORMS):
            parameter.fill_(1)
        else:
            size = parameter.float().square().mean().sqrt()
            noise = torch.randn(parameter.shape, generator=generator)  # drawn on the CPU: the same on every device
            parameter.copy_(noise.to(parameter.device) * size)


@torch.no_grad()
def bring_to_scale(inside: nn.Module, names: list[str], before: dict[str, float], x: Tensor) -> None:
    """Scale the layers among the modules `names` so that each varies over `x` as `before`, in one forward pass.

    Each layer is corrected as its output comes by, so that the next one already sees what it will see. BatchNorm
    normalises with this batch and keeps its statistics.
    """
    handles, norms = [], []

    def correct(name: str):
        def hook(module: nn.Module, inputs: object, output: Tensor) -> Tensor | None:
            now = _spread(module, output)
            if now == 0 or before.get(name, 0) == 0:
                return None  # nothing varies here, so that there is no scale to keep
            for parameter in module.parameters(recurse=False):
                parameter.mul_(before[name] / now)
            return output * (before[name] / now)

        return hook

    wanted = set(names)
    try:
        for name, module in inside.named_modules():
            if name not in wanted:
                continue
            if isinstance(module, nn.Linear | _ConvNd):
                handles.append(module.register_forward_hook(correct(name)))
            elif isinstance(module, _BatchNorm) and module.track_running_stats:
                norms.append((module, module.momentum))
                module.reset_running_stats()
                module.momentum, module.training = None, True  # None: the plain mean over the batches seen
        inside(x)
    finally:
        for handle in handles:
            handle.remove()
        for norm, momentum in norms:
            norm.momentum, norm.training = momentum, False


@torch.no_grad()
def _spreads(inside: nn.Module, x: Tensor) -> dict[str, float]:
    """How much the output of each linear and convolutional layer varies over the images."""
    found: dict[str, float] = {}
    handles = [
        module.register_forward_hook(lambda module, _, output, name=name: found.update({name: _spread(module, output)}))
        for name, module in inside.named_modules()
        if isinstance(module, nn.Linear | _ConvNd)
    ]
    try:
        inside(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _spread(module: nn.Module, output: Tensor) -> float:
    """The root mean square over channels of the standard deviation over images and places."""
    channels = output.flatten(0, -2) if isinstance(module, nn.Linear) else output.transpose(0, 1).flatten(1).T
    return channels.float().var(0, correction=0).mean().sqrt().item()
