"""`stages(model)`: the ordered stages of any classifier, stem first, head last.

Three steps: find the classifier (`classifier.py`), open the containers (`units.py`), follow the forward to learn the
order (`tracing.py`); then put the pieces together here. No forward pass and no example input is needed, and the
model stays untouched. The rules:

- Layers without a weight matrix (norms, PReLU, layer scale) belong to the stage before them, a final norm to the last
  backbone stage, so that freezing everything but the head freezes it.
- Modules without parameters belong to the stage before them, dropout to the stage whose input it thins out.
- Bare parameters (`cls_token`, `pos_embed`) belong to the stem; a shared parameter belongs to the first stage.
- The head's stage holds all classifiers: both of a distilled model, and Inception's auxiliary ones.
"""

from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from torch import nn
from torch.nn import Parameter
from torch.nn.parameter import UninitializedParameter

from transferlab.stages.classifier import (
    architecture,
    auxiliary_heads,
    declared_heads,
    last_classifier,
    no_classifier,
)
from transferlab.stages.stage import Stage, Stages
from transferlab.stages.structure import structure
from transferlab.stages.tracing import trace
from transferlab.stages.units import Anatomy, Unit, find_units
from transferlab.unsupported import refuse_unsupported

USUAL_NAMES = ("fc", "classifier", "head", "heads", "logits", "output", "out")  # for models that cannot be traced


