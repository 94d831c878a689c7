"""Torch's plain layers written down as JSON and rebuilt from it, so that a file can say what a head is made of.

A table of layers and settings, and nothing else, can be rebuilt: a file from a stranger cannot name anything that runs.
Left out: every layer that no classifier's head is made of.
"""

import json
from typing import Any

from torch import nn

# Each layer with the attributes that are also the arguments of its constructor.
LAYERS: dict[str, tuple[str, ...]] = {
    "Linear": ("in_features", "out_features"),
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"),
    "BatchNorm1d": ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    "LayerNorm": ("normalized_shape", "eps", "elementwise_affine"),
    "Dropout": ("p", "inplace"),
    "ReLU": ("inplace",),
    "LeakyReLU": ("negative_slope", "inplace"),
    "GELU": ("approximate",),
    "SiLU": ("inplace",),
    "Hardswish": ("inplace",),
    "Tanh": (),
    "Flatten": ("start_dim", "end_dim"),
    "Identity": (),
}


def spell(module: nn.Module) -> dict | None:
    """A module in words that JSON can hold, or None where it is not made of plain layers alone.

    >>> spell(nn.ReLU())
    {'layer': 'ReLU', 'settings': {'inplace': False}}
    """
    kind = type(module).__name__
    if type(module) is nn.Sequential:
        parts = {name: spell(part) for name, part in module.named_children()}
        return None if None in parts.values() else {"layer": kind, "parts": parts}
    if kind not in LAYERS or type(module) is not getattr(nn, kind):
        return None
    settings = {name: getattr(module, name) for name in LAYERS[kind]}
    if kind in ("Linear", "Conv2d"):
        settings["bias"] = module.bias is not None
    recipe = json.loads(json.dumps({"layer": kind, "settings": settings}))
    return recipe if repr(rebuild(recipe, "")) == repr(module) else None  # some setting that is not in the table


def rebuild(recipe: Any, origin: str) -> nn.Module:
    """The module that `spell` wrote down, with fresh weights.

        >>> rebuild({"layer": "ReLU", "settings": {"inplace": False}}, "mine.safetensors")
        ReLU()

    Raises:
        ValueError: `origin`, the file that the recipe comes from, names a layer or a setting that is not in the table.
    """
    try:
        kind = recipe["layer"]
        if kind == "Sequential":
            built = nn.Sequential()
            for name, part in recipe["parts"].items():
                built.add_module(name, rebuild(part, origin))
            return built
        settings = {key: tuple(v) if isinstance(v, list) else v for key, v in recipe["settings"].items()}
        if kind not in LAYERS or not set(settings) <= {*LAYERS[kind], "bias"}:
            raise ValueError(f"unknown layer {kind!r}")
        return getattr(nn, kind)(**settings)
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise ValueError(f"'{origin}' is broken: its head cannot be rebuilt ({error}).") from error
