"""Saved adapters back into a model: a folder that `save_lora` or `peft` wrote.

    load_lora(load("bundled", num_classes=8), "adapters/ants")

Left out: pickles (`adapter_model.bin`), DoRA, trained biases, embeddings.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from transferlab.lora.adding import LoraReport, check_plain, insert
from transferlab.lora.layers import is_transposed
from transferlab.lora.saving import CONFIG, PREFIX, WEIGHTS
from transferlab.lora.settings import LoraSettings
from transferlab.lora.targets import Targets

LARGEST_CONFIG = 1_000_000  # bytes; PEFT's own are below 2 kB


def load_lora(model: nn.Module, folder: str | Path) -> LoraReport:
    """Put saved adapters, ours or PEFT's, into a model of the architecture that they were trained on.

        >>> load_lora(load("bundled", num_classes=8), "adapters/ants")

    Where the library's model lies inside a wrapper, names are found below it.

    Raises:
        ValueError: no such folder, a damaged or foreign file, another architecture, or a kind of adapter that is not
            supported. The model is then as it was.
    """
    check_plain(model)
    folder = Path(folder)
    config, tensors = _read(folder)
    pairs = _pairs(tensors, folder)
    whole = {name: value for name, value in tensors.items() if ".lora_" not in name}
    inside = _prefix(model, [*pairs], folder)
    names = dict(model.named_modules())
    wanted: dict[str, tuple[int, float]] = {}
    values: dict[str, tuple[Tensor, Tensor]] = {}
    for name, (a, b) in pairs.items():
        layer = names[inside + name]
        groups = int(layer.groups) if isinstance(layer, _ConvNd) else 1
        _check_shapes(inside + name, layer, a, b, groups)
        wanted[inside + name] = a.shape[0] // groups, _scaling(config, name, a.shape[0])
        values[inside + name] = _from_peft(inside + name, a, b, groups), b
    saved = _saved_modules(config, whole, names, inside, folder)
    settings = LoraSettings(
        int(config["r"]), float(config["lora_alpha"]), float(config.get("lora_dropout") or 0.0), tuple(wanted),
        tuple(saved),
    )  # fmt: skip
    report = insert(model, wanted, Targets(tuple(wanted), {}, tuple(saved), f"those in {folder}"), settings)
    with torch.no_grad():
        for name, (a, b) in values.items():
            adapter = model.get_submodule(name)
            adapter.get_parameter("lora_A.weight").copy_(a)
            adapter.get_parameter("lora_B.weight").copy_(b)
        for name, state in saved.items():
            model.get_submodule(name).load_state_dict(state)
    return report


def _from_peft(name: str, a: Tensor, b: Tensor, groups: int) -> Tensor:
    if groups == 1:
        return a
    r, width = a.shape[0] // groups, a.shape[1] // groups
    blocks = [
        a[group * r : (group + 1) * r, group * width : (group + 1) * width] for group in range(groups)
    ]  # fmt: skip
    if sum(int(block.count_nonzero()) for block in blocks) != int(a.count_nonzero()):
        raise ValueError(
            f"The adapter of '{name}' mixes the {groups} groups of its convolution, which no kernel of the layer could "
            "take up. Train it here, or leave this layer out of target_modules."
        )
    return torch.cat(blocks)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    config, weights = folder / CONFIG, folder / WEIGHTS
    if not folder.is_dir() or not config.is_file():
        raise ValueError(
            f"No adapters in '{folder}': there is no {CONFIG}. save_lora(model, folder) writes such a one."
        )
    if not weights.is_file():
        pickle = (
            " Its adapter_model.bin is a pickle, which can run code." if (folder / "adapter_model.bin").exists() else ""
        )
        raise ValueError(f"No {WEIGHTS} in '{folder}'.{pickle} Save it with safe_serialization=True.")
    try:
        if config.stat().st_size > LARGEST_CONFIG:
            raise ValueError("it is larger than any such file")
        values = json.loads(config.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or values.get("peft_type") != "LORA":
            raise ValueError(
                f"its peft_type is {values.get('peft_type')!r}" if isinstance(values, dict) else "no object"
            )
        for needed in ("r", "lora_alpha"):
            if not isinstance(values.get(needed), int | float) or values[needed] <= 0:
                raise ValueError(f"'{needed}' is {values.get(needed)!r}")
        tensors = load_file(weights)
    except (ValueError, OSError, SafetensorError) as error:  # JSON and encoding errors are ValueErrors
        raise ValueError(f"The adapters in '{folder}' cannot be read: {error}.") from None
    if values.get("use_dora") or values.get("bias", "none") != "none":
        what = "DoRA" if values.get("use_dora") else f"biases ('{values['bias']}')"
        raise ValueError(f"The adapters in '{folder}' train {what}, which is not supported here.")
    return values, {name.removeprefix(PREFIX): value for name, value in tensors.items()}


def _pairs(tensors: Mapping[str, Tensor], folder: Path) -> dict[str, tuple[Tensor, Tensor]]:
    pairs = {}
    for name, a in tensors.items():
        if name.endswith(".lora_A.weight"):
            layer = name.removesuffix(".lora_A.weight")
            b = tensors.get(f"{layer}.lora_B.weight")
            if b is None:
                raise ValueError(f"The adapters in '{folder}' are damaged: '{layer}' has an A and no B.")
            pairs[layer] = a, b
    other = [name for name in tensors if ".lora_" in name and not name.endswith((".lora_A.weight", ".lora_B.weight"))]
    if other or not pairs:
        what = f"'{other[0]}', a kind that is not supported here" if other else "no adapter of a Linear or convolution"
        raise ValueError(f"The adapters in '{folder}' hold {what}.")
    return pairs


def _prefix(model: nn.Module, layers: list[str], folder: Path) -> str:
    """Where in the model the names begin: at its top, or at a part that holds the library's own model."""
    names = {name for name, _ in model.named_modules()}
    for inside in ("", *(f"{child}." for child, _ in model.named_children())):
        if all(inside + layer in names for layer in layers):
            return inside
    lacking = next(layer for layer in layers if layer not in names)
    raise ValueError(
        f"The adapters in '{folder}' are for another architecture: this {type(model).__name__} has no layer "
        f"'{lacking}'."
    )


