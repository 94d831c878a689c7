"""Small things with known answers for the doctor to look at."""

import copy

import torch
from torch import nn

from transferlab.data.images import ImageSet, Splits


def tiny(classes=2, seed=0):
    """A convolution, a BatchNorm and a head."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4, classes),
        )


def state(model):
    return copy.deepcopy(model.state_dict())


def splits(train, held_out, names=("red", "blue")):
    """Two sets of the given (images, labels)."""
    return Splits(*(ImageSet(*pair, names) for pair in (train, held_out)))
