"""A copy of a model to look into: still, without in-place layers, and with one module a call.

Captum hangs hooks on modules and reads what goes through them. An in-place ReLU overwrites what was read, a ReLU that
is used twice is read once (captum#199, #1082), and dropout would give another picture each time. All of that is mended
in a copy, so that the student's own model is never touched. Left out: functions in a model's own forward (`F.relu`),
which no hook reaches; `nonlinearities.py` counts them.
"""

import copy
from collections import Counter

from torch import Tensor, nn


class OneModuleACall(nn.Module):
    """Stands where a layer was that one forward pass calls several times: each call gets a copy of its own.

    >>> OneModuleACall(nn.ReLU(), calls=2)
    """

    def __init__(self, layer: nn.Module, calls: int) -> None:
        super().__init__()
        self.copies = nn.ModuleList(copy.deepcopy(layer) for _ in range(calls))
        self.called = 0

    def forward(self, x: Tensor) -> Tensor:
        layer = self.copies[self.called % len(self.copies)]
        self.called += 1
        return layer(x)


def working_copy(model: nn.Module) -> nn.Module:
    """A deep copy in eval mode, nothing in place, parameters without gradients (the images have them).

        >>> inside = working_copy(model)

    Raises:
        ValueError: the model cannot be copied.
    """
    try:
        inside = copy.deepcopy(model)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise ValueError(
            f"This {type(model).__name__} cannot be copied ({error}), and explanations are computed in a copy so that "
            "your own model stays as it is. Detach tensors that are stored as attributes of it."
        ) from None
    for module in inside.modules():
        module.training = False  # not .eval(): modules may have a `train` of their own (see freezing)
        if getattr(module, "inplace", False) is True:
            module.inplace = False  # type: ignore[assignment]
    for parameter in inside.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    return inside


def unshare(inside: nn.Module, calls: Counter[str]) -> None:
    """Give each call of a layer without weights a module of its own; `calls` says how often each module was called.

    >>> unshare(inside, Counter({"layer1.0.relu": 2}))
    """
    for name, layer in list(inside.named_modules()):
        if calls[name] > 1 and not list(layer.children()) and not list(layer.parameters()):
            put(inside, layer, OneModuleACall(layer, calls[name]))


def put(inside: nn.Module, layer: nn.Module, instead: nn.Module) -> None:
    """Put another module wherever `layer` stands."""
    for parent in list(inside.modules()):
        for key, child in parent._modules.items():
            if child is layer and parent is not instead:
                parent._modules[key] = instead
