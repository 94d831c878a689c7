"""What every stage makes of a batch, from one forward pass.

    for stage, features in taps(model)(x): ...

A tap sits at each cut between stages (see `cuts.py`), so it gives what goes over to the next stage and nothing else.
The traced graph is run node by node on the living model, as in `halves.py`. Left out: models that cannot be traced.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.fx import Interpreter, Node

from transferlab.stages.cuts import traced_crossings


def taps(model: nn.Module) -> Callable[..., dict[str, Tensor]]:
    """A function from a batch `(B, 3, H, W)` to the output of each stage that one tensor alone leaves, stem first.

        >>> {name: tuple(features.shape) for name, features in taps(resnet18())(torch.zeros(2, 3, 64, 64)).items()}
        {'conv1': (2, 64, 16, 16), 'layer1': (2, 64, 16, 16), …, 'layer4': (2, 512)}

    The last stage's output is what reaches the head. The model runs in its present mode. A second argument, a function,
    is called with each stage's name when its output is there.

    Raises:
        ValueError: the forward cannot be traced, or has no place where one tensor alone crosses.
    """
    found, graph, crossing = traced_crossings(model)
    if not crossing:
        raise ValueError(
            f"{type(model).__name__} cannot be tapped: more than one tensor crosses between all its stages."
        )
    names: dict[Node, str] = {node: found[index - 1].name for index, node in sorted(crossing.items())}

    def run(x: Tensor, passed: Callable[[str], None] = lambda stage: None) -> dict[str, Tensor]:
        tapping = _Tapping(model, graph, names, passed)
        tapping.run(x)
        return {name: tapping.outputs[name] for name in names.values()}

    return run


class _Tapping(Interpreter):
    def __init__(self, model: nn.Module, graph, names: dict[Node, str], passed: Callable[[str], None]) -> None:
        super().__init__(model, graph=graph)
        self.names, self.passed = names, passed
        self.outputs: dict[str, Tensor] = {}

    def run_node(self, n: Node) -> Tensor:
        output = super().run_node(n)
        if n in self.names:
            self.outputs[self.names[n]] = output
            self.passed(self.names[n])
        return output
