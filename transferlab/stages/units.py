"""The pieces of a model from which its stages are put together: which modules count whole, which are opened.

A container that repeats blocks (`features`, `blocks`, `encoder.layers`) is opened into its elements; one of several
containers of the same kind (`layer1` … `layer4`) counts whole. Counts of weight layers decide, not names, so that a
user's own model is treated like torchvision's. Left out: in which order the pieces run (`tracing.py`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from transferlab.stages.classifier import ADAPTER, has_weight, is_norm

TRUNK = 0.4  # a Sequential with at least this share of all weight layers is a trunk, opened into its elements
WRAPPER = 0.7  # another module with at least this share merely wraps the network (`encoder`, `backbone`)
OPENED = "is_transferlab_trunk"  # set on a module that wraps the network, however few layers it has
PARAMETERS = (nn.ParameterList, nn.ParameterDict)
LISTS = (nn.ModuleList, nn.ModuleDict)  # they have no forward of their own; their owner calls the elements


@dataclass(frozen=True)
class Unit:
    """A module that is never split. `group` is the list it came from, which becomes one stage again if run in one go.

    >>> find_units(resnet18(), ["fc"]).units[0]
    Unit(name='conv1', kind='weight', group='')
    """

    name: str
    kind: str  # 'weight', 'vector' (norms and other layers without a matrix), or 'none' (no parameters)
    group: str = ""


@dataclass(frozen=True)
class Anatomy:
    """The units in the order of registration, and the names of the modules that were opened to find them."""

    units: tuple[Unit, ...]
    opened: tuple[str, ...]
    counts: dict[str, int]  # weight layers under each module


def count_weight_layers(model: nn.Module) -> dict[str, int]:
    """How many layers with a weight matrix or kernel lie in each module, by dotted name ('' is the model).

    >>> count_weight_layers(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    {'': 1, '0': 1, '1': 0}
    """
    counts: dict[str, int] = {}
    inside = "."  # of an adapter: together with the layer that it holds it counts once
    for name, module in model.named_modules():
        counts.setdefault(name, 0)
        if name.startswith(inside):
            continue
        inside = f"{name}." if getattr(module, ADAPTER, False) else "."
        if has_weight(module):
            counts[name] += 1
            while name:
                name = name.rpartition(".")[0]
                counts[name] += 1
    return counts


def find_units(model: nn.Module, heads: Iterable[str]) -> Anatomy:
    """Open the model's containers down to the pieces that count whole; each head is a piece of its own.

    >>> [unit.name for unit in find_units(vgg11(), ["classifier.6"]).units][:4]
    ['features.0', 'features.1', 'features.2', 'features.3']
    """
    heads = tuple(heads)
    counts = count_weight_layers(model)
    total = max(1, counts[""] - sum(counts[head] for head in heads))
    units: list[Unit] = []
    opened: list[str] = []

    def kind(name: str, module: nn.Module) -> str:
        if counts.get(name, 0) and not is_norm(module):
            return "weight"
        return "vector" if any(True for _ in module.parameters()) else "none"

    def visit(name: str, module: nn.Module, group: str) -> None:
        opened.append(name)
        for child_name, child in module.named_children():
            full = f"{name}.{child_name}" if name else child_name
            if full not in counts or isinstance(child, PARAMETERS):
                continue  # a module shared with an earlier place counts there
            if full in heads:
                units.append(Unit(full, "weight"))
            elif (
                any(head.startswith(f"{full}.") for head in heads)
                or getattr(child, OPENED, False)
                or _is_trunk(full, module, child)
            ):
                visit(full, child, "")
            elif isinstance(child, LISTS) and type(child).forward is nn.Module.forward and len(child):
                visit(full, child, group or full)
            else:
                units.append(Unit(full, kind(full, child), group))

    def _is_trunk(name: str, parent: nn.Module, child: nn.Module) -> bool:
        weighted = [part for part, _ in child.named_children() if counts.get(f"{name}.{part}")]
        if not weighted or _has_numbered_sibling(name, parent, child, counts):
            return False
        if len(weighted) == 1:
            (part,) = weighted
            return bool(list(child.get_submodule(part).children())) and counts[name] >= WRAPPER * total
        if isinstance(child, (nn.Sequential, *LISTS)):
            return (len(weighted) > 2 and counts[name] >= TRUNK * total) or counts[name] >= WRAPPER * total
        if isinstance(parent, nn.ModuleList) and len(parent) == 1 and not any(map(_is_container, child.modules())):
            return False  # a network of one block: the block is no wrapper, however much of the network it is
        return counts[name] >= WRAPPER * total

    visit("", model, "")
    return Anatomy(tuple(units), tuple(opened), counts)


def _is_container(module: nn.Module) -> bool:
    return isinstance(module, (nn.Sequential, *LISTS))


def _has_numbered_sibling(name: str, parent: nn.Module, child: nn.Module, counts: dict[str, int]) -> bool:
    """Whether it is one of `layer1`, `layer2`, …: same parent, same class, same name but for the number."""
    prefix, _, own = name.rpartition(".")
    stem = re.sub(r"\d+$", "", own)
    if stem == own:
        return False
    return any(
        other != own
        and type(sibling) is type(child)
        and re.sub(r"\d+$", "", other) == stem
        and counts.get(f"{prefix}.{other}" if prefix else other)
        for other, sibling in parent.named_children()
    )
