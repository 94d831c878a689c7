"""What the stages of a model depend on, as something that can be compared: they are then found once, not each time.

Following a forward takes milliseconds in a small network and seconds in a large one, and freezing, groups, probes and
boundaries all ask for stages. What they depend on is the tree of modules, each module's type and settings, and the
shapes of parameters; never a weight's value. Left out: modules with settings that cannot be compared. Their models are
followed each time.
"""

import dataclasses
from types import BuiltinFunctionType
from typing import Any

import torch
from torch import nn

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type, torch.dtype, torch.device, torch.memory_format)
# What every module has, the keeper of a frozen stage (see freezing), a model's card and its tokenizer: no structure.
_NOT_STRUCTURE = set(vars(nn.Module())) | {"train", "card", "tokens"}


def is_plain(value: object) -> bool:
    """Whether a setting is made of numbers, strings and the like alone, and so is what its `repr` says.

    >>> is_plain({"kernel_size": (3, 3)}), is_plain(lambda x: x)
    (True, False)
    """
    if isinstance(value, list | tuple | set | frozenset):
        return all(is_plain(one) for one in value)
    if isinstance(value, dict):
        return all(is_plain(one) for pair in value.items() for one in pair)
    if isinstance(value, BuiltinFunctionType):  # torch's own, such as F.gelu, are what they are called
        return (value.__module__ or "").startswith("torch.")
    return isinstance(value, _PLAIN)


def settings(module: nn.Module) -> list[tuple[str, Any]] | None:
    """A module's own attributes beside its tensors and children, by name; None where one cannot be compared.

    >>> dict(settings(nn.ReLU()))
    {'inplace': False}
    """
    own = []
    for name, value in sorted(vars(module).items()):
        if name in _NOT_STRUCTURE:
            continue
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = dataclasses.asdict(value)  # timm's pretrained_cfg
        if not is_plain(value):
            return None
        own.append((name, value))
    return own


def structure(model: nn.Module) -> str | None:
    """Two models of one structure have the same stages; None where that cannot be told.

    >>> structure(resnet18()) == structure(resnet18()) != structure(resnet34())
    True
    """
    lines = []
    seen: dict[int, int] = {}  # a shared parameter shows by the number of its first place
    for name, module in model.named_modules(remove_duplicate=False):
        own = settings(module)
        if own is None:
            return None
        shapes = [
            (key, None if one is None else (type(one).__name__, tuple(one.shape), seen.setdefault(id(one), len(seen))))
            for key, one in module._parameters.items()
            if not isinstance(one, nn.parameter.UninitializedParameter)
        ]
        kind = type(module)
        lines.append(f"{name} {kind.__module__}.{kind.__qualname__} {id(kind)} {own!r} {shapes!r}")
    return "\n".join(lines)
