"""In which order the pieces of a model run, found without running them.

The model's own `forward` is executed once on a `torch.fx.Proxy`, over a skeleton in which each piece only notes that it
was called. Nothing is patched globally and the model itself is not touched, so that a panel may ask for the stages of
a model that another thread is training (`torch.fx.symbolic_trace` patches `nn.Module.__call__` for all threads).
Left out: what happens inside a piece, and models whose path depends on values; those are traced as far as it goes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.fx import Graph, Node, Proxy
from torch.fx.proxy import GraphAppendingTracer, TraceError

MAXIMAL_GUESSES = 200  # of a branch taken on unknown values; a loop that ends on one would never end


@dataclass(frozen=True)
class Trace:
    """The calls of pieces in `graph`; `complete` means that the forward was followed to its end without a guess."""

    graph: Graph
    complete: bool
    order: tuple[str, ...]  # the pieces by their first call


class _Value(Proxy):
    """A proxy that can be unpacked with a star, which asks for a length first."""

    def __len__(self) -> int:
        return sum(1 for _ in self.tracer.iter(self))


class _Noting(GraphAppendingTracer):
    """Writes what happens to the proxies into a graph. Values that fx cannot write down become their type's name."""

    def __init__(self, guess: bool) -> None:
        super().__init__(Graph())
        self.guess = guess
        self.guesses = 0

    def proxy(self, node: Node) -> Proxy:
        return _Value(node, self)

    def create_arg(self, a: Any) -> Any:
        if isinstance(a, Proxy):
            return a.node
        if isinstance(a, tuple | list):
            return tuple(self.create_arg(one) for one in a)
        if isinstance(a, dict):
            return {str(key): self.create_arg(value) for key, value in a.items()}
        if isinstance(a, slice):
            return slice(*(self.create_arg(one) for one in (a.start, a.stop, a.step)))
        return a if a is None or isinstance(a, int | float | str | bool) else type(a).__name__

    def to_bool(self, obj: Proxy) -> bool:
        self.guesses += 1
        if not self.guess or self.guesses > MAXIMAL_GUESSES:
            raise TraceError("the path depends on a value")
        return True  # the side that an assertion on a shape expects

    def iter(self, obj: Any) -> Iterator:
        self.guesses += 1
        if not self.guess or self.guesses > MAXIMAL_GUESSES:
            raise TraceError("how many there are depends on a value")
        return iter((obj[0], obj[1]))  # most often a height and a width


def trace(model: nn.Module, pieces: Iterable[str], opened: Iterable[str], guess: bool = True) -> Trace:
    """Follow the model's forward over its pieces; `opened` are the modules around them, whose own forward is run.

        >>> trace(resnet18(), ["conv1", "bn1", …], [""]).order
        ('conv1', 'bn1', 'relu', 'maxpool', 'layer1', …)

    With `guess` a branch that depends on a value is taken, which tells an order but not a graph to rely on.
    """
    tracer = _Noting(guess)
    complete = False
    try:
        skeleton = _skeleton(model, set(pieces), set(opened), tracer)
        result = skeleton(tracer.create_proxy("placeholder", "x", (), {}))
        tracer.create_node("output", "output", (tracer.create_arg(result),), {})
        complete = tracer.guesses == 0
    except Exception:  # whatever a forward may do on a value that is not there: what was noted until then still holds
        pass
    order = dict.fromkeys(str(node.target) for node in tracer.graph.nodes if node.op == "call_module")
    return Trace(tracer.graph, complete, tuple(order))


def _skeleton(model: nn.Module, pieces: set[str], opened: set[str], tracer: _Noting) -> nn.Module:
    """Shallow copies of the opened modules around pieces that note their calls. Parameters become proxies too."""
    copies: dict[str, nn.Module] = {}
    for name, module in model.named_modules():
        if name not in opened and name not in pieces and not isinstance(module, nn.ParameterList | nn.ParameterDict):
            continue
        twin: nn.Module = object.__new__(type(module))  # copy.copy would ask parametrised modules, which refuse
        twin.__dict__ = dict(module.__dict__)
        for hooks in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"):
            twin.__dict__[hooks] = {}
        if name in pieces:
            twin.__dict__["forward"] = _note(tracer, name)
        else:
            twin.__dict__.pop("forward", None)
            twin.__dict__["training"] = False  # side heads and drop path are left out of the path
            for store in ("_parameters", "_buffers"):
                twin.__dict__[store] = {
                    key: None if value is None else tracer.create_proxy("get_attr", f"{name}.{key}".strip("."), (), {})
                    for key, value in module.__dict__[store].items()
                }
        twin.__dict__["_modules"] = dict(module._modules)
        copies[name] = twin
    for name, twin in copies.items():
        parent, _, own = name.rpartition(".")
        if name and parent in copies and parent not in pieces:
            copies[parent]._modules[own] = twin
    return copies[""]


def _note(tracer: _Noting, name: str) -> Callable:
    def forward(*args: Any, **kwargs: Any) -> Proxy:
        return tracer.create_proxy("call_module", name, args, kwargs)

    return forward