def _check_shapes(name: str, layer: nn.Module, a: Tensor, b: Tensor, groups: int) -> None:
    weight = getattr(layer, "weight", None)
    assert isinstance(weight, Tensor), name
    shape = weight.shape
    if is_transposed(layer):
        shape = torch.Size(reversed(shape))
    good = a.ndim == b.ndim == len(shape) and a.shape[0] == b.shape[1] * groups and a.shape[0] % groups == 0
    if not good or a.shape[1] != shape[1] * groups or b.shape[0] != shape[0] or a.shape[2:] != shape[2:]:
        raise ValueError(
            f"The adapter of '{name}' does not fit: A is {tuple(a.shape)} and B {tuple(b.shape)}, and the layer's "
            f"weight {tuple(weight.shape)}."
        )


def _scaling(config: Mapping[str, Any], name: str, rank: int) -> float:
    alpha = float(config["lora_alpha"])
    for pattern, value in (config.get("alpha_pattern") or {}).items():
        end = str(pattern).removeprefix("^").replace("\\", "")
        if not all(letter.isalnum() or letter in "._-" for letter in end):
            raise ValueError(f"alpha_pattern holds '{pattern}': only names of layers are read here, no expressions.")
        if name == end or (name.endswith(f".{end}") and not str(pattern).startswith("^")):
            alpha = float(value)
            break
    return alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank


def _saved_modules(
    config: Mapping[str, Any], whole: Mapping[str, Tensor], names: Mapping[str, nn.Module], inside: str, folder: Path
) -> dict[str, dict[str, Tensor]]:
    """Module -> its tensors; everything in the file that is no adapter must belong to one."""
    ends = tuple(str(one) for one in config.get("modules_to_save") or ())
    saved: dict[str, dict[str, Tensor]] = {}
    for key, value in whole.items():
        parts = key.split(".")
        owners = (".".join(parts[:depth]) for depth in range(1, len(parts)))
        owner = next((one for one in owners if one in ends or one.endswith(tuple(f".{end}" for end in ends))), None)
        if owner is None or inside + owner not in names:
            raise ValueError(f"The adapters in '{folder}' hold '{key}', and this model has no such part to put it in.")
        saved.setdefault(inside + owner, {})[key.removeprefix(f"{owner}.")] = value
    for module, state in saved.items():
        own = names[module].state_dict()
        for key in {**own, **state}:
            if key not in own or key not in state or own[key].shape != state[key].shape:
                raise ValueError(
                    f"'{module}' in '{folder}' does not fit this model's: '{key}' differs. Give the model as many "
                    "classes as the saved one had."
                )
    return saved
