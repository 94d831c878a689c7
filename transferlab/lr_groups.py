"""Optimizer parameter groups by stage, each with a real `lr`.

    optimizer = AdamW(lr_groups(model, head_lr=1e-3, layer_decay=0.7))

A plain torch loop reads `lr` and nothing else: groups that carry a scale for some scheduler to multiply in, as timm's
do, train every layer at the same rate there (timm#2532). Sources: Howard & Ruder, "Universal Language Model
Fine-tuning" (2018) for rates by depth; fastai `fastai/learner.py` for `slice(lo, hi)`; Clark et al., "ELECTRA" (2020)
and BEiT for `layer_decay`. Left out: schedules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from torch import nn
from torch.nn import Parameter
from torch.optim import Optimizer

from transferlab.callable_module import make_callable
from transferlab.errors import check_learning_rate
from transferlab.stages import Stages, stage_parameters, stages
from transferlab.stages.classifier import is_norm
from transferlab.stages.stage import aligned

HEAD_LR = 1e-3  # what AdamW likes for a fresh linear layer
OWN_KEYS = ("params", "lr", "weight_decay", "name", "stage", "initial_lr", "param_names")  # never carried over


def lr_groups(
    model: nn.Module,
    head_lr: float | None = None,
    backbone_lr: float | slice | None = None,
    *,
    layer_decay: float | None = None,
    lr: float | slice | None = None,
    weight_decay: float = 0.01,
) -> list[dict[str, Any]]:
    """The model's trainable parameters in groups for a torch optimizer, stem first, head last.

        >>> AdamW(lr_groups(model, head_lr=1e-3, backbone_lr=1e-4))
        >>> AdamW(lr_groups(model, head_lr=1e-3, backbone_lr=slice(1e-5, 1e-4)))   # grows from the stem upwards
        >>> AdamW(lr_groups(model, head_lr=1e-3, layer_decay=0.7))   # head_lr · 0.7^(stages below the head)
        >>> AdamW(lr_groups(model, lr=slice(1e-5, 1e-3)))            # geometric from stem to head, as in fastai

    Give the rates in one way: `head_lr` (default 1e-3) with or without `backbone_lr` (default: the same; a slice grows
    geometrically from the stem to the last stage below the head) or `layer_decay`, or else `lr`, a number for all or a
    slice that includes the head. `lr=slice(hi)` gives the head `hi` and the rest a tenth, as in fastai. A stage's rate
    does not depend on what is frozen. Each group is a dict with `params`, `lr`, `weight_decay`, `stage` (its stage's
    name) and `name`; norms, biases, other vectors and what the model itself exempts (timm's `no_weight_decay()`) come
    as a second group of their stage without weight decay. Frozen parameters are left out. Nothing is changed.

    Raises:
        ValueError: contradictory arguments, a rate that is none, a decay outside 0…1, or nothing that is trainable.
    """
    found = stages(model)
    rates = stage_rates(found, head_lr, backbone_lr, layer_decay=layer_decay, lr=lr)
    _check_weight_decay(weight_decay)
    exempt = _exempt_from_weight_decay(model)
    groups = []
    for stage, rate in zip(found, rates, strict=True):
        trainable = {name: p for name, p in stage_parameters(model, stage).items() if p.requires_grad}
        decayed = [p for name, p in trainable.items() if name not in exempt]
        spared = [p for name, p in trainable.items() if name in exempt]
        if decayed:
            groups.append(_group(decayed, rate, weight_decay, stage.name, stage.name))
        if spared:
            groups.append(_group(spared, rate, 0.0, f"{stage.name} (no decay)", stage.name))
    if not groups:
        raise ValueError(
            "Everything is frozen: there is nothing to train. Type unfreeze(model), or freeze(model) to train the head."
        )
    return groups


def stage_rates(
    found: Stages,
    head_lr: float | None = None,
    backbone_lr: float | slice | None = None,
    *,
    layer_decay: float | None = None,
    lr: float | slice | None = None,
) -> list[float]:
    """The learning rate of every stage, frozen or not, from stem to head. Arguments as for `lr_groups`.

    >>> stage_rates(stages(model), head_lr=1.0, layer_decay=0.5)   # 5 stages below the head
    [0.03125, 0.0625, 0.125, 0.25, 0.5, 1.0]
    """
    below = len(found) - 1  # stages of the backbone
    if lr is not None:
        given = {"head_lr": head_lr, "backbone_lr": backbone_lr, "layer_decay": layer_decay}
        others = [name for name, value in given.items() if value is not None]
        if others:
            raise ValueError(f"lr sets every stage's rate, so {' and '.join(others)} contradict it; give one of them.")
        if not isinstance(lr, slice):
            return [check_learning_rate(lr)] * (below + 1)
        return _geometric(lr, below)
    if backbone_lr is not None and layer_decay is not None:
        raise ValueError("backbone_lr gives all backbone stages one rate, layer_decay each its own; give one of them.")
    head = check_learning_rate(HEAD_LR if head_lr is None else head_lr, "head_lr")
    if isinstance(backbone_lr, slice):
        return [*_between(backbone_lr, below), head]
    if layer_decay is None:
        return [head if backbone_lr is None else check_learning_rate(backbone_lr, "backbone_lr")] * below + [head]
    if isinstance(layer_decay, bool) or not isinstance(layer_decay, int | float) or not 0 < layer_decay <= 1:
        raise ValueError(f"layer_decay lies above 0 and at most 1 (0.7 is usual); you gave {layer_decay!r}.")
    return [head * layer_decay ** (below - i) for i in range(below + 1)]


def _geometric(lr: slice, below: int) -> list[float]:
    """fastai's `slice(lo, hi)`: equal factors from stage to stage; `slice(hi)`: a tenth for all but the head."""
    if lr.step is not None or lr.stop is None:
        raise ValueError(f"lr=slice(lowest, highest) or slice(highest); you gave {lr!r}.")
    highest = check_learning_rate(lr.stop, "the slice's highest rate")
    if lr.start is None:
        return [highest / 10] * below + [highest]
    lowest = check_learning_rate(lr.start, "the slice's lowest rate")
    if not below:
        return [highest]
    return [lowest * (highest / lowest) ** (i / below) for i in range(below)] + [highest]


def _between(backbone_lr: slice, below: int) -> list[float]:
    """Equal factors from the stem's rate to the rate of the last stage below the head."""
    if backbone_lr.step is not None or backbone_lr.start is None or backbone_lr.stop is None:
        raise ValueError(f"backbone_lr=slice(at the stem, at the last stage below the head); you gave {backbone_lr!r}.")
    stem = check_learning_rate(backbone_lr.start, "the backbone slice's first rate")
    last = check_learning_rate(backbone_lr.stop, "the backbone slice's last rate")
    if below < 2:
        return [last] * below
    return [stem * (last / stem) ** (i / (below - 1)) for i in range(below)]


@dataclass(frozen=True)
class GroupReport:
    """What `update_groups` changed in an optimizer; numbers of parameter tensors, and the rate of every stage.

    >>> print(update_groups(optimizer, model, head_lr=1e-3, backbone_lr=1e-4))
    stage   learning rate
    layer4          1e-04
    fc              1e-03
    15 parameter tensors added, 2 kept with state, 0 dropped
    """

    added: int
    kept: int
    dropped: int
    added_stages: tuple[str, ...]
    rates: dict[str, float]

    def __str__(self) -> str:
        table = aligned(("stage", "learning rate"), [(name, f"{rate:.0e}") for name, rate in self.rates.items()])
        return f"{table}\n{self.added} parameter tensors added, {self.kept} kept with state, {self.dropped} dropped"

    __repr__ = __str__  # what a notebook shows at the end of a cell


def update_groups(
    optimizer: Optimizer,
    model: nn.Module,
    head_lr: float | None = None,
    backbone_lr: float | slice | None = None,
    *,
    layer_decay: float | None = None,
    lr: float | slice | None = None,
    weight_decay: float = 0.01,
) -> GroupReport:
    """Bring a live optimizer up to date after the freeze line moved. Arguments as for `lr_groups`.

        >>> freeze_to(model, "layer3")
        >>> update_groups(optimizer, model, head_lr=1e-3, backbone_lr=1e-4)

    Parameters that stay keep their state (momentum, Adam's averages and step); newly unfrozen ones come in with their
    own rate and the optimizer's other settings; frozen ones go, with their state. Make a new learning-rate scheduler
    afterwards: an old one counts the groups of its day.

    Raises:
        ValueError: as `lr_groups`, and the optimizer is then as it was.
    """
    groups = lr_groups(model, head_lr, backbone_lr, layer_decay=layer_decay, lr=lr, weight_decay=weight_decay)
    old = {group.get("name"): group for group in optimizer.param_groups}
    known = {id(p) for group in optimizer.param_groups for p in group["params"]}
    settings = {key: value for key, value in optimizer.param_groups[0].items() if key not in OWN_KEYS}
    for group in groups:
        previous = old.get(group["name"], {})
        group |= settings | {key: value for key, value in previous.items() if key not in OWN_KEYS}
    now = {id(p): group["stage"] for group in groups for p in group["params"]}

    optimizer.param_groups.clear()
    for group in groups:
        optimizer.add_param_group(group)
    for parameter in [p for p in optimizer.state if id(p) not in now]:
        del optimizer.state[parameter]
    new = [stage for key, stage in now.items() if key not in known]
    return GroupReport(
        added=len(new),
        kept=len(now) - len(new),
        dropped=len(known - set(now)),
        added_stages=tuple(dict.fromkeys(new)),
        rates={group["stage"]: group["lr"] for group in groups},
    )


def _group(parameters: list[Parameter], lr: float, weight_decay: float, name: str, stage: str) -> dict[str, Any]:
    return {"params": parameters, "lr": lr, "weight_decay": weight_decay, "name": name, "stage": stage}


def _exempt_from_weight_decay(model: nn.Module) -> set[str]:
    """Norms, biases and other vectors, and what the model itself names: pulling them to zero regularises nothing."""
    names: set[str] = set()
    for prefix, module in model.named_modules():
        of_norm = is_norm(module)
        for name, parameter in module.named_parameters(prefix=prefix, recurse=False):
            if of_norm or parameter.ndim <= 1 or name.endswith("bias"):
                names.add(name)
    own = getattr(model, "no_weight_decay", None)
    listed: Iterable[str] = own() if callable(own) else ()
    return names | set(listed)


def _check_weight_decay(weight_decay: object) -> None:
    number = isinstance(weight_decay, int | float) and not isinstance(weight_decay, bool)
    if not number or not isfinite(weight_decay) or weight_decay < 0:  # type: ignore[arg-type, operator]
        raise ValueError(f"weight_decay is 0 or a small positive number such as 0.01; you gave {weight_decay!r}.")


make_callable(__name__, lr_groups)
