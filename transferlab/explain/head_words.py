"""A model's head in words, so that a copy of the model can be given that head again before its weights are loaded.

A run may begin with one head and end with another; its snapshots then fit no single model. Heads of torch's plain
layers and the `CosineHead` can be written down (see `backbones/layer_recipes.py`). Left out: heads of other classes,
which the model that is given has to have already.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.backbones.layer_recipes import rebuild, spell
from transferlab.heads import CosineHead, heads_of, in_features_of, out_features_of, replace_head


def head_words(model: nn.Module) -> dict[str, Any]:
    """The names of a model's classifiers and the layers of the first, None where they cannot be written down.

    >>> head_words(load("bundled"))["layers"]
    {'layer': 'Linear', 'settings': {'in_features': 256, 'out_features': 232, 'bias': True}}
    """
    heads = heads_of(model)
    return {"names": list(heads), "layers": _spelt(next(iter(heads.values())))}


def plain_head_words(model: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The same for a state without words: a single layer of any number of classes where the model has its head."""
    names = list(heads_of(model))
    weight = tensors.get(f"{names[0]}.weight")
    single = {name for name in tensors if name.startswith(f"{names[0]}.")} <= {f"{names[0]}.weight", f"{names[0]}.bias"}
    if weight is None or weight.ndim not in (2, 4) or not single:
        return {"names": names, "layers": None}
    settings: dict[str, Any] = {"bias": f"{names[0]}.bias" in tensors}
    if weight.ndim == 2:
        settings |= {"in_features": weight.shape[1], "out_features": weight.shape[0]}
        return {"names": names, "layers": {"layer": "Linear", "settings": settings}}
    settings |= {"in_channels": weight.shape[1], "out_channels": weight.shape[0], "kernel_size": 1}
    return {"names": names, "layers": {"layer": "Conv2d", "settings": settings}}


def put_head(model: nn.Module, words: dict[str, Any], tensors: dict[str, Tensor], origin: str) -> None:
    """Give `model` the head in `words` where its own is another one; its weights are still to be loaded.

        >>> put_head(copy.deepcopy(model), head_words(tuned), tuned.state_dict(), "the snapshot of epoch 3")

    Raises:
        ValueError: the words name layers that do not exist, or that do not fit the tensors.
    """
    own, layers = heads_of(model), words.get("layers")
    if layers is None or list(own) != words.get("names"):
        return  # what does not fit then is said when the tensors are compared
    name, module = next(iter(own.items()))
    given = {key.removeprefix(f"{name}."): value.shape for key, value in tensors.items() if key.startswith(f"{name}.")}
    if _spelt(module) == layers and {key: value.shape for key, value in module.state_dict().items()} == given:
        return
    with _weightless():  # sizes in a file can be anything; nothing is allocated before they are compared
        head = _rebuilt(layers, origin)
    if {key: value.shape for key, value in head.state_dict().items()} != given or not out_features_of(head):
        raise ValueError(f"{origin} is broken: the tensors of '{name}' do not fit the layers that it names.")
    classes = out_features_of(head)
    assert classes is not None
    replace_head(model, classes, head="linear" if len(own) > 1 else head.to_empty(device="cpu"), seed=0)


def _spelt(module: nn.Module) -> dict | None:
    if type(module) is CosineHead:
        settings = {"in_features": in_features_of(module), "num_classes": module.num_classes}
        return {"layer": "CosineHead", "settings": {**settings, "convolution": module.weight.ndim == 4}}
    with _weightless():  # it builds the layers, to see whether they are the same
        return spell(module)


@contextmanager
def _weightless() -> Iterator[None]:
    """What is built here has no memory, and takes nothing from the student's random stream for its first weights."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        yield


def _rebuilt(layers: Any, origin: str) -> nn.Module:
    if isinstance(layers, dict) and layers.get("layer") == "CosineHead":
        try:
            return CosineHead(**layers["settings"])
        except (KeyError, TypeError, RuntimeError, ValueError, OverflowError) as error:
            raise ValueError(f"{origin} is broken: its head cannot be rebuilt ({error}).") from error
    return rebuild(layers, origin.strip("'"))
