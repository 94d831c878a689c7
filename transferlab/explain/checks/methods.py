"""What is checked: a method by its name in `explain`, or any function that makes maps, so that liars can be planted.

    def edges(model, images, targets): ...     # uint8 (N, 3, H, W), int64 (N,) -> (N, H, W)

Every check works on a copy in eval mode, so that no method can change the student's model, and gives the method random
numbers of its own. Left out: methods that need float images.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.explain.requests import Target, class_names, pictures, targets_of
from transferlab.explain.working_copy import working_copy
from transferlab.inference import model_input
from transferlab.randomness import OwnRandomness

MapMethod = Callable[[nn.Module, Tensor, Tensor], Tensor]
Method = str | MapMethod

FLAT = 1e-6  # a map whose values differ by less than this share of the largest holds rounding errors, no picture


def name_of(method: Method) -> str:
    """What to call a method in a table.

    >>> name_of("grad_cam"), name_of(edges)
    ('grad_cam', 'edges')
    """
    return method if isinstance(method, str) else getattr(method, "__name__", type(method).__name__)


def check_method(method: object) -> None:
    """Say why this is no method, if it is none.

    Raises:
        ValueError: neither a name that `explain` knows nor something that can be called.
    """
    if isinstance(method, str):
        from transferlab.explain.methods import METHODS

        if method not in METHODS:
            raise unknown("method", method, tuple(METHODS), owner="Methods are")
    elif not callable(method):
        raise ValueError(
            "A method is a name such as 'grad_cam', or a function (model, images, targets) -> maps (N, H, W); "
            f"you gave {method!r}."
        )


def prepared(model: nn.Module, images: ImageSet | Tensor, target: Target = None) -> tuple[nn.Module, Tensor, Tensor]:
    """A copy of the model, the pixels uint8 `(N, 3, H, W)`, and the class to explain for each, `(N,)`.

        >>> inside, pixels, targets = prepared(model, data.held_out)

    Raises:
        ValueError: no stored pixels, or no such class.
    """
    pixels = pictures(images).cpu()
    if pixels.dtype != torch.uint8:
        raise ValueError(f"The checks change stored pixels: give uint8 images within 0…255; you gave {pixels.dtype}.")
    inside = working_copy(model)
    logits = scores(inside, pixels)
    names = class_names(model, logits.shape[1])
    if isinstance(images, ImageSet) and images.num_classes == logits.shape[1]:
        names = images.class_names
    return inside, pixels, targets_of(target, logits, names)


def scores(inside: nn.Module, pixels: Tensor, batch_size: int = 100) -> Tensor:
    """The logits `(N, num_classes)` of a copy, on the CPU."""
    with torch.no_grad():
        return torch.cat([inside(model_input(inside, part)).float().cpu() for part in pixels.split(batch_size)])


def maps_of(
    method: Method, inside: nn.Module, pixels: Tensor, targets: Tensor, seed: int = 0, batch_size: int = 50
) -> Tensor:
    """The maps of a method, float32 `(N, H, W)` on the CPU; zero where `explain` itself says that a map is blank.

        >>> maps = maps_of("grad_cam", inside, pixels, targets)

    Raises:
        ValueError: the method gives another shape, or values that are no numbers.
    """
    check_method(method)
    compute = _by_name(method) if isinstance(method, str) else method
    device = next(inside.parameters()).device
    parts = []
    with OwnRandomness(seed, str(device)), torch.enable_grad():
        for part, chosen in zip(pixels.split(batch_size), targets.split(batch_size), strict=True):
            maps = compute(inside, part.to(device), chosen.to(device))
            expected = (len(part), *part.shape[2:])
            if not isinstance(maps, Tensor) or tuple(maps.shape) != expected:
                given = tuple(maps.shape) if isinstance(maps, Tensor) else type(maps).__name__
                raise ValueError(f"'{name_of(method)}' must give maps of shape {expected}; it gave {given}.")
            if not torch.isfinite(maps).all():
                raise ValueError(f"'{name_of(method)}' gave maps with NaN or infinite values.")
            parts.append(maps.detach().float().cpu())
    return torch.cat(parts)


def is_blank(maps: Tensor) -> Tensor:
    """Which maps `(N, H, W)` show nothing, being the same everywhere: bool `(N,)`.

    >>> is_blank(torch.stack([torch.zeros(4, 4), torch.eye(4)]))
    tensor([ True, False])
    """
    flat = maps.flatten(1)
    return flat.amax(1) - flat.amin(1) <= FLAT * flat.abs().amax(1)


def check_maps(maps: Tensor, count: int, size: tuple[int, int]) -> None:
    """Say why these are no maps of these images, if they are none.

    Raises:
        ValueError: another shape, or values that are no numbers.
    """
    if not isinstance(maps, Tensor) or tuple(maps.shape) != (count, *size):
        given = tuple(maps.shape) if isinstance(maps, Tensor) else type(maps).__name__
        raise ValueError(f"Maps of these images are of shape {(count, *size)}, one an image; you gave {given}.")
    if not torch.isfinite(maps).all():
        raise ValueError("The maps hold NaN or infinite values, so that nothing can be said about them.")


def _by_name(name: str) -> MapMethod:
    def explained(inside: nn.Module, pixels: Tensor, targets: Tensor) -> Tensor:
        from transferlab.explain.attribution import explain

        found = explain(inside, pixels, targets, name)
        blank = torch.tensor([reason is not None for reason in found.blank])
        return torch.where(blank[:, None, None], torch.zeros(()), found.maps)

    return explained
