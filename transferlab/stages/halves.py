"""A model in two halves: what runs in front of a cut, and what runs behind it, on the model's own modules.

    front, back = halves(model, "layer4")
    back(front(x))                                # what model(x) gives

Both halves are the traced graph of the model's own forward (torch.fx), written out as code and run on the living model:
its parameters, modes and hooks hold in the halves too, and a head that is replaced later is the one that runs. This is
what lets a frozen front be computed once (`boundary.py`). Left out: models whose forward cannot be traced.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn
from torch.fx import Graph, Node
from torch.nn import functional as F

from transferlab.stages.cuts import traced_crossings
from transferlab.stages.stage import Stage

RANDOM = {F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout}


@dataclass(frozen=True)
class Half:
    """A part of a model's forward as a function of one tensor.

        >>> front, back = halves(resnet18(), "layer4")
        >>> front(torch.randn(2, 3, 64, 64)).shape
        torch.Size([2, 256, 4, 4])

    `modules` are the dotted names of the modules that it calls, `parameters` those of the tensors that the forward
    itself takes (a position embedding, a class token).
    """

    model: nn.Module
    graph: Graph
    modules: tuple[str, ...]
    parameters: tuple[str, ...]

    def __call__(self, x: Tensor) -> Tensor:
        return self._forward(self.model, x)

    @cached_property
    def _forward(self) -> Callable[[nn.Module, Tensor], Tensor]:
        """`forward(self, x)` as Python; it reads each module from the model when it runs. GraphModule does the same."""
        code = self.graph.python_code("self")
        names = dict(code.globals)
        exec(code.src, names)  # torch.fx wrote it, from the model's own forward
        return names["forward"]


def halves(model: nn.Module, stage: str | int | Stage) -> tuple[Half, Half]:
    """The half in front of `stage` and the half from it to the answer, side heads left out.

        >>> front, back = halves(model, "fc")
        >>> torch.equal(back(front(x)), model(x))
        True

    Raises:
        ValueError: no such stage, the forward cannot be traced, draws random numbers between its modules, or more than
            one tensor crosses there; the sentence says which and names the cuts that exist.
    """
    found, whole, crossing = traced_crossings(model)
    line = found.index(stage)
    if line not in crossing:
        possible = ", ".join(found[index].name for index in crossing) or "none"
        raise ValueError(
            f"{type(model).__name__} cannot be halved in front of '{found[line].name}': not one single tensor goes "
            f"over there. Stages where it can be: {possible}."
        )
    nodes = list(whole.nodes)
    image = next(node for node in nodes if node.op == "placeholder")
    answer = nodes[-1].args[0]
    if not isinstance(answer, Node):
        raise ValueError(f"{type(model).__name__} cannot be halved: it answers with more than one tensor.")
    front, back = _part(model, crossing[line], image), _part(model, answer, crossing[line])
    for node in [*front.graph.nodes, *back.graph.nodes]:
        if node.op == "call_function" and node.target in RANDOM and node.kwargs.get("p", node.args[1:2]) != 0:
            raise ValueError(f"{type(model).__name__} cannot be halved: its own forward has dropout between modules.")
    return front, back


def _part(model: nn.Module, end: Node, start: Node) -> Half:
    """What `end` needs, with the value of `start` as the input."""
    needed: set[Node] = set()
    to_visit = [end]
    while to_visit:
        node = to_visit.pop()
        if node is not start and node not in needed:
            needed.add(node)
            to_visit.extend(node.all_input_nodes)
    graph = Graph()
    copies = {start: graph.placeholder("x")}
    for node in end.graph.nodes:
        if node in needed:
            copies[node] = graph.node_copy(node, lambda old: copies[old])
    graph.output(copies[end])
    return Half(model, graph, _targets(graph, "call_module"), _targets(graph, "get_attr"))


def _targets(graph: Graph, op: str) -> tuple[str, ...]:
    targets: Iterable[str] = (str(node.target) for node in graph.nodes if node.op == op)
    return tuple(dict.fromkeys(targets))
