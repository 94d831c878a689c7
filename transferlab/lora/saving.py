"""Adapters written down in PEFT's own layout: a folder that `peft` loads.

    save_lora(model, "adapters/ants")           # adapter_config.json, adapter_model.safetensors

Names and shapes are PEFT's (`base_model.model.NAME.lora_A.weight`). PEFT gives a grouped convolution an A without
groups, which no kernel of the base layer could take up; ours is written with zeros between the groups.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from transferlab.files import write_atomically
from transferlab.freezing.held import SAVED
from transferlab.lora.layers import Adapter, LoraConv, adapters_of

PREFIX = "base_model.model."
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


@dataclass(frozen=True)
class SavedLora:
    """What `save_lora` wrote.

    >>> print(save_lora(model, "adapters/ants"))
    12 adapters and fc in adapters/ants (0.2 MB)
    """

    folder: Path
    adapters: tuple[str, ...]
    saved: tuple[str, ...]
    megabytes: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f"{len(self.adapters)} adapters" + (f" and {', '.join(self.saved)}" if self.saved else "")
        return "\n".join([f"{what} in {self.folder} ({self.megabytes:g} MB)", *self.notes])


def save_lora(model: nn.Module, folder: str | Path, base_model: str | None = None) -> SavedLora:
    """Write the adapters and what is trained whole beside them; the base weights are not in it.

        >>> save_lora(model, "adapters/ants")

    `base_model` is written down for its readers, as PEFT does; without one it is the name on the model's card.

    Raises:
        ValueError: the model has no adapters.
        OSError: the folder cannot be written.
    """
    adapters, folder = adapters_of(model), Path(folder)
    if not adapters:
        raise ValueError("This model has no adapters to save. Type add_lora(model) first.")
    saved = tuple(name for name, module in model.named_modules() if module.__dict__.get(SAVED, False))
    tensors: dict[str, Tensor] = {}
    for name, adapter in adapters.items():
        a, b = _to_peft(adapter)
        tensors[f"{PREFIX}{name}.lora_A.weight"], tensors[f"{PREFIX}{name}.lora_B.weight"] = a, b
    for name in saved:
        for key, value in model.get_submodule(name).state_dict().items():
            tensors[f"{PREFIX}{name}.{key}"] = value
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    card = getattr(model, "card", None)
    config = _config(adapters, saved, base_model or (card.name if card else None))
    dilated = [
        name for name, one in adapters.items()
        if isinstance(one.base_layer, _ConvNd) and max(one.base_layer.dilation) > 1
    ]  # fmt: skip
    notes = (f"peft cannot run the adapters of dilated convolutions: {', '.join(dilated)}.",) if dilated else ()
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config, indent=2) + "\n"
    write_atomically(folder / CONFIG, lambda partial: partial.write_text(text, encoding="utf-8"))
    path = write_atomically(folder / WEIGHTS, lambda partial: save_file(tensors, partial, {"format": "pt"}))
    return SavedLora(folder, tuple(adapters), saved, round(path.stat().st_size / 1e6, 2), notes)


def _config(adapters: Mapping[str, Adapter], saved: tuple[str, ...], base_model: str | None) -> dict[str, Any]:
    ranks = {name: _peft_rank(adapter) for name, adapter in adapters.items()}
    alphas = {name: adapter.scaling * ranks[name] for name, adapter in adapters.items()}
    first = next(iter(adapters))
    return {
        "peft_type": "LORA",
        "task_type": None,
        "base_model_name_or_path": base_model,
        "inference_mode": True,
        "r": ranks[first],
        "lora_alpha": alphas[first],
        "lora_dropout": adapters[first].lora_dropout.p,
        # A pattern, since names in a list would be taken as ends: 'conv1' is one of 'layer1.0.conv1'.
        "target_modules": "|".join(re.escape(name) for name in adapters),
        "modules_to_save": list(saved) or None,
        "rank_pattern": {f"^{re.escape(name)}": rank for name, rank in ranks.items() if rank != ranks[first]},
        "alpha_pattern": {f"^{re.escape(name)}": alpha for name, alpha in alphas.items() if alpha != alphas[first]},
        "bias": "none",
        "fan_in_fan_out": any(getattr(adapter, "transposed", False) for adapter in adapters.values()),
        "init_lora_weights": True,
        "use_rslora": False,
        "use_dora": False,
    }


def _peft_rank(adapter: Adapter) -> int:
    groups = int(adapter.base_layer.groups) if isinstance(adapter.base_layer, _ConvNd) else 1
    return adapter.r * groups


def _to_peft(adapter: Adapter) -> tuple[Tensor, Tensor]:
    a, b = adapter.get_parameter("lora_A.weight").detach(), adapter.get_parameter("lora_B.weight").detach()
    if not isinstance(adapter, LoraConv) or adapter.base_layer.groups == 1:
        return a, b
    groups, r, width = int(adapter.base_layer.groups), adapter.r, a.shape[1]  # type: ignore[arg-type]
    whole = a.new_zeros(a.shape[0], width * groups, *a.shape[2:])
    for group in range(groups):
        rows = slice(group * r, (group + 1) * r)
        whole[rows, group * width : (group + 1) * width] = a[rows]
    return whole, b
