"""Sheets of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from transferlab.data.images import ImageSet
from transferlab.plots.style import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def tile(images: Tensor, columns: int, gap: int = 2, scale: int = 1) -> Tensor:
    """Images `(N, 3, H, W)` of bytes as one picture `(3, height, width)`, row by row, on white.

    >>> tile(images.images[:12], columns=4).shape
    torch.Size([3, 200, 266])
    """
    images = images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    sheet = torch.full((channels, rows * (height + gap) + gap, columns * (width + gap) + gap), 255, dtype=torch.uint8)
    for i, image in enumerate(images):
        top, left = gap + (i // columns) * (height + gap), gap + (i % columns) * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def contact_sheet(images: ImageSet, columns: int = 8, rows_per_class: int = 1, ax: Axes | None = None) -> Axes:
    """Some images of every class, a class a row, its name at the left.

    >>> contact_sheet(worlds.target("objects").train).figure.savefig("sheet.png")
    """
    count = columns * rows_per_class
    chosen, names = [], []
    for i, name in enumerate(images.class_names):
        index = torch.nonzero(images.labels == i).flatten()[:count]
        if len(index):
            blank = torch.full((count - len(index), *images.images.shape[1:]), 255, dtype=torch.uint8)
            chosen.append(torch.cat([images.images[index], blank]))
            names.append(name)
    sheet = tile(torch.cat(chosen), columns)
    ax = ax or new_axes((sheet.shape[2] / 80 + 1.2, sheet.shape[1] / 80))
    ax.imshow(sheet.permute(1, 2, 0).numpy(), interpolation="nearest")
    step = sheet.shape[1] / len(names)
    ax.set_yticks([step * (i + 0.5) for i in range(len(names))], names)
    ax.set_xticks([])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax
