"""Run a model over an image set and leave it as it was: same mode, same buffers, no gradients.

What training, evaluation, forgetting and probes have in common. Left out: views of one image (test-time augmentation).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.backbones.preprocessing import normalise
from transferlab.data.images import ImageSet
from transferlab.fast_paths import memory_format
from transferlab.out_of_memory import in_parts
from transferlab.resident import moved, rows_of


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Eval mode inside the block; afterwards every module is back in the mode it was in, after an error too.

    >>> with evaluating(model):
    ...     logits = model(x)
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield model
    finally:
        for module, mode in modes:
            module.training = mode  # not .train(): that would also switch the module's children


def model_input(model: nn.Module, pixels: Tensor) -> Tensor:
    """Stored pixels `(B, 3, H, W)`, uint8, as this model takes them: on its device, normalised as its card says.

        >>> logits = model(model_input(model, images.images[:32]))

    They lie in memory in the order that is quickest and safe for it (see `memory_format`).
    """
    x = normalise(moved(pixels, next(model.parameters()).device), card_of(model))
    return x.contiguous(memory_format=memory_format(model))


def predict(model: nn.Module, images: ImageSet, batch_size: int = 250) -> Tensor:
    """The logits `(N, num_classes)` of every image, on the CPU, in the order of the set.

        >>> predict(model, held_out).argmax(1)

    Images are normalised as the model's card says and moved to wherever its parameters lie.
    """
    rows, device = torch.arange(len(images)), str(next(model.parameters()).device)
    with evaluating(model), torch.no_grad():
        batches = in_parts(
            lambda part: model(model_input(model, rows_of(images.images, part))), rows, batch_size, device
        )
    return torch.cat(batches).float().cpu()
