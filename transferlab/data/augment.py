"""Batched augmentation: one call transforms a whole batch, on whatever device the batch lies.

Source: random resized crops as in Szegedy et al., "Going Deeper with Convolutions" (2014), with the parameter names of
torchvision's `RandomResizedCrop`. Each image of the batch gets its own crop and flip, drawn from a generator that the
caller seeds, so that a run repeats bit for bit. Left out: antialiasing, for crops much larger than `size`; colour
changes, rotation, and mixtures of images.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


def resized_crop_and_flip(
    images: Tensor,
    generator: Generator,
    size: int | None = None,
    scale: tuple[float, float] = (0.35, 1.0),  # an object that fills the picture stays recognisable in a third of it
    ratio: tuple[float, float] = (3 / 4, 4 / 3),  # torchvision's
    flip: bool = True,
) -> Tensor:
    """Crop a random part of each image, resize it, and mirror half of them.

        >>> batch = resized_crop_and_flip(images, torch.Generator().manual_seed(0), scale=(0.6, 1.0))

    `images` are floats `(B, C, H, W)`; the result is `(B, C, size, size)`, or the input's own height and width where
    `size` is None. `scale` is the range of the crop's share of the area, `ratio` that of its width over its height,
    each as a share of the image's; a large crop, for which a ratio would leave the image, takes the nearest that fits,
    so that `scale=(1, 1)` crops nothing. The generator lives on the CPU, so that a GPU run draws the same crops.

    Raises ValueError for images that are no floats of four axes, and for a range that runs backwards or past the image.
    """
    _check(images, scale, ratio)
    batch, channels, height, width = images.shape
    area = torch.empty(batch).uniform_(*scale, generator=generator)
    aspect = torch.empty(batch).uniform_(math.log(ratio[0]), math.log(ratio[1]), generator=generator).exp()
    aspect = aspect.clamp(min=area, max=1 / area)  # beyond it one side of the crop would be longer than the image's
    crop_width = (area * aspect).sqrt()  # (B,) as a share of the image's width
    crop_height = (area / aspect).sqrt()
    # In grid_sample's coordinates the image runs from -1 to 1, so a crop's centre may move by 1 minus its share.
    x = (torch.rand(batch, generator=generator) * 2 - 1) * (1 - crop_width)
    y = (torch.rand(batch, generator=generator) * 2 - 1) * (1 - crop_height)
    mirror = torch.where(torch.rand(batch, generator=generator) < 0.5, -1.0, 1.0) if flip else torch.ones(batch)
    zero = torch.zeros(batch)
    theta = torch.stack([crop_width * mirror, zero, x, zero, crop_height, y], dim=1).view(batch, 2, 3)
    # bfloat16 has 8 bits for a coordinate, half a pixel of a 64-pixel image: positions and sums are at least float32.
    precise = torch.promote_types(images.dtype, torch.float32)
    output = [batch, channels, size or height, size or width]
    grid = F.affine_grid(theta.to(images.device, precise), output, align_corners=False)  # (B, H, W, 2)
    # At the rim both other paddings differ: "zeros" darkens it, and "border" does not exist on Apple's GPUs.
    cropped = F.grid_sample(images.to(precise), grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return cropped.to(images.dtype)


def _check(images: Tensor, scale: tuple[float, float], ratio: tuple[float, float]) -> None:
    if images.ndim != 4 or not images.is_floating_point():
        kind = str(images.dtype).removeprefix("torch.")
        raise ValueError(
            f"Crops are taken of floats of shape (B, C, H, W); you gave {kind} of shape {tuple(images.shape)}. "
            "Type images.float() / 255 for uint8 images."
        )
    if not 0 < scale[0] <= scale[1] <= 1:
        raise ValueError(f"scale is a range of shares of the area within 0…1, such as (0.35, 1.0); you gave {scale}.")
    if not 0 < ratio[0] <= ratio[1] < math.inf:
        raise ValueError(f"ratio is a range of width over height, such as (0.75, 1.33); you gave {ratio}.")
