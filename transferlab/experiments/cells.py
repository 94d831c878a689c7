"""What an experiment consists of: cells, one training run each, and the names that their results are kept under.

A name is made of everything that a result depends on: the weights, the images, the recipe, the seed, and the code
below this package. What was measured once is found again under it, and a changed line of the engine finds nothing.
"""

import functools
import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch
from torch import nn

import transferlab
from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data.images import ImageSet, Splits
from transferlab.identity import fingerprint, image_identity
from transferlab.recipes import Recipe
from transferlab.stages.structure import settings

DataMaker = Callable[..., Splits]  # data(per_class=20, seed=0)
BackboneMaker = Callable[[int], nn.Module]  # backbone(seed)
Measure = Callable[[nn.Module, Splits, int], Mapping[str, float | None]]

ABOVE = (  # what lies above a run, and may change without changing one
    "experiments", "claims", "failures", "museum", "bets", "audit", "advice", "plots", "widgets", "lab", "bench",
    "cli.py", "opening.py", "__main__.py", "rank_agreement.py", "transferability.py", "tables.py", "comparison.py",
    "examination.py", "language", "learning", "health.py",
)  # fmt: skip
LIBRARIES = ("torch", "torchvision", "timm", "transferlab")  # whose classes are told by their names and settings


@dataclass(frozen=True, eq=False)  # recipes hold dicts, so that cells are told apart by identity
class Cell:
    """One run of a sweep: an arm (what the table calls its recipe), images a class, and a seed."""

    arm: str
    recipe: Recipe
    per_class: int
    seed: int


