"""What an `ImageSet` asks of its fields, each refused with what was given, what is needed, and what to type."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

_EXAMPLES = {
    "class_names": ("ants", "bees"),
    "group_names": ("on grass", "on sand"),
    "files": ("ants/1.jpg", "bees/2.jpg"),
    "label_safe": ("crop", "flip"),
    "texts": ("Is it open?", "Open it."),
    "labels": ("question", "request"),
}


def check_images(images: object) -> None:
    """Refuse what is not uint8 `(N, 3, H, W)`, with the line that would make it so."""
    advice = ""
    if isinstance(images, Tensor):
        if images.ndim == 4 and images.dtype == torch.uint8 and images.shape[1] == 3 and 0 not in images.shape:
            return
        if images.ndim == 4 and images.shape[1] != 3 and images.shape[3] == 3:
            advice = " Type images.permute(0, 3, 1, 2)."
        elif images.ndim == 4 and images.shape[1] == 1:
            advice = " Type images.expand(-1, 3, -1, -1) for greyscale images."
        elif images.is_floating_point():
            advice = " Type (images * 255).round().to(torch.uint8) for floats within 0…1."
        elif images.ndim == 4 and 0 in images.shape:
            advice = " A set holds at least one image."
    elif isinstance(images, np.ndarray):
        advice = " Type torch.from_numpy(images)."
    raise ValueError(f"images must be a uint8 tensor of shape (N, 3, H, W); you gave {described(images)}.{advice}")


def check_masks(masks: object, shape: tuple[int, int, int]) -> None:
    """Refuse masks that are neither None nor bool of `shape`."""
    if masks is not None and not (isinstance(masks, Tensor) and masks.dtype == torch.bool and masks.shape == shape):
        raise ValueError(f"masks must be a bool tensor of shape (N, H, W), here {shape}; you gave {described(masks)}.")


def check_names(field: str, given: Any) -> tuple[str, ...]:
    """The names as a tuple; one string, which is a sequence of letters, is refused."""
    if isinstance(given, Iterable) and not isinstance(given, str):
        names = tuple(given)
        if all(isinstance(name, str) for name in names):
            return names
    raise ValueError(f"{field} must be a sequence of names such as {_EXAMPLES[field]}; you gave {given!r}.")


def check_positions(field: str, values: object, count: int, limit: int, names: str) -> None:
    """Refuse what is not `count` positions among the `limit` entries of `names`."""
    if not isinstance(values, Tensor) or values.dtype != torch.int64 or values.shape != (count,):
        raise ValueError(
            f"{field} must be an int64 tensor of shape ({count},), one for each image; you gave {described(values)}."
        )
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= limit:
        raise ValueError(
            f"{field} must lie within 0…{limit - 1}, the positions in {names}; yours run from {low} to {high}."
        )


def described(value: object) -> str:
    """What was given, as an error says it.

    >>> described(np.zeros((4, 3)))
    'float64 of shape (4, 3)'
    """
    if isinstance(value, Tensor | np.ndarray):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"


def listed(names: dict[str, int] | Sequence[str], at_most: int = 10) -> str:
    """Names in quotes, with their counts where there are some, not more than fit on a screen.

    >>> listed({"ants": 3, "bees": 4})
    "'ants' (3), 'bees' (4)"
    """
    shown = [f"'{name}'" + (f" ({names[name]})" if isinstance(names, dict) else "") for name in list(names)[:at_most]]
    return ", ".join(shown) + (f" and {len(names) - at_most} more" if len(names) > at_most else "")
