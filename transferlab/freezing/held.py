"""What stays still beside LoRA's adapters: in a model that has some, only they train, the head, and what is named.

The marks are set by `lora` and read here, so that `freeze_to` and `unfreeze` mean by stage what they always mean, and
never wake pretrained weights that adapters are there to spare.
"""

from torch import nn

from transferlab.stages import Stages
from transferlab.stages.classifier import ADAPTER

SAVED = "is_trained_beside_adapters"  # on a module that is trained whole
HELD = "is_held_beside_adapters"  # on a head that is not


def held_parameters(model: nn.Module, found: Stages) -> frozenset[int]:
    """The parameters, by identity, that no unfreezing wakes; none where there are no adapters.

    >>> held_parameters(resnet18(), stages(resnet18()))
    frozenset()
    """
    free: set[int] = set()
    adapted = False
    for module in model.modules():
        if getattr(module, ADAPTER, False):
            adapted = True
            base = {id(parameter) for parameter in module.get_submodule("base_layer").parameters()}
            free |= {id(parameter) for parameter in module.parameters()} - base
        elif module.__dict__.get(SAVED, False):
            free |= {id(parameter) for parameter in module.parameters()}
    if not adapted:
        return frozenset()
    for name in found.head.modules:
        head = model.get_submodule(name)
        if not head.__dict__.get(HELD, False):
            free |= {id(parameter) for parameter in head.parameters()}
    return frozenset(id(parameter) for parameter in model.parameters() if id(parameter) not in free)