@dataclass(frozen=True)
class Conditions:
    """What all cells of a sweep have in common.

    `data` makes the images of a cell, `data(per_class=, seed=)`. `backbone` is a name for `load`, a network of one's
    own, or a function of the seed that makes one. `measure(model, data, seed)` may add columns. `most_images` shortens
    phases in which the network would see more training images than that; `forgetting` asks for what is left of the
    source task. Without `curves` the held-out images are looked at after the last epoch only, and a row has no run.
    `precision` is settled once, so that no two processes compute in different ones.
    """

    data: DataMaker
    data_name: str
    backbone: str | nn.Module | BackboneMaker
    measure: Measure | None = None
    most_images: int | None = None
    forgetting: bool = False
    device: str = "cpu"
    precision: str = "auto"
    curves: bool = True

    @property
    def backbone_name(self) -> str:
        if isinstance(self.backbone, str):
            return self.backbone
        return type(self.backbone).__name__ if isinstance(self.backbone, nn.Module) else name_of(self.backbone)

    @property
    def network(self) -> str | nn.Module:
        """What a run starts from, once `with_network` has settled it."""
        assert isinstance(self.backbone, str | nn.Module)
        return self.backbone

    def with_network(self, seed: int) -> "Conditions":
        """The same with the network that a function makes for this seed; as they are where there is no function."""
        return self if isinstance(self.backbone, str | nn.Module) else replace(self, backbone=self.backbone(seed))


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called, whether some of its arguments are settled or not."""
    inner = function.func if isinstance(function, functools.partial) else function
    return getattr(inner, "__name__", type(inner).__name__)


class Nested:
    """The budgets of images that are there: `per_class` of each class, the smaller within the larger.

    >>> Nested(splits)(per_class=5, seed=0)
    """

    def __init__(self, splits: Splits) -> None:
        self.splits = splits

    def __call__(self, per_class: int, seed: int) -> Splits:
        return Splits(self.splits.train.per_class(per_class, seed), self.splits.held_out, self.splits.notes)

    @property
    def largest(self) -> int:
        """The largest budget that every class can fill."""
        return min(self.splits.train.counts().values())


def conditions_identity(conditions: Conditions) -> str | None:
    """A name for the conditions of a sweep, or None where they hold something that has none, such as a lambda.

    >>> conditions_identity(Conditions(partial(worlds.target, "objects"), "objects", "bundled"))[:8]
    """
    parts = [
        _function_identity(conditions.data), _backbone_identity(conditions.backbone),
        "" if conditions.measure is None else _function_identity(conditions.measure),
    ]  # fmt: skip
    if any(part is None for part in parts):
        return None
    others = (conditions.most_images, conditions.forgetting, conditions.device, conditions.precision, conditions.curves)
    return _hash(*parts, others, code_identity(), transferlab.__version__, torch.__version__)


def cell_identity(cell: Cell, conditions: str) -> str:
    """The name of a cell under these conditions; what the table calls the arm is no part of it.

    >>> cell_identity(cell, conditions_identity(conditions))
    """
    return _hash(conditions, json.dumps(cell.recipe.to_plain(), sort_keys=True), cell.per_class, cell.seed)


@functools.cache
def code_identity() -> str:
    """A hash of the package's code, without what lies above a run: experiments, figures, panels and commands.

    >>> code_identity()[:8]
    """
    root = Path(transferlab.__file__).parent
    files = sorted(path for path in root.rglob("*.py") if path.relative_to(root).parts[0] not in ABOVE)
    return _hash(*[f"{path.relative_to(root)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files])


def _function_identity(function: Callable[..., Any]) -> str | None:
    """What a function does, as text: its module, name, source and settled arguments."""
    if isinstance(function, Nested):
        return _hash(*(_images_identity(part) for part in (function.splits.train, function.splits.held_out)))
    if isinstance(function, functools.partial):
        parts = [_function_identity(function.func), *map(_argument_identity, function.args)]
        parts += [_argument_identity(one) for one in function.keywords.values()]
        return None if None in parts else _hash(*parts, list(function.keywords))
    code = _code_of(function)
    return None if code is None else _hash(function.__module__, function.__qualname__, code)


def _code_of(thing: Callable[..., Any]) -> str | None:
    """The source of a module, for a function or class that is found in it by its name.

    None for any other: a lambda, a function made within a function, a method with the object it belongs to, a cell of
    a notebook. They may be something else under the same name the next time.
    """
    module = sys.modules.get(getattr(thing, "__module__", None) or "__main__")
    try:
        if module is None or module.__name__ == "__main__" or attrgetter(thing.__qualname__)(module) is not thing:
            return None
        return inspect.getsource(module)
    except (AttributeError, OSError, TypeError):
        return None


def _argument_identity(argument: object) -> str | None:
    if isinstance(argument, str | int | float | bool | type(None)):
        return repr(argument)
    if isinstance(argument, tuple):
        parts = [_argument_identity(one) for one in argument]
        return None if None in parts else _hash("tuple", *parts)
    if isinstance(argument, nn.Module):
        return _backbone_identity(argument)
    if isinstance(argument, ImageSet):
        return _images_identity(argument)
    return None


def _images_identity(images: ImageSet) -> str:
    tensors = {"labels": images.labels, "groups": images.groups, "masks": images.masks}
    there = {name: one for name, one in tensors.items() if one is not None}
    return _hash(image_identity(images), fingerprint(there), images.class_names, images.group_names, images.label_safe)


def _backbone_identity(backbone: str | nn.Module | BackboneMaker) -> str | None:
    if not isinstance(backbone, str | nn.Module):
        return _function_identity(backbone)
    if isinstance(backbone, str):
        return _hash(backbone, fingerprint(dict(load(backbone).state_dict())))
    lines = [repr(card_of(backbone))]
    for name, module in backbone.named_modules():
        kind, own, code = type(module), settings(module), ""
        if kind.__module__.split(".")[0] not in LIBRARIES:
            found = _code_of(kind)
            if found is None or own is None:
                return None
            code = found
        if module._forward_hooks or module._forward_pre_hooks:
            return None
        lines.append(f"{name} {kind.__module__}.{kind.__qualname__} {own!r} {module.extra_repr()} {code}")
    return _hash(*lines, fingerprint(dict(backbone.state_dict())))


def _hash(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]
