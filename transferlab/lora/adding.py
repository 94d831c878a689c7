"""Adapters into a model and out of it again, and the report of what got one and what did not, and why.

    print(add_lora(model, r=4))
    train(model, data, "lora")          # or a loop of your own: what asks for a gradient is what trains
    merge_lora(model)                   # a plain network again, with what was learned in its weights

Left out: several adapters in one model.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from transferlab.freezing.held import HELD, SAVED
from transferlab.freezing.parts import StaysInEval, parts_of
from transferlab.lora.layers import Adapter, LoraConv, LoraLinear, adapters_of
from transferlab.lora.settings import LoraSettings
from transferlab.lora.targets import Targets, targets
from transferlab.randomness import OwnRandomness
from transferlab.stages import find_heads, stages
from transferlab.stages.stage import aligned


@dataclass(frozen=True)
class LoraReport:
    """Which layers have an adapter, which do not and why, and what trains now.

    >>> print(add_lora(model))
    stage     adapters  parameters
    blocks.0         2       6,144
    …
    rank 8, scaled by 2; chosen: attention's query and value; trained whole: head
    no adapter: 30 not among the target modules, such as 'blocks.0.attention.key'; …
    trainable: 233,472 of 3,085,056 parameters (7.6 %)
    """

    adapters: dict[str, int]  # layer -> parameters of its adapter
    stages: dict[str, tuple[str, ...]]  # stage -> its layers that have one
    skipped: dict[str, tuple[str, ...]]
    saved: tuple[str, ...]
    how: str
    settings: LoraSettings
    trainable_parameters: int
    total_parameters: int

    @property
    def share(self) -> float:
        """Trainable parameters as a share of all, within 0…1."""
        return self.trainable_parameters / self.total_parameters

    def __str__(self) -> str:
        rows = [
            (stage, str(len(names)), f"{sum(self.adapters[name] for name in names):,}")
            for stage, names in self.stages.items()
        ]
        saved = f"trained whole: {', '.join(self.saved)}" if self.saved else "nothing is trained whole"
        lines = [
            aligned(("stage", "adapters", "parameters"), rows),
            f"rank {self.settings.r}, scaled by {self.settings.scaling:g}; chosen: {self.how}; {saved}",
        ]
        if self.skipped:
            reasons = (f"{len(names)} {reason}, such as '{names[0]}'" for reason, names in self.skipped.items())
            lines.append(f"no adapter: {'; '.join(reasons)}")
        lines.append(
            f"trainable: {self.trainable_parameters:,} of {self.total_parameters:,} parameters ({self.share:.1%})"
        )
        return "\n".join(lines)

    __repr__ = __str__  # what a notebook shows at the end of a cell


def add_lora(
    model: nn.Module, r: int = 8, lora_alpha: float = 16, lora_dropout: float = 0.0, *,
    target_modules: str | Sequence[str] | None = None, modules_to_save: Sequence[str] | None = None,
    seed: int | None = None,
) -> LoraReport:  # fmt: skip
    """Put a low-rank adapter beside each target layer; from now on these train, and what is named, and nothing else.

        >>> print(add_lora(model, r=4))
        >>> add_lora(model, target_modules=["query", "value"])        # ends of names
        >>> add_lora(model, target_modules="all-linear", modules_to_save=["head", "norms"])
        >>> add_lora(model, modules_to_save=[])                       # the head stays as it is, too

    For the arguments see `LoraSettings`. The model's answers are bit-equal to those before, until something is trained.
    `freeze_to` and `lr_groups` go on as ever: a stage that is thawed trains its adapters. With a `seed` the same
    adapters come out every time, and torch's random numbers stay where they were. Source: Hu et al. (2021).

    Raises:
        ValueError: no layer matches, the model has adapters already, or a setting is none. The model is then as it was.
    """
    given = tuple(target_modules) if isinstance(target_modules, list) else target_modules
    saved = tuple(modules_to_save) if isinstance(modules_to_save, list) else modules_to_save
    settings = LoraSettings(r, lora_alpha, lora_dropout, given, saved)  # type: ignore[arg-type]
    return add_adapters(model, settings, seed)


def add_adapters(model: nn.Module, settings: LoraSettings, seed: int | None = None) -> LoraReport:
    """The same with its settings as one thing, as a recipe holds them.

    >>> add_adapters(model, LoraSettings(r=4), seed=0)
    """
    check_plain(model)
    chosen = targets(model, settings)
    wanted = dict.fromkeys(chosen.matched, (settings.r, settings.scaling))
    with OwnRandomness(seed) if seed is not None else nullcontext():
        return insert(model, wanted, chosen, settings)


def check_plain(model: nn.Module) -> None:
    """Refuse a model that has adapters already."""
    if adapters_of(model):
        raise ValueError("This model has adapters already. Type remove_lora(model) or merge_lora(model) first.")


def insert(
    model: nn.Module, wanted: Mapping[str, tuple[int, float]], chosen: Targets, settings: LoraSettings
) -> LoraReport:
    """Adapters of the given rank and scaling into exactly these layers, and the report of it.

    >>> insert(model, {"layer4.0.conv1": (4, 2.0)}, chosen, settings)
    """
    found = stages(model)
    for name in chosen.saved:
        setattr(model.get_submodule(name), SAVED, True)
    for name in find_heads(model):
        if name not in chosen.saved:
            setattr(model.get_submodule(name), HELD, True)
    asleep = _asleep(model)
    for name, (r, scaling) in wanted.items():
        layer = model.get_submodule(name)
        kind = LoraConv if isinstance(layer, _ConvNd) else LoraLinear
        adapter = kind(layer, r, scaling, settings.lora_dropout)  # type: ignore[arg-type]
        adapter.train(layer.training)
        if "train" in layer.__dict__:  # it was frozen by stage, and so is its adapter
            for part in (adapter, adapter.lora_A, adapter.lora_B, adapter.lora_dropout):
                part.__dict__["train"] = StaysInEval(part, layer.__dict__["train"].bn)
        _put(model, name, adapter)
    _wake(model, asleep)
    names = {stage.name: tuple(n for n in wanted if _within(n, stage.modules)) for stage in found}
    parameters = list(model.parameters())
    return LoraReport(
        adapters={name: _size(adapter) for name, adapter in adapters_of(model).items()},
        stages={stage: here for stage, here in names.items() if here},
        skipped=chosen.skipped,
        saved=chosen.saved,
        how=chosen.how,
        settings=settings,
        trainable_parameters=sum(p.numel() for p in parameters if p.requires_grad),
        total_parameters=sum(p.numel() for p in parameters),
    )


def merge_lora(model: nn.Module) -> tuple[str, ...]:
    """Add what the adapters learned to the weights and take them out; returns the layers. Answers agree within 1e-5.

        >>> merge_lora(model)

    Raises:
        ValueError: the model has no adapters.
    """
    return _take_out(model, merge=True)


def remove_lora(model: nn.Module) -> tuple[str, ...]:
    """Take the adapters out with all that they learned: every pretrained weight is bit-equal. Returns the layers.

        >>> remove_lora(model)

    What was trained whole keeps what it learned.

    Raises:
        ValueError: the model has no adapters.
    """
    return _take_out(model, merge=False)


@contextmanager
def without_lora(model: nn.Module) -> Iterator[nn.Module]:
    """The model as it was before its adapters, inside the block; afterwards they work as before, after an error too.

    >>> with without_lora(model):
    ...     before = predict(model, images)
    """
    adapters = [*adapters_of(model).values()]
    states = [adapter.enabled for adapter in adapters]
    for adapter in adapters:
        adapter.enabled = False
    try:
        yield model
    finally:
        for adapter, state in zip(adapters, states, strict=True):
            adapter.enabled = state


def _take_out(model: nn.Module, merge: bool) -> tuple[str, ...]:
    adapters = adapters_of(model)
    if not adapters:
        raise ValueError("This model has no adapters. Type add_lora(model) to give it some.")
    asleep = _asleep(model)
    for name, adapter in adapters.items():
        base = adapter.base_layer
        if merge:
            assert isinstance(base.weight, Tensor)
            with torch.no_grad():
                base.weight.add_(adapter.addition())
        _put(model, name, base)
    for module in model.modules():
        module.__dict__.pop(SAVED, None)
        module.__dict__.pop(HELD, None)
    _wake(model, asleep)
    return tuple(adapters)


def _asleep(model: nn.Module) -> set[str]:
    """The stages that were frozen by us, which stay so."""
    parts = parts_of(model, stages(model))
    return {
        part.stage.name
        for part in parts
        if part.modules and all(isinstance(module.__dict__.get("train"), StaysInEval) for module in part.modules)
    }


def _wake(model: nn.Module, asleep: set[str]) -> None:
    """Gradients for all that may train, in the stages that are not frozen."""
    for part in parts_of(model, stages(model)):
        for parameter in part.parameters:
            may = parameter.is_floating_point() and id(parameter) not in part.held and part.stage.name not in asleep
            parameter.requires_grad_(may)
            if not may:
                parameter.grad = None


def _put(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, module)


def _within(name: str, modules: Sequence[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in modules)


def _size(adapter: Adapter) -> int:
    return sum(p.numel() for part in (adapter.lora_A, adapter.lora_B) for p in part.parameters())
