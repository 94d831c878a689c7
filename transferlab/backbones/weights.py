"""Putting tensors into a model: all of them, or all but the head where the number of classes differs.

Strict, in contrast to `load_state_dict(strict=False)`: whatever is left over or missing is an error that names it. A
head is recognised without knowing the architecture: its tensors are those, and only those, whose first dimension is
the number of classes where everything else agrees. Left out: resizing position embeddings and first convolutions.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from transferlab.backbones.weights_file import read_weights

OPTIONAL = "num_batches_tracked"  # a counter that old and compact files leave out


@dataclass(frozen=True)
class Differences:
    """How a file's tensors differ from a model's: names only here, only there, and with another shape.

    >>> differences(model.state_dict(), tensors).resized
    ('fc.weight', 'fc.bias')
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    resized: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.resized)


def differences(own: dict[str, Tensor], given: dict[str, Tensor]) -> Differences:
    """Compare a model's state dict with a file's, by name and shape.

    >>> bool(differences(model.state_dict(), model.state_dict()))
    False
    """
    return Differences(
        tuple(name for name in own if name not in given and not name.endswith(OPTIONAL)),
        tuple(name for name in given if name not in own),
        tuple(name for name in own if name in given and own[name].shape != given[name].shape),
    )


def head_classes(own: dict[str, Tensor], given: dict[str, Tensor], num_classes: int) -> int | None:
    """How many classes the file's head has, if the head is all that differs; None if something else does.

        >>> head_classes(SmallResNet(8).state_dict(), SmallResNet(232).state_dict(), 8)
        232

    `num_classes` is the number that `own` was built with. A file that lacks the head altogether counts as 0.
    """
    found = differences(own, given)
    if not found:
        return num_classes
    if found.unexpected:
        return None
    if found.missing:
        modules = {name.rpartition(".")[0] for name in found.missing}
        is_last = found.missing[-1] == [name for name in own if not name.endswith(OPTIONAL)][-1]
        sized = all(own[name].shape[:1] == (num_classes,) for name in found.missing)
        return 0 if len(modules) == 1 and is_last and sized and not found.resized else None
    sizes = {given[name].shape[0] if given[name].ndim else -1 for name in found.resized}
    alike = all(
        own[name].shape[:1] == (num_classes,) and own[name].shape[1:] == given[name].shape[1:] for name in found.resized
    )
    return sizes.pop() if alike and len(sizes) == 1 else None


def place(model: nn.Module, tensors: dict[str, Tensor], origin: str, leave: tuple[str, ...] = ()) -> int:
    """Copy the tensors into the model, in the model's own precision and place; returns how many were copied.

        >>> place(SmallResNet(8), read_weights("mine.safetensors").tensors, "mine.safetensors")

    Parameters and buffers whose names are in `leave` stay as they are, and so do the file's tensors of those names.

    Raises:
        ValueError: the file is of another architecture or head; nothing was copied then.
    """
    own = {name: value for name, value in model.state_dict().items() if name not in leave}
    given = {name: value for name, value in tensors.items() if name not in leave}
    if found := differences(own, given):
        raise another_architecture(origin, own, given, found)
    with torch.no_grad():
        for name, value in given.items():
            own[name].copy_(value)
    return len(given)


@dataclass(frozen=True)
class WeightsReport:
    """What `load_weights` put into a model.

    >>> print(load_weights(model, "mine.safetensors"))
    122 tensors from 'mine.safetensors'.
    """

    path: Path
    num_tensors: int

    def __str__(self) -> str:
        return f"{self.num_tensors} tensors from '{self.path}'."


def load_weights(model: nn.Module, path: str | Path) -> WeightsReport:
    """Put all tensors of a file into a model that is already built; returns what was loaded.

        >>> model = load("bundled", num_classes=8, pretrained=False)
        >>> replace_head(model, 8, head="cosine")
        >>> load_weights(model, "mine.safetensors")

    This is the way back for models with a head or layers of one's own, and for modules that `load` does not know.

    Raises:
        ValueError: the file is broken, holds code, or its tensors are not exactly this model's.
    """
    file = read_weights(path)
    return WeightsReport(file.path, place(model, file.tensors, str(file.path)))


def another_architecture(
    origin: str, own: dict[str, Tensor], given: dict[str, Tensor], found: Differences, model_name: str = "this model"
) -> ValueError:
    """The error for a file whose tensors are not this model's, with the first ones that differ.

    >>> raise another_architecture("mine.safetensors", own, given, differences(own, given), "torchvision/resnet18")
    ValueError: mine.safetensors is of another architecture than torchvision/resnet18: …
    """

    def listed(names: tuple[str, ...]) -> str:
        return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")

    parts = []
    if found.resized:
        shapes = [f"{name} is {tuple(given[name].shape)} in the file and {tuple(own[name].shape)} in the model"
                  for name in found.resized[:3]]  # fmt: skip
        parts.append(f"{len(found.resized)} have another shape ({'; '.join(shapes)})")
    if found.missing:
        parts.append(f"{len(found.missing)} are missing from the file ({listed(found.missing)})")
    if found.unexpected:
        parts.append(f"{len(found.unexpected)} of the file's are unknown to the model ({listed(found.unexpected)})")
    return ValueError(
        f"'{origin}' is of another architecture than {model_name}: of {len(own)} tensors, {', '.join(parts)}. "
        "Give the architecture that the file was saved from."
    )
