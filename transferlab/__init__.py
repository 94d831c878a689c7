"""transferlab: learn transfer learning by doing it, with real networks, in Jupyter.

    import transferlab as tl

    model = tl.load("bundled")
    memory = tl.remember(model)
    data = tl.worlds.target("objects", per_class=20)
    tl.replace_head(model, data.train.num_classes)
    run = tl.train(model, data, "gradual_unfreezing", memory=memory)

Names load when they are first used, so that the import costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "load": "backbones",
    "save": "backbones",
    "fetch": "backbones",
    "available": "backbones",
    "ImageSet": "data",
    "Splits": "data",
    "folder": "data",
    "folder_splits": "data",
    "torchvision_set": "data",
    "stages": "stages",
    "cut_points": "stages",
    "freeze": "freezing",
    "freeze_to": "freezing",
    "unfreeze": "freezing",
    "replace_head": "heads",
    "lr_groups": "lr_groups",
    "update_groups": "lr_groups",
    "predict": "inference",
    "remember": "forgetting",
    "Recipe": "recipes",
    "feature_extraction": "recipes",
    "fine_tuning": "recipes",
    "gradual_unfreezing": "recipes",
    "from_scratch": "recipes",
    "fit": "training",
    "train": "training",
    "Run": "records",
    "Control": "control",
    "lr_find": "lr_find",
    "layer_probes": "layer_probes",
    "explain": "explain",
    "Lab": "widgets",
}

__all__ = [*_WHERE, "worlds"]


def __getattr__(name: str) -> Any:
    if name == "worlds":
        return import_module("transferlab.data.worlds")
    if name in _WHERE:
        value = getattr(import_module(f"transferlab.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    from transferlab.errors import did_you_mean

    raise AttributeError(f"transferlab has no '{name}'.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
