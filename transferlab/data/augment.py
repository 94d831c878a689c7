"""Batched augmentation: one call transforms a whole batch, on whatever device the batch lies.

Source: random resized crops as in Szegedy et al., "Going Deeper with Convolutions" (2014), with the parameter names of
torchvision's `RandomResizedCrop`. Each image of the batch gets its own crop and flip, drawn from a generator that the
caller seeds, so that a run repeats bit for bit. Left out: colour changes, rotation, and mixtures of images.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


def resized_crop_and_flip(
    images: Tensor,
    generator: Generator,
    size: int | None = None,
    scale: tuple[float, float] = (0.35, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    flip: bool = True,
) -> Tensor:
    """Crop a random part of each image, resize it, and mirror half of them.

        >>> batch = resized_crop_and_flip(images, torch.Generator().manual_seed(0), scale=(0.6, 1.0))

    `images` are floats `(B, C, H, W)`; the result is `(B, C, size, size)`, or the input's own height and width where
    `size` is None. `scale` is the range of the crop's share of the area, `ratio` of its width over its height.
    The generator lives on the CPU, so that a GPU run draws the same crops as a CPU run.
    """
    batch, _, height, width = images.shape
    area = torch.empty(batch).uniform_(*scale, generator=generator)
    aspect = torch.empty(batch).uniform_(math.log(ratio[0]), math.log(ratio[1]), generator=generator).exp()
    crop_width = (area * aspect).sqrt().clamp(max=1.0)  # (B,) as a share of the image's width
    crop_height = (area / aspect).sqrt().clamp(max=1.0)
    # In grid_sample's coordinates the image runs from -1 to 1, so a crop's centre may move by 1 minus its share.
    x = (torch.rand(batch, generator=generator) * 2 - 1) * (1 - crop_width)
    y = (torch.rand(batch, generator=generator) * 2 - 1) * (1 - crop_height)
    mirror = torch.where(torch.rand(batch, generator=generator) < 0.5, -1.0, 1.0) if flip else torch.ones(batch)
    zero = torch.zeros(batch)
    theta = torch.stack([crop_width * mirror, zero, x, zero, crop_height, y], dim=1).view(batch, 2, 3)
    output = (batch, images.shape[1], size or height, size or width)
    grid = F.affine_grid(theta.to(images.device, images.dtype), list(output), align_corners=False)  # (B, H, W, 2)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
