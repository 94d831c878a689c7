"""Finding a model's classifier and putting a new one in its place.

    replace_head(model, num_classes=5)

Only the last layer changes: whatever is in front of it, hidden layers and norms of a larger head included, was
pretrained and stays. Sources: the cosine head is Gidaris & Komodakis, "Dynamic Few-Shot Visual Learning without
Forgetting" (2018), section 3.1. Left out: heads for anything else than one label an image.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.errors import check_num_classes, unknown
from transferlab.stages import find_heads, stages
from transferlab.stages.classifier import MARK, architecture, auxiliary_heads
from transferlab.unsupported import refuse_unsupported

HIDDEN = 512  # of the mlp head: half of what fastai's and most timm heads use, since the data sets here are small
COSINE_SCALE = 16.0  # start of the learned temperature; Gidaris & Komodakis start at 10, Chen et al. (2019) use 30
KINDS = ("linear", "mlp", "cosine")


class CosineHead(nn.Module):
    """Scores by angle alone: `scale · cos(feature, class weight)`; how long a feature vector is plays no part.

        >>> CosineHead(512, 10)(torch.zeros(2, 512)).shape
        torch.Size([2, 10])

    `(B, F)` to `(B, num_classes)`, or `(B, F, H, W)` to `(B, num_classes, H, W)` where the head is a convolution.
    """

    def __init__(self, in_features: int, num_classes: int, convolution: bool = False) -> None:
        super().__init__()
        self.in_features, self.num_classes = in_features, num_classes
        shape = (num_classes, in_features, 1, 1) if convolution else (num_classes, in_features)
        self.weight = nn.Parameter(torch.empty(shape))
        self.scale = nn.Parameter(torch.tensor(COSINE_SCALE))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        weight = F.normalize(self.weight, dim=1)
        if self.weight.ndim == 4:
            return self.scale * F.conv2d(F.normalize(x, dim=1), weight)  # (B, num_classes, H, W)
        return self.scale * F.linear(F.normalize(x, dim=-1), weight)  # (B, num_classes)


@dataclass(frozen=True)
class HeadReport:
    """What `replace_head` put where.

    >>> print(replace_head(resnet18(), 5))
    'fc' is now a linear head: 512 features → 5 classes, 2,565 parameters (was 1000 classes).
    """

    name: str
    in_features: int
    num_classes: int
    kind: str
    num_parameters: int
    previous_num_classes: int | None
    names: tuple[str, ...] = ()  # all of them, where a model has several
    removed: tuple[str, ...] = ()  # auxiliary heads

    def __str__(self) -> str:
        names = " and ".join(f"'{name}'" for name in self.names)
        was = f" (was {self.previous_num_classes} classes)" if self.previous_num_classes else ""
        text = f"{names} {'are' if len(self.names) > 1 else 'is'} now a {self.kind} head: "
        text += f"{self.in_features} features → {self.num_classes} classes, {self.num_parameters:,} parameters{was}."
        return text + (f" Removed the auxiliary {', '.join(self.removed)}." if self.removed else "")

    __repr__ = __str__  # what a notebook shows at the end of a cell


def head_of(model: nn.Module) -> tuple[str, nn.Module]:
    """The model's classifier: its dotted name, and the module itself. Nothing is changed.

        >>> head_of(resnet18())
        ('fc', Linear(in_features=512, out_features=1000, bias=True))

    Where a model has several (distilled ones, CrossViT), this is the first; see `heads_of`.

    Raises:
        ValueError: the model has no classifier.
    """
    return next(iter(heads_of(model).items()))


def heads_of(model: nn.Module) -> dict[str, nn.Module]:
    """All classifiers of a model by their dotted names; all but a few models have one.

        >>> list(heads_of(timm.create_model("deit_tiny_distilled_patch16_224")))
        ['head', 'head_dist']

    Raises:
        ValueError: the model has no classifier.
    """
    refuse_unsupported(architecture(model))
    return {name: model.get_submodule(name) for name in find_heads(model)}


def replace_head(
    model: nn.Module, num_classes: int, head: str | nn.Module = "linear", seed: int | None = None
) -> HeadReport:
    """Put a new, trainable classifier with `num_classes` outputs in place of the model's own; returns what it did.

        >>> replace_head(model, 5)
        >>> replace_head(model, 5, head="mlp", seed=0)
        >>> replace_head(model, 5, head=nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 5)))

    `"linear"` is torch's own layer, `"mlp"` has a hidden layer of 512 units with a ReLU, `"cosine"` is a `CosineHead`.
    A module of your own receives what the old head received, and gives `(B, num_classes)`. With a `seed` the same head
    comes out every time and torch's random numbers stay where they were. Device, precision and the model's own
    `num_classes` follow. A timm model built without classes gets its head too. Auxiliary heads (Inception,
    GoogLeNet) are removed: they were there to train the backbone from scratch.

    Raises:
        ValueError: `num_classes` is not a whole number above 1, an unknown kind, a head of your own whose last layer
            has another number of outputs, or a model without a place for a classifier.
    """
    check_num_classes(num_classes)
    if isinstance(head, str) and head not in KINDS:
        raise unknown("head", head, KINDS, owner="A head is an nn.Module or one of")
    if isinstance(head, nn.Module):
        _check_own_head(head, num_classes)
    refuse_unsupported(architecture(model))
    previous = _ensure_classifier(model, num_classes)
    old = heads_of(model)
    if isinstance(head, nn.Module) and len(old) > 1:
        raise ValueError(
            f"This model has {len(old)} classifiers ({', '.join(old)}); one module cannot serve them all. "
            f"Choose head='linear', 'mlp' or 'cosine'."
        )
    for name, module in old.items():
        new = head if isinstance(head, nn.Module) else _seeded(partial(_new_head, head, module, num_classes), seed)
        example = next(module.parameters(), next(model.parameters()))
        new.to(device=example.device, dtype=example.dtype).train(model.training).requires_grad_(True)
        _put(model, name, new)
    removed = _remove_auxiliary_heads(model)
    _tell_number_of_classes(model, list(old), num_classes)
    head_stage = stages(model).head
    for name in head_stage.modules:  # a head that was frozen held its dropout still, too
        for part in model.get_submodule(name).modules():
            part.__dict__.pop("train", None)
        model.get_submodule(name).train(model.training)
    name, module = next(iter(old.items()))
    return HeadReport(
        name=name,
        in_features=in_features_of(module),
        num_classes=num_classes,
        kind=head if isinstance(head, str) else type(head).__name__,
        num_parameters=head_stage.num_parameters,
        previous_num_classes=previous,
        names=tuple(old),
        removed=removed,
    )


def in_features_of(module: nn.Module) -> int:
    """How many features a classifier reads.

    >>> in_features_of(nn.Linear(512, 10))
    512
    """
    for layer in module.modules():
        for attribute in ("in_features", "in_channels"):
            if isinstance(getattr(layer, attribute, None), int):
                return getattr(layer, attribute)
    raise ValueError(f"How many features {type(module).__name__} reads cannot be told; choose another head first.")


def out_features_of(module: nn.Module) -> int | None:
    """How many classes a classifier tells apart, if its last layer says so.

    >>> out_features_of(nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10)))
    10
    """
    for layer in reversed(list(module.modules())):
        for attribute in ("out_features", "out_channels", "num_classes"):
            if isinstance(getattr(layer, attribute, None), int):
                return getattr(layer, attribute)
    return None


def _new_head(kind: str, old: nn.Module, num_classes: int) -> nn.Module:
    """A fresh head of this kind for what the old one read; a convolution where the old one was a convolution."""
    convolution = (
        any(isinstance(layer, nn.Conv2d) for layer in old.modules())
        or getattr(getattr(old, "weight", None), "ndim", 2) == 4
    )
    in_features = in_features_of(old)

    def layer(inputs: int, outputs: int) -> nn.Module:
        return nn.Conv2d(inputs, outputs, 1) if convolution else nn.Linear(inputs, outputs)

    if kind == "linear":
        return layer(in_features, num_classes)
    if kind == "cosine":
        new: nn.Module = CosineHead(in_features, num_classes, convolution)
    else:
        new = nn.Sequential(layer(in_features, HIDDEN), nn.ReLU(), layer(HIDDEN, num_classes))
    setattr(new, MARK, True)
    return new


def _seeded(make: Callable[[], nn.Module], seed: int | None) -> nn.Module:
    if seed is None:
        return make()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _check_own_head(head: nn.Module, num_classes: int) -> None:
    outputs = out_features_of(head)
    if outputs is not None and outputs != num_classes:
        raise ValueError(f"Your head gives {outputs} outputs, and num_classes is {num_classes}; make them the same.")
    setattr(head, MARK, True)


def _put(model: nn.Module, name: str, new: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    holder = model.get_submodule(parent)
    if isinstance(holder, nn.Sequential | nn.ModuleList):
        holder[int(own) if own.isdigit() else list(holder._modules).index(own)] = new
    else:
        setattr(holder, own, new)


def _ensure_classifier(model: nn.Module, num_classes: int) -> int | None:
    """The number of classes until now. A timm model that was built without any gets a classifier from timm."""
    try:
        return out_features_of(next(iter(heads_of(model).values())))
    except ValueError:
        reset: Any = getattr(model, "reset_classifier", None)
        if not callable(reset):
            raise
    device = next(model.parameters()).device
    reset(num_classes)
    model.to(device)
    heads_of(model)  # raises if timm could not give it one either
    return None


def _remove_auxiliary_heads(model: nn.Module) -> tuple[str, ...]:
    removed = auxiliary_heads(model)
    for name in removed:
        setattr(model, name, None)
    if removed:
        model.aux_logits = False  # type: ignore[assignment]
    return removed


def _tell_number_of_classes(model: nn.Module, names: list[str], num_classes: int) -> None:
    """timm's models and their head modules each keep the number; a stale one misleads whoever reads it."""
    holders = {""} | {name.rpartition(".")[0] for name in names} | {name.split(".")[0] for name in names}
    for holder in holders:
        module = model.get_submodule(holder)
        for attribute in ("num_classes", "n_classes"):
            if isinstance(module.__dict__.get(attribute), int):
                setattr(module, attribute, num_classes)
        if isinstance(getattr(module, "out_features", None), int) and not isinstance(module, nn.Linear):
            module.out_features = num_classes  # type: ignore[assignment]