def stages(model: nn.Module) -> Stages:
    """The ordered stages of a classifier: a torchvision or timm model, or a module of your own.

        >>> stages(resnet18()).names
        ('conv1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc')
        >>> stages(timm.create_model("vit_tiny_patch16_224")).names[:3]
        ('patch_embed', 'blocks.0', 'blocks.1')

    Raises:
        ValueError: the model has no classifier, or is one of the few that cannot be supported (the reason is given).
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"stages() describes an nn.Module; you gave {model!r} ({type(model).__name__}).")
    refuse_unsupported(architecture(model))
    lazy = [name for name, parameter in model.named_parameters() if isinstance(parameter, UninitializedParameter)]
    if lazy:
        raise ValueError(f"'{lazy[0]}' has no size yet: run one batch through the model first, as lazy layers ask.")
    is_so = structure(model)
    known = _known.get(model)
    if known is not None and is_so is not None and known[0] == is_so:
        return known[1]
    heads = find_heads(model)
    anatomy = find_units(model, (*heads, *auxiliary_heads(model)))
    found = _stages(model, run_order(model, anatomy)[0], heads, anatomy)
    if is_so is not None:
        _known[model] = (is_so, found)
    return found


_known: WeakKeyDictionary[nn.Module, tuple[str, Stages]] = (
    WeakKeyDictionary()
)  # what each model's stages were, and when


def find_heads(model: nn.Module) -> tuple[str, ...]:
    """The dotted names of the model's classifiers, the main one first.

        >>> find_heads(resnet18())
        ('fc',)

    Raises:
        ValueError: there is none.
    """
    heads = declared_heads(model)
    if heads:
        return heads
    auxiliary = auxiliary_heads(model)
    order, complete = run_order(model, find_units(model, auxiliary))
    order = [unit for unit in order if unit.name not in auxiliary]
    top = [name for name, _ in model.named_children()]
    head = None
    if not callable(getattr(model, "get_classifier", None)):  # else timm would have said where it is
        if not complete:  # then what the tracing saw last need not be last, and a telling name is the better guess
            named = (name for name in reversed(top) if name in USUAL_NAMES)
            head = next((found for name in named if (found := last_classifier(model, name))), None)
        head = head or _head_at_the_end(model, order)
    if head is None:
        raise no_classifier(model, top)
    return (head,)


def _head_at_the_end(model: nn.Module, order: Sequence[Unit]) -> str | None:
    weighted = [unit for unit in order if unit.kind == "weight"]
    if not weighted:
        return None
    behind = order[order.index(weighted[-1]) + 1 :]
    return None if any(unit.kind == "vector" for unit in behind) else last_classifier(model, weighted[-1].name)


def run_order(model: nn.Module, anatomy: Anatomy) -> tuple[list[Unit], bool]:
    """The units in the order in which they run, and whether tracing told it to the end.

        >>> [unit.name for unit in run_order(model, find_units(model, ["fc"]))[0]]

    What the tracing did not reach stays behind its neighbour in the order of registration.
    """
    registered = list(anatomy.units)
    traced = trace(model, [unit.name for unit in registered], anatomy.opened)
    by_name = {unit.name: unit for unit in registered}
    order = [by_name[name] for name in traced.order]
    before: Unit | None = None
    for unit in registered:
        if unit.name not in traced.order:
            order.insert(order.index(before) + 1 if before else 0, unit)
        before = unit
    return order, traced.complete


def _stages(model: nn.Module, order: Sequence[Unit], heads: Sequence[str], anatomy: Anatomy) -> Stages:
    """Put the pieces together, then hand out the parameters, each to the first stage that has it."""
    at_the_end = {*heads, *auxiliary_heads(model)}
    groups: list[list[Unit]] = []
    waiting: list[Unit] = []  # for the next stage
    head_units: list[Unit] = []
    behind_head = False
    for unit in order:
        if unit.name in at_the_end:
            head_units += [*waiting, unit]
            waiting, behind_head = [], True
        elif unit.kind == "weight":
            joined = groups and unit.group and groups[-1][-1].group == unit.group and not waiting
            if joined:
                groups[-1].append(unit)
            else:
                groups.append([*waiting, unit])
            waiting, behind_head = [], False
        elif behind_head and unit.kind == "none":
            head_units.append(unit)
        elif not groups or (unit.kind == "none" and _thins_out(model, unit.name)):
            waiting.append(unit)
        else:
            groups[-1] += [*waiting, unit]
            waiting = []
    head_units += waiting
    bare = _bare_parameters(model, anatomy, heads)
    return Stages(_hand_out(model, groups, head_units, heads[0], anatomy, bare))


def _hand_out(
    model: nn.Module,
    groups: Sequence[Sequence[Unit]],
    head_units: Sequence[Unit],
    head_name: str,
    anatomy: Anatomy,
    bare: dict[str, Parameter],
) -> list[Stage]:
    """Each parameter to the first stage that has it; a group that shares all of its own joins the stage they are in."""
    names = [_name(group, groups) for group in groups]
    spelt = {id(parameter): name for name, parameter in model.named_parameters()}
    taken: dict[int, int] = {}  # parameter -> number of its stage
    found: list[Stage] = []
    depth = 0
    for name, units in [*zip(names, groups, strict=True), (head_name, head_units)]:
        parameters = dict(bare) if not found else {}
        for unit in units:
            parameters |= dict(model.get_submodule(unit.name).named_parameters(prefix=unit.name))
        own: dict[str, Parameter] = {}
        for value in parameters.values():
            if id(value) not in taken:
                own[spelt[id(value)]] = value
                taken[id(value)] = len(found)
        modules = tuple(unit.name for unit in units)
        if parameters and not own:
            home = taken[id(next(iter(parameters.values())))]
            found[home] = replace(found[home], modules=found[home].modules + modules)
            continue
        depth += sum(anatomy.counts[unit.name] for unit in units if unit.kind == "weight")
        size = sum(value.numel() for value in own.values())
        found.append(Stage(name, modules, size, depth, units is head_units, tuple(own)))
    return found


def _thins_out(model: nn.Module, name: str) -> bool:
    return "drop" in type(model.get_submodule(name)).__name__.lower()


def _name(group: Sequence[Unit], groups: Sequence[Sequence[Unit]]) -> str:
    """The first weighted unit's name, or the name of its list where the whole list became this one stage."""
    first = next(unit for unit in group if unit.kind == "weight")
    if first.group:
        holders = [other for other in groups if any(unit.group == first.group for unit in other)]
        if len(holders) == 1 and sum(unit.kind == "weight" for unit in group) > 1:
            return first.group
    return first.name


def _bare_parameters(model: nn.Module, anatomy: Anatomy, heads: Sequence[str]) -> dict[str, Parameter]:
    """Parameters that lie directly in an opened module, or in a list of parameters in one."""
    bare: dict[str, Parameter] = {}
    for name in anatomy.opened:
        module = model.get_submodule(name)
        for key, value in module.named_parameters(prefix=name, recurse=False):
            bare[key] = value
        for child_name, child in module.named_children():
            if isinstance(child, nn.ParameterList | nn.ParameterDict):
                bare |= dict(child.named_parameters(prefix=f"{name}.{child_name}".strip(".")))
    return bare


def stage_parameters(model: nn.Module, stage: Stage | str | int) -> dict[str, Parameter]:
    """The parameters of one stage by their dotted names, bare ones such as `cls_token` included.

        >>> list(stage_parameters(resnet18(), "conv1"))
        ['conv1.weight', 'bn1.weight', 'bn1.bias']

    Raises:
        ValueError: there is no such stage.
    """
    if not isinstance(stage, Stage):
        found = stages(model)
        stage = found[found.index(stage)]
    return {name: model.get_parameter(name) for name in stage.parameters}
