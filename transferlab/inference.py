"""Run a model over an image set and leave it as it was: same mode, same buffers, no gradients.

What training, evaluation, forgetting and probes have in common. Left out: views of one image (test-time augmentation).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.backbones.preprocessing import normalise
from transferlab.data.labelled import LabelledSet
from transferlab.fast_paths import memory_format
from transferlab.losses import Judged, judged, summed
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


def model_input(model: nn.Module, rows: Tensor) -> Tensor:
    """Rows of a set as this model takes them, on its device. What they are is told by their type:

        >>> logits = model(model_input(model, images.images[:32]))

    uint8 pixels `(B, 3, H, W)` are normalised as the model's card says, and lie in memory in the order that is quickest
    and safe for it (see `memory_format`); int64 token numbers `(B, T)` stay as they are; int16 samples of sound
    `(B, T)` become floats within -1…1.
    """
    x = moved(rows, next(model.parameters()).device)
    if rows.dtype == torch.int64:
        return x
    if rows.dtype == torch.int16:
        return x.float().div_(32_768)
    return laid_out(model, normalise(x, card_of(model)))


def laid_out(model: nn.Module, x: Tensor) -> Tensor:
    """Images `(B, C, H, W)` in the order in memory that suits this model; anything else as it is.

    >>> x = laid_out(model, x.flip(-1))
    """
    return x.contiguous(memory_format=memory_format(model)) if x.ndim == 4 else x


def predict(model: nn.Module, images: LabelledSet, batch_size: int = 250) -> Tensor:
    """The logits `(N, num_classes)` of every image, on the CPU, in the order of the set; texts and sounds alike.

        >>> predict(model, held_out).argmax(1)

    Images are normalised as the model's card says and moved to wherever its parameters lie. Where every position is
    answered they are `(N, T, num_classes)`, which is large for a language model: see `judge`.
    """
    rows, device = torch.arange(len(images)), str(next(model.parameters()).device)
    with evaluating(model), torch.no_grad():
        batches = in_parts(lambda part: model(model_input(model, rows_of(images.rows, part))), rows, batch_size, device)
    return torch.cat(batches).float().cpu()


def judge(model: nn.Module, examples: LabelledSet, answers: Tensor | None = None, batch_size: int = 32) -> Judged:
    """Accuracy and loss on a set, batch by batch, so that the logits of all positions never lie in memory at once.

        >>> judge(model, held_out).loss

    `answers` stand in for the set's own labels.
    """
    labels = examples.labels if answers is None else answers
    rows, device = torch.arange(len(examples)), str(next(model.parameters()).device)
    with evaluating(model), torch.no_grad():
        return judged(
            in_parts(
                lambda part: summed(model(model_input(model, rows_of(examples.rows, part))), labels[part]),
                rows, batch_size, device,
            )
        )  # fmt: skip
