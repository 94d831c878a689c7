"""Take pictures away from the look that the backbone knows, step by step: the knob `domain_gap`.

At 0 pictures stay as they are; at 1 they look like sonar: bent by waves, lit as a relief, their colours turned and
faded, hatched and speckled. Every step between is a mixture, so that the gap is continuous, and what is shown stays the
same: one seed gives the same scenes at every gap. Left out: changes of what is in the picture.
"""

import math

import torch
from torch import Generator, Tensor

from transferlab.data.worlds.fields import CHUNK, Canvas


def widen(images: Tensor, masks: Tensor, gap: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Pictures moved by `gap`, 0…1, and their masks, moved with them.

        >>> images, masks = widen(images, masks, 0.5, torch.Generator().manual_seed(0))

    `images` are uint8 `(N, 3, H, W)` and square, `masks` bool `(N, H, W)`; new tensors of the same kind are returned.
    """
    if gap == 0:
        return images, masks
    moved, moved_masks = torch.empty_like(images), torch.empty_like(masks)
    for rows in torch.arange(len(images)).split(CHUNK):
        canvas = Canvas(len(rows), images.shape[-1], generator)
        x, y = waves(canvas, gap)
        colours = images[rows].float() / 255
        colours = torch.stack([canvas.sample(colours[:, i], x, y) for i in range(3)], 1)
        moved[rows] = (remote(canvas, colours, gap).clamp(0, 1) * 255).round().to(torch.uint8)
        moved_masks[rows] = canvas.sample(masks[rows].float(), x, y) > 0.5
    return moved, moved_masks


def waves(canvas: Canvas, gap: float) -> tuple[Tensor, Tensor]:
    """Coordinates bent as by water, `(N, H, W)` each."""
    bend = 0.07 * gap
    return canvas.x + canvas.noise(4) * bend, canvas.y + canvas.noise(4) * bend


def remote(canvas: Canvas, colours: Tensor, gap: float) -> Tensor:
    """The look of another sensor, mixed in by `gap`: colours `(N, 3, H, W)` from 0 to 1."""
    grey = colours.mean(1)
    relief = 0.42 + canvas.light(grey, canvas.uniform(0, math.tau), 0.5) * 0.9
    lines = ((canvas.y + canvas.x * 0.25) * canvas.uniform(50, 70) + grey * 6).sin() * 0.16
    speckle = canvas.grain() * 0.22
    lightness = torch.lerp(grey, relief + lines, gap) * (1 + speckle * gap)
    turned = colours.roll(1, dims=1) - grey.unsqueeze(1)  # red becomes green, green blue, blue red
    own = colours - grey.unsqueeze(1)
    return lightness.unsqueeze(1) + torch.lerp(own, turned, gap) * (1 - 0.4 * gap)
