"""Tiny networks and images for bets."""

import torch
from torch import nn

from transferlab.data.images import ImageSet
from transferlab.data.worlds import stream


def tiny_network(seed=0, num_classes=3, width=6):
    """Four stages: two convolutions, a pooled vector, a head."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width + 2, 3, padding=1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width + 2, num_classes),
        )  # fmt: skip


def noise_images(number=24, num_classes=2, seed=0):
    generator = stream("noise", seed)
    pixels = torch.randint(0, 255, (number, 3, 8, 8), generator=generator, dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(number) % num_classes, tuple("abcdefgh"[:num_classes]))
