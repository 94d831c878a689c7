"""One stage's parameters and modules, and what holds them still.

`StaysInEval` is the part of freezing that `requires_grad` does not do; see `freezing/__init__.py` for why it is what it
is. Left out: which stages to freeze.
"""

import weakref
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn import Parameter
from torch.nn.modules.batchnorm import _BatchNorm

from transferlab.freezing.held import held_parameters
from transferlab.stages import Stage, Stages


class StaysInEval:
    """Stands in for `module.train` while the module's stage is frozen: whatever is asked, it goes to eval mode.

        >>> freeze(model); model.train().layer1.training
        False

    The class's own `train` is still called, since some models clear caches in it. With `bn="train"` the BatchNorm
    layers inside follow the mode that was asked for.
    """

    def __init__(self, module: nn.Module, bn: str) -> None:
        self.module = weakref.ref(module)  # a strong one would be a cycle, and keep deleted models in memory
        self.bn = bn

    def __call__(self, mode: bool = True) -> nn.Module:
        module = self.module()
        assert module is not None  # it is the module itself that calls
        type(module).train(module, False)
        if self.bn == "train":
            for part in module.modules():
                if isinstance(part, _BatchNorm):
                    part.training = mode
        return module

    def __getstate__(self) -> dict[str, Any]:
        return {"module": self.module(), "bn": self.bn}  # so that a copy or a pickle binds to the new module

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["module"], state["bn"])  # type: ignore[misc]


@dataclass(frozen=True)
class Part:
    """A stage with its own parameters and modules at hand; what two stages share is in the first one's part.

    >>> parts_of(model, stages(model))[0].is_frozen()
    False
    """

    stage: Stage
    parameters: tuple[Parameter, ...]
    modules: tuple[nn.Module, ...]  # down to the leaves: a loop over model.modules() must not wake them
    roots: tuple[nn.Module, ...]
    held: frozenset[int] = frozenset()  # parameters by identity that stay still beside LoRA's adapters

    @property
    def batch_norms(self) -> list[_BatchNorm]:
        """The BatchNorm layers among the modules."""
        return [module for module in self.modules if isinstance(module, _BatchNorm)]

    def is_frozen(self) -> bool:
        """Frozen by us, or by hand; BatchNorm layers that train in a frozen stage (`bn="train"`) do not count."""
        keepers = ((layer, layer.__dict__.get("train")) for layer in self.batch_norms)
        excused = [layer for layer, keeper in keepers if isinstance(keeper, StaysInEval) and keeper.bn == "train"]
        ids = {id(parameter) for layer in excused for parameter in layer.parameters()}
        return not any(parameter.requires_grad for parameter in self.parameters if id(parameter) not in ids)

    def freeze(self, bn: str, mode: bool) -> None:
        """No gradient, and eval mode from now on; `mode` is the model's own, for BatchNorm layers that train."""
        trained = {id(p) for layer in self.batch_norms for p in layer.parameters()} if bn == "train" else set()
        for parameter in self.parameters:
            parameter.requires_grad_(id(parameter) in trained)
            if not parameter.requires_grad:
                parameter.grad = None
        for module in self.modules:
            module.__dict__["train"] = StaysInEval(module, bn)
        for root in self.roots:
            root.train(mode)

    def unfreeze(self, mode: bool) -> None:
        """Gradients, and the model's own mode; nothing of the freezing remains."""
        for parameter in self.parameters:
            if parameter.is_floating_point():
                parameter.requires_grad_(id(parameter) not in self.held)
        for module in self.modules:
            if isinstance(module.__dict__.get("train"), StaysInEval):
                del module.__dict__["train"]
        for root in self.roots:
            root.train(mode)


def parts_of(model: nn.Module, found: Stages) -> list[Part]:
    """The stages with their parameters and modules at hand. Nothing is changed.

    >>> [part.stage.name for part in parts_of(model, stages(model))]
    ['conv1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc']
    """
    parameters, modules = dict(model.named_parameters()), dict(model.named_modules())
    held = held_parameters(model, found)
    taken: set[nn.Module] = set()
    parts = []
    for stage in found:
        roots = tuple(modules[name] for name in stage.modules)
        own = tuple(dict.fromkeys(part for root in roots for part in root.modules() if part not in taken))
        taken.update(own)
        parts.append(Part(stage, tuple(parameters[name] for name in stage.parameters), own, roots, held))
    return parts


def hold_statistics(model: nn.Module) -> None:
    """Put every BatchNorm layer into eval mode until the next `model.train()`: it normalises with what it knows.

    >>> model.train()
    >>> hold_statistics(model)
    """
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eval()
