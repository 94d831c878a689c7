"""Pretrained networks: `load` one by its name, read its card, `save` what became of it, `fetch` one for offline use.

    model = load("bundled")                        # comes with the package
    model = load("torchvision/resnet50", num_classes=5)
    print(model.card)

`names.py` resolves names, one file a library builds and describes models, `weights_file.py` reads untrusted files,
`weights.py` puts tensors into a model, and everything loads when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transferlab.backbones.card import Card
    from transferlab.backbones.fetching import FetchReport, fetch
    from transferlab.backbones.loading import load
    from transferlab.backbones.names import available
    from transferlab.backbones.preprocessing import normalise
    from transferlab.backbones.saving import save
    from transferlab.backbones.weights import load_weights

_WHERE = {
    "Card": "card",
    "FetchReport": "fetching",
    "available": "names",
    "fetch": "fetching",
    "load": "loading",
    "load_weights": "weights",
    "normalise": "preprocessing",
    "save": "saving",
}

__all__ = ["Card", "FetchReport", "available", "fetch", "load", "load_weights", "normalise", "save"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"transferlab.backbones has no '{name}'; it has: {', '.join(__all__)}.")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
