"""When a GPU's memory is full: the batch goes through in parts, with the same gradient, and a sentence says so.

Left out: processors, whose system ends a process without asking.
"""

import gc
import warnings
from collections.abc import Callable

import torch
from torch import Tensor


def free_memory(device: str) -> None:
    """Give back what a GPU's allocator holds for nobody; a processor's memory needs no such help.

    >>> free_memory("cuda")
    """
    if torch.device(device).type == "cuda":
        gc.collect()  # an error that was caught holds the tensors of its frames until then
        torch.cuda.empty_cache()


def in_parts(compute: Callable[[Tensor], Tensor], index: Tensor, size: int, device: str) -> list[Tensor]:
    """`compute` of each part of `index`, int64 `(N,)`; parts are `size` long, and half as long when memory is full.

        >>> torch.cat(in_parts(lambda part: model(images[part]), torch.arange(len(images)), 250, "cuda"))

    Raises:
        ValueError: a single image does not fit.
    """
    answers, start = [], 0
    while start < len(index):
        part, full = index[start : start + size], False
        try:
            answers.append(compute(part))
            start += len(part)
        except torch.OutOfMemoryError:
            full = True  # handled outside of the clause, where the error no longer holds its tensors
        if full:
            free_memory(device)
            size = halved(len(part), device)
    return answers


def halved(size: int, device: str, smallest: int = 1) -> int:
    """Half of a batch that did not fit, with the sentence that says so.

    >>> halved(64, "cuda")
    32

    Raises:
        ValueError: it cannot be halved any more.
    """
    if size // 2 < smallest:
        raise ValueError(
            f"The memory of {device} is full with {size} image{'s' if size > 1 else ''} at once. Take smaller images, "
            "a smaller model, freeze more of it, or close what else uses the device."
        )
    warnings.warn(f"The memory of {device} is full with {size} images at once; now {size // 2} at once.", stacklevel=3)
    return size // 2
