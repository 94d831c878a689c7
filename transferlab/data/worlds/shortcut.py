"""A feature that predicts the label in training only: a coloured tag in the corner, the knob `shortcut`.

What a network can learn instead of the task, as in Geirhos et al., "Shortcut learning in deep neural networks" (2020).
In training the tag is that of the image's class with the chosen probability, else one drawn from all classes; in
held-out images it is always drawn, so that whoever learned the tag is found out. Left out: shortcuts that are part of
the thing.
"""

import torch
from torch import Generator, Tensor

COLOURS = [
    (230, 40, 40), (40, 200, 60), (50, 90, 240), (245, 220, 40),
    (230, 60, 220), (40, 215, 225), (250, 140, 20), (140, 70, 200),
]  # fmt: skip
GROUPS = ("tag agrees", "tag disagrees")


def tag_mask(size: int) -> Tensor:
    """Where the tag lies, bool `(size, size)`: a square at the lower right, a fifth of the picture wide.

    >>> tag_mask(64).sum()
    tensor(144)
    """
    side, margin = max(4, size * 3 // 16), max(1, size // 32)
    mask = torch.zeros(size, size, dtype=torch.bool)
    mask[size - margin - side : size - margin, size - margin - side : size - margin] = True
    return mask


def choose_tags(labels: Tensor, num_classes: int, strength: float, generator: Generator) -> Tensor:
    """The class whose tag each picture gets, `(N,)`: with probability `strength` its own, else any of all."""
    drawn = torch.randint(num_classes, labels.shape, generator=generator)
    return torch.where(torch.rand(labels.shape, generator=generator) < strength, labels, drawn)


def stick(images: Tensor, masks: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures uint8 `(N, 3, H, W)` with their tags, `(N,)`, and masks from which the tag is taken out.

    Each tag is one of eight colours in a white frame, its lower half in another of them, so that 8 × 7 classes differ.
    """
    size, area = images.shape[-1], tag_mask(images.shape[-1])
    rows, columns = (int(line.nonzero()[0]) for line in (area.any(1), area.any(0)))
    side = int(area.any(1).sum())
    palette = torch.tensor(COLOURS, dtype=torch.uint8)
    first, second = palette[tags % 8], palette[(tags + tags // 8 + 3) % 8]  # (N, 3)
    images = images.clone()
    label = torch.full((len(tags), 3, side, side), 245, dtype=torch.uint8)
    frame = max(1, side // 8)
    half = side // 2
    label[:, :, frame:half, frame:-frame] = first[..., None, None]
    label[:, :, half:-frame, frame:-frame] = second[..., None, None]
    images[:, :, rows : rows + side, columns : columns + side] = label
    assert images.shape[-1] == size
    return images, masks & ~area
