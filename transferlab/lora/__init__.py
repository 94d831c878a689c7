"""LoRA: small trainable layers beside frozen ones, in any Linear or convolution of any network.

from transferlab.lora import add_lora, merge_lora

print(add_lora(model, r=4))
"""

from transferlab.lora.adding import LoraReport, add_lora, merge_lora, remove_lora, without_lora
from transferlab.lora.layers import Adapter, LoraConv, LoraLinear, adapters_of
from transferlab.lora.loading import load_lora
from transferlab.lora.saving import SavedLora, save_lora
from transferlab.lora.settings import LoraSettings

__all__ = [
    "Adapter", "LoraConv", "LoraLinear", "LoraReport", "LoraSettings", "SavedLora", "adapters_of", "add_lora",
    "load_lora", "merge_lora", "remove_lora", "save_lora", "without_lora",
]  # fmt: skip
