"""What a student may hand to `explain`, checked: pictures as the model takes them, and the classes to explain."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.inference import model_input

Target = int | str | Sequence[int] | Tensor | None


def pictures(images: ImageSet | Tensor) -> Tensor:
    """The pixels `(N, 3, H, W)`: uint8 as stored, or floats that are normalised already.

        >>> pictures(data.held_out).shape

    Raises:
        ValueError: another type or shape, no image at all, or values that are no numbers.
    """
    x = images.images if isinstance(images, ImageSet) else images
    if not isinstance(x, Tensor):
        raise ValueError(
            f"Images are an ImageSet or a tensor (N, 3, H, W); you gave {type(images).__name__}. For an array of shape "
            "(H, W, 3) type torch.from_numpy(array).permute(2, 0, 1)."
        )
    if x.ndim == 3:
        x = x[None]
    if x.ndim != 4 or x.shape[1] not in (1, 3) or not len(x):
        raise ValueError(f"Images are of shape (N, 3, H, W) or (3, H, W); you gave {tuple(images.shape)}.")  # type: ignore[union-attr]
    if x.dtype != torch.uint8 and not x.is_floating_point():
        raise ValueError(f"Images are uint8 within 0…255, or normalised floats; you gave {x.dtype}.")
    if x.is_floating_point() and not torch.isfinite(x).all():
        bad = torch.nonzero(~torch.isfinite(x).flatten(1).all(1)).flatten().tolist()
        raise ValueError(f"Image {bad[0]} holds NaN or infinite values; {len(bad)} of {len(x)} do.")
    return x


def as_input(model: nn.Module, x: Tensor) -> Tensor:
    """Pixels as this model takes them, on its device; floats are taken to be so already."""
    if x.dtype == torch.uint8:
        return model_input(model, x)
    first = next(model.parameters())
    return x.to(first.device, first.dtype)


def first_answer(model: nn.Module, inside: nn.Module, x: Tensor) -> Tensor:
    """The logits of a forward pass, or a sentence in place of a traceback from torch's depths.

    Raises:
        ValueError: the model refuses such images, or does not answer with one score a class.
    """
    size = f"{x.shape[1]} channels, {x.shape[2]}×{x.shape[3]} pixels"
    try:
        logits = inside(x)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError, ValueError, IndexError) as error:
        card = card_of(model)
        expected = f"Its card says {card.input_size}×{card.input_size}. " if card else ""
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise ValueError(
            f"This {type(model).__name__} does not take such images ({size}): {reason}. {expected}Bring them to that "
            "size with transferlab.backbones.normalise(images, model.card, resize=True)."
        ) from None
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(x):
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"explain() needs one score a class for each image, (N, classes); the model gives {shape}.")
    if not torch.isfinite(logits).all():
        raise ValueError(
            "The model answers with NaN or infinite scores, so that there is nothing to explain. Its weights are "
            "broken: load it again, and train it with a lower learning rate."
        )
    return logits


def class_names(model: nn.Module, num_classes: int) -> tuple[str, ...]:
    """The names of the classes as the card has them, if the head is still that of the card."""
    card = card_of(model)
    return card.class_names if card is not None and len(card.class_names) == num_classes else ()


def targets_of(target: Target, logits: Tensor, names: Sequence[str]) -> Tensor:
    """The class to explain for each image, int64 `(N,)`: what was asked, else the one with the highest score.

        >>> targets_of("bee", logits, ("ant", "bee"))
        tensor([1, 1, 1])

    Raises:
        ValueError: no such class, or as many targets as there are no images.
    """
    count, num_classes = logits.shape
    if target is None:
        return logits.argmax(1).cpu()
    if isinstance(target, str):
        if target not in names:
            listed = names or tuple(str(number) for number in range(num_classes))
            raise unknown("class", target, listed, owner="This model's classes are")
        target = tuple(names).index(target)
    if isinstance(target, bool) or not isinstance(target, int | Sequence | Tensor):
        raise ValueError(f"target is a class (its number or name), one for each image, or None; you gave {target!r}.")
    chosen = torch.as_tensor(target).cpu()
    if chosen.is_floating_point() or chosen.dtype == torch.bool or chosen.ndim > 1:
        raise ValueError(f"target holds whole numbers, one for each image; you gave {target!r}.")
    chosen = chosen.long().expand(count).clone() if chosen.ndim == 0 else chosen.long()
    if len(chosen) != count:
        raise ValueError(f"{count} images need {count} targets, or a single one for all; you gave {len(chosen)}.")
    if chosen.min() < 0 or chosen.max() >= num_classes:
        bad = int(chosen.min() if chosen.min() < 0 else chosen.max())
        raise ValueError(f"No class {bad}: this model has {num_classes}, numbered 0 to {num_classes - 1}.")
    return chosen
