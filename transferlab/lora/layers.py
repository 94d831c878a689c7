"""LoRA's layers: a frozen layer and beside it two thin ones, whose product is what training adds to its weights.

    y = base_layer(x) + lora_B(lora_A(x)) · lora_alpha / r

Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021), section 4.1. A starts random and B at
zero, so that a fresh adapter changes nothing. Convolutions as in the authors' own loralib: A has the kernel of the base
layer and r outputs, B is 1×1. In a grouped convolution every group has an adapter of rank r of its own, so that what is
learned can be merged into its kernel. Left out: embeddings, and DoRA.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from transferlab.stages.classifier import ADAPTER

CONVOLUTIONS = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}  # number of spatial dimensions


class Adapter(nn.Module):
    """A layer with a low-rank addition: what `LoraLinear` and `LoraConv` have in common.

    `base_layer` is the pretrained one, never trained here. Names are PEFT's. Whoever reads `weight` sees the sum of
    both, as torch's attention does, which calls no `forward` of its output layer.
    """

    base_layer: nn.Module
    lora_A: nn.Module
    lora_B: nn.Module

    def __init__(self, base_layer: nn.Module, r: int, scaling: float, lora_dropout: float) -> None:
        super().__init__()
        setattr(self, ADAPTER, True)
        self.base_layer, self.r, self.scaling, self.enabled = base_layer, r, scaling, True
        self.lora_dropout = nn.Dropout(lora_dropout)

    def start(self) -> None:
        """A random, B zero: nothing is added yet."""
        weight = self.base_layer.weight
        assert isinstance(weight, Tensor)
        self.to(device=weight.device, dtype=weight.dtype)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))  # type: ignore[arg-type]
        nn.init.zeros_(self.lora_B.weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """What the base layer gives, and the addition where it is enabled; shapes are the base layer's."""
        y = self.base_layer(x)
        return y + self.lora_B(self.lora_A(self.lora_dropout(x))) * self.scaling if self.enabled else y

    def addition(self) -> Tensor:
        """What the adapter adds to the base layer's weight, in the shape of that weight."""
        raise NotImplementedError

    @property
    def weight(self) -> Tensor:
        base = self.base_layer.weight
        assert isinstance(base, Tensor)
        return base + self.addition() if self.enabled else base

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:  # `in_features`, `stride` and whatever else a model asks its layer
            return getattr(super().__getattr__("base_layer"), name)


class LoraLinear(Adapter):
    """A Linear with an adapter of rank `r`; also of transformers' `Conv1D`, a Linear whose weight lies transposed.

    >>> layer = LoraLinear(nn.Linear(64, 64), r=4, scaling=2.0, lora_dropout=0.0)
    """

    def __init__(self, base_layer: nn.Module, r: int, scaling: float, lora_dropout: float) -> None:
        super().__init__(base_layer, r, scaling, lora_dropout)
        self.transposed = is_transposed(base_layer)
        weight = base_layer.weight
        assert isinstance(weight, Tensor)
        outputs, inputs = reversed(weight.shape) if self.transposed else weight.shape
        self.lora_A = nn.Linear(inputs, r, bias=False)
        self.lora_B = nn.Linear(r, outputs, bias=False)
        self.start()

    def addition(self) -> Tensor:
        product = self.lora_B.weight @ self.lora_A.weight * self.scaling  # type: ignore[operator]
        return product.T if self.transposed else product


class LoraConv(Adapter):
    """A convolution with an adapter of rank `r` for each of its groups.

    >>> layer = LoraConv(nn.Conv2d(64, 64, 3, padding=1), r=4, scaling=2.0, lora_dropout=0.0)
    """

    def __init__(self, base_layer: _ConvNd, r: int, scaling: float, lora_dropout: float) -> None:
        super().__init__(base_layer, r, scaling, lora_dropout)
        kind: Any = type(base_layer)
        base, groups = base_layer, base_layer.groups
        self.lora_A = kind(
            base.in_channels, r * groups, base.kernel_size, base.stride, base.padding, base.dilation, groups,
            bias=False, padding_mode=base.padding_mode,
        )  # fmt: skip
        self.lora_B = kind(r * groups, base.out_channels, 1, groups=groups, bias=False)
        self.start()

    def addition(self) -> Tensor:
        a, b = self.lora_A.weight, self.lora_B.weight
        assert isinstance(a, Tensor)
        assert isinstance(b, Tensor)
        a = a.reshape(-1, self.r, a[0].numel())  # (groups, r, C_in / groups · kernel)
        b = b.reshape(len(a), -1, self.r)  # (groups, C_out / groups, r)
        return (torch.bmm(b, a) * self.scaling).reshape(self.base_layer.weight.shape)  # type: ignore[union-attr,arg-type]


def is_transposed(module: nn.Module) -> bool:
    """Whether this is transformers' `Conv1D` (GPT-2's Linear): its weight is `(inputs, outputs)`.

    >>> is_transposed(nn.Linear(2, 3))
    False
    """
    return type(module).__name__ == "Conv1D" and type(module).__module__ == "transformers.pytorch_utils"


def adapters_of(model: nn.Module) -> dict[str, Adapter]:
    """The adapters in a model by the names of the layers that they stand in for; none is an empty dict.

    >>> list(adapters_of(model))[0]
    'blocks.0.attention.query'
    """
    return {name: module for name, module in model.named_modules() if isinstance(module, Adapter)}
