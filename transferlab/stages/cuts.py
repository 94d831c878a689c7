"""Where a model can be cut in two: the boundaries between stages at which one tensor alone goes over.

In front of such a cut everything can be computed once and kept, which is what makes a frozen backbone cheap. Three ways
to know, in the order of preference: the traced graph (torch.fx, where the forward can be followed to its end); an
example that is run with another image's activations put in at the boundary, which must then decide the answer alone;
and the module tree, where neighbours in an `nn.Sequential` have nothing between them. Left out: cuts inside a stage.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.fx import Graph, Node

from transferlab.stages.classifier import auxiliary_heads
from transferlab.stages.finding import find_heads, run_order, stages
from transferlab.stages.stage import Stages
from transferlab.stages.tracing import trace
from transferlab.stages.units import Anatomy, find_units


@dataclass(frozen=True)
class CutPoint:
    """A boundary between two stages that one single tensor crosses.

        >>> cut_points(resnet18())[0]
        CutPoint(index=1, before='conv1', after='layer1', module='maxpool', how='traced')

    `index` is the number of the first stage behind the cut, as `freeze_to` takes it. `module` is the dotted name of the
    module that gives the tensor, None where a function in the model's own forward does. `how` says how it is known:
    'traced', 'checked' (by running the example) or 'tree'.
    """

    index: int
    before: str
    after: str
    module: str | None
    how: str


def cut_points(model: nn.Module, example: Tensor | None = None) -> list[CutPoint]:
    """The boundaries between stages at which one tensor alone crosses, from stem to head.

        >>> [cut.after for cut in cut_points(resnet18())]
        ['layer1', 'layer2', 'layer3', 'layer4', 'fc']
        >>> cut_points(model, example=torch.randn(2, 3, 224, 224))     # (B, C, H, W)

    Where the forward depends on sizes or values it cannot be traced; an example then decides, one forward pass
    in eval mode for every boundary in doubt. Without one only neighbours in an `nn.Sequential` are listed. The model
    stays as it is.

    Raises:
        ValueError: no classifier, or an example that is not a batch of at least one image.
    """
    if example is not None and (not isinstance(example, Tensor) or example.ndim < 2 or not len(example)):
        raise ValueError(f"example is a batch such as torch.randn(2, 3, 224, 224); you gave {example!r}.")
    found = stages(model)
    anatomy = find_units(model, (*find_heads(model), *auxiliary_heads(model)))
    stage_of = {module: i for i, stage in enumerate(found) for module in stage.modules}
    traced = trace(model, [unit.name for unit in anatomy.units], anatomy.opened, guess=False)
    cuts: dict[int, CutPoint] = {}
    if traced.complete:
        for index, node in crossings(model, traced.graph, stage_of, len(found)).items():
            module = str(node.target) if node.op == "call_module" else None
            cuts[index] = _cut(found, index, module, "traced")
    if example is not None:
        in_doubt = [index for index in range(1, len(found)) if index not in cuts]
        for index, module in _cuts_by_running(model, example, stage_of, in_doubt).items():
            cuts[index] = _cut(found, index, module, "checked")
    elif not traced.complete:
        for index, module in _cuts_in_tree(model, found, anatomy, stage_of).items():
            cuts[index] = _cut(found, index, module, "tree")
    return [cuts[index] for index in sorted(cuts)]


def _cut(found: Stages, index: int, module: str | None, how: str) -> CutPoint:
    return CutPoint(index, found[index - 1].name, found[index].name, module, how)


def traced_crossings(model: nn.Module) -> tuple[Stages, Graph, dict[int, Node]]:
    """The stages, the whole traced forward, and boundary -> the one value that goes over it.

        >>> found, graph, crossing = traced_crossings(resnet18())

    Raises:
        ValueError: the forward cannot be traced to its end.
    """
    found = stages(model)
    anatomy = find_units(model, (*find_heads(model), *auxiliary_heads(model)))
    traced = trace(model, [unit.name for unit in anatomy.units], anatomy.opened, guess=False)
    if not traced.complete:
        raise ValueError(f"{type(model).__name__} cannot be cut: its forward takes paths that depend on values.")
    stage_of = {module: i for i, one in enumerate(found) for module in one.modules}
    return found, traced.graph, crossings(model, traced.graph, stage_of, len(found))


def _counting(model: nn.Module, calls: list[tuple[int, str]], stage_of: dict[str, int]) -> list[tuple[int, int]]:
    """Position and stage of the calls that tell where a stage lies: not of a ReLU or pooling that is used once more."""
    seen: set[str] = set()
    counting = []
    for i, name in calls:
        if name not in seen or any(True for _ in model.get_submodule(name).parameters()):
            counting.append((i, stage_of[name]))
        seen.add(name)
    return counting


def crossings(model: nn.Module, graph: Graph, stage_of: dict[str, int], num_stages: int) -> dict[int, Node]:
    """Boundary -> the one value that goes over it. Parameters do not count: they stay."""
    nodes = [node for node in graph.nodes if node.op != "get_attr"]
    position = {node: i for i, node in enumerate(nodes)}
    calls = _counting(
        model, [(i, str(node.target)) for i, node in enumerate(nodes) if node.op == "call_module"], stage_of
    )
    cuts: dict[int, Node] = {}
    for index in range(1, num_stages):
        behind = [i for i, stage in calls if stage >= index]
        in_front = [i for i, stage in calls if stage < index]
        if not behind or not in_front or max(in_front) > min(behind):
            continue
        # Between the last call in front and the first one behind functions may run, such as one that takes apart what
        # goes over together: anywhere there is a cut.
        for start in range(min(behind), max(in_front), -1):
            crossing = [node for node in nodes[:start] if any(position.get(user, -1) >= start for user in node.users)]
            if len(crossing) == 1 and crossing[0].op != "placeholder":
                cuts[index] = crossing[0]
                break
    return cuts


def _cuts_in_tree(model: nn.Module, found: Stages, anatomy: Anatomy, stage_of: dict[str, int]) -> dict[int, str]:
    """Boundaries between direct neighbours in one plain `nn.Sequential`."""
    order = [unit.name for unit in run_order(model, anatomy)[0]]
    cuts = {}
    for last, first in pairwise(order):
        index = stage_of[first]
        parent = last.rpartition(".")[0]
        holder = model.get_submodule(parent)
        if (
            stage_of[last] == index - 1
            and parent == first.rpartition(".")[0]
            and type(holder).forward is nn.Sequential.forward
            and min(i for i, name in enumerate(order) if stage_of[name] >= index) == order.index(first)
        ):
            cuts[index] = last
    return cuts


def _cuts_by_running(
    model: nn.Module, example: Tensor, stage_of: dict[str, int], boundaries: list[int]
) -> dict[int, str]:
    """Boundaries where the last module in front decides the answer alone.

    The model sees noise while that module's output is swapped for the one it gave on the example. If the answer is the
    example's, bit for bit, then nothing else came over the boundary.
    """
    outputs: dict[str, object] = {}
    calls: list[str] = []
    modes = {module: module.training for module in model.modules()}
    hooks = []

    def record(name: str):
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            calls.append(name)
            outputs[name] = output

        return hook

    cuts: dict[int, str] = {}
    model.eval()
    try:
        with torch.no_grad():
            hooks = [model.get_submodule(name).register_forward_hook(record(name)) for name in stage_of]
            answer = model(example)
            _remove(hooks)
            noise = torch.rand_like(example) * 2 - 1
            order = list(calls)
            if torch.equal(model(noise), answer):
                return {}  # the answer does not depend on the image: nothing can be told
            counting = _counting(model, list(enumerate(order)), stage_of)
            for index in boundaries:
                behind = [i for i, stage in counting if stage >= index]
                in_front = [i for i, stage in counting if stage < index]
                if not behind or not in_front or max(in_front) > min(behind):
                    continue
                called_once = [name for name in order[: min(behind)] if order.count(name) == 1]
                if not called_once or not isinstance(outputs[called_once[-1]], Tensor):
                    continue
                name = called_once[-1]
                kept = outputs[name]
                hooks = [model.get_submodule(name).register_forward_hook(lambda *_, value=kept: value)]
                if torch.equal(model(noise), answer):
                    cuts[index] = name
                _remove(hooks)
    finally:
        _remove(hooks)
        for module, mode in modes.items():
            module.training = mode
    return cuts


def _remove(hooks: list) -> None:
    for hook in hooks:
        hook.remove()
    hooks.clear()
