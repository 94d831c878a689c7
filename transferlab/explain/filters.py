"""The first layer's kernels: the only weights of a network that can be looked at as pictures.

    filter_grid(first_kernels(load("bundled")))       # uint8 (3, height, width)

A kernel of the first convolution has three channels, red, green and blue, so it is a small picture of what it answers
to: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks" (2012), figure 3. How edge-like
they are is counted in `edges.py`. Left out: deeper kernels, whose channels are no colours (see `exciting.py`).
"""

import math

import torch
from torch import Tensor, nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.working_copy import working_copy
from transferlab.stages import stages

GREY = 127.5  # where a weight of 0 is drawn: half way between black and white


def first_layer(model: nn.Module) -> tuple[str, nn.Conv2d]:
    """The convolution that reads the pixels, with its dotted name.

        >>> first_layer(load("bundled"))[0]
        'conv1'

    It is the first one in the first stage: a stem, or the patch embedding of a ViT, Swin or ConvNeXt.

    Raises:
        ValueError: there is none, or it does not read red, green and blue together.
    """
    stem = stages(model)[0]
    found = [
        (f"{name}.{inner}".rstrip("."), layer)
        for name in stem.modules
        for inner, layer in model.get_submodule(name).named_modules()
        if isinstance(layer, nn.Conv2d)
    ]
    if not found:
        kinds = sorted({type(model.get_submodule(name)).__name__ for name in stem.modules})
        raise ValueError(
            f"This {type(model).__name__} has no kernels to show: its first stage '{stem.name}' ({', '.join(kinds)}) "
            "holds no convolution. Try load('bundled'), or any convolutional network or ViT."
        )
    name, layer = found[0]
    if layer.in_channels != 3 or layer.groups != 1:
        how = f"{layer.in_channels} channel{'s' if layer.in_channels > 1 else ''}"
        how += f" in {layer.groups} groups" if layer.groups > 1 else ""
        raise ValueError(
            f"The kernels of '{name}' are no colour pictures: it reads {how}, and a picture has red, green and blue "
            "together. Look at what excites it instead: exciting_patches(model, images, "
            f"'{stem.name}')."
        )
    return name, layer


def first_kernels(model: nn.Module) -> Tensor:
    """The kernels of the first convolution, float32 `(K, 3, h, w)`, a copy on the CPU.

        >>> first_kernels(load("bundled")).shape
        torch.Size([32, 3, 7, 7])

    Raises:
        ValueError: there is no such layer (see `first_layer`), or its weights are no numbers.
    """
    name, layer = first_layer(model)
    kernels = layer.weight.detach().float().cpu().clone(memory_format=torch.contiguous_format)  # (K, 3, h, w)
    return check_kernels(kernels, f"'{name}'")


def filter_grid(kernels: Tensor, columns: int | None = None, scale: int = 4, gap: int = 1) -> Tensor:
    """Kernels `(K, 3, h, w)` as one picture, uint8 `(3, height, width)`, row by row on white.

        >>> filter_grid(first_kernels(load("bundled"))).shape
        torch.Size([3, 132, 260])

    Each kernel is scaled by its own largest absolute weight, symmetrically around grey: grey is 0, white in a channel
    the largest weight, black its negative. So kernels of all sizes can be seen, and their sizes cannot be compared.
    `scale` pixels a weight, `gap` weights between kernels. Without `columns` all rows are full where that can
    be, and the picture is as square as it goes.

    Raises:
        ValueError: no kernels `(K, 3, h, w)`, or less than one column or pixel.
    """
    check_kernels(kernels)
    for name, value, least in (("columns", columns, 1), ("scale", scale, 1), ("gap", gap, 0)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"{name} is a whole number, {least} or more; you gave {value!r}.")
    count, _, height, width = kernels.shape
    columns = min(columns or _columns(count), count)
    rows = math.ceil(count / columns)
    largest = kernels.abs().amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    pixels = (kernels.float() / largest * GREY + GREY).round().to(torch.uint8)  # (K, 3, h, w)
    sheet = torch.full((3, rows, height + gap, columns, width + gap), 255, dtype=torch.uint8)
    for i, picture in enumerate(pixels):
        sheet[:, i // columns, :height, i % columns, :width] = picture
    sheet = sheet.reshape(3, rows * (height + gap), columns * (width + gap))
    framed = torch.full((3, sheet.shape[1] + gap, sheet.shape[2] + gap), 255, dtype=torch.uint8)
    framed[:, gap:, gap:] = sheet
    return framed.repeat_interleave(scale, 1).repeat_interleave(scale, 2)


def _columns(count: int) -> int:
    """The least number from the square root on that fills all rows; the root where that would be a long strip."""
    square = math.ceil(math.sqrt(count))
    return next((columns for columns in range(square, 2 * square) if count % columns == 0), square)


def random_counterpart(model: nn.Module, seed: int = 0) -> nn.Module:
    """The same architecture with random weights, as before any training: what a pretrained network is compared with.

        >>> first_kernels(random_counterpart(load("bundled"), seed=1)).shape
        torch.Size([32, 3, 7, 7])

    The bundled backbone is built anew; of any other network a copy is drawn anew by its layers' own
    `reset_parameters`. What has none (a class token, say) stays as it was. It is in eval mode and on the CPU where it
    is built anew. The global random stream is left alone.

    Raises:
        ValueError: the model cannot be copied, or no layer of it knows how to begin.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if type(model) is SmallResNet:
            return SmallResNet(model.num_classes, model.num_features // 8).eval()
        fresh = working_copy(model).cpu()  # random numbers differ between devices
        able = [module for module in fresh.modules() if callable(getattr(module, "reset_parameters", None))]
        if not able:
            raise ValueError(f"No layer of this {type(model).__name__} has a reset_parameters() to draw it anew.")
        for module in able:
            module.reset_parameters()  # type: ignore[operator]
    return fresh


def check_kernels(kernels: object, what: str = "what you gave") -> Tensor:
    """Hand kernels `(K, 3, h, w)` on, or say why they are none.

    Raises:
        ValueError: another shape or kind, or weights that are no numbers.
    """
    if not isinstance(kernels, Tensor) or kernels.ndim != 4 or kernels.shape[1] != 3 or not len(kernels):
        given = tuple(kernels.shape) if isinstance(kernels, Tensor) else type(kernels).__name__
        raise ValueError(f"Kernels are a tensor (K, 3, h, w), as first_kernels(model) gives them; you gave {given}.")
    if not torch.isfinite(kernels).all():
        raise ValueError(f"The weights of {what} hold NaN or infinite values: load the model again.")
    return kernels
