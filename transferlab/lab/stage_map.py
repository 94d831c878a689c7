"""The stages of a model as a map to look at: how big each is, what comes out of it, and what it costs.

    for look in stage_map(model, images): print(look.name, look.num_parameters, look.shape, look.seconds)

The cost is measured, once, in well under a second: the time one image, text or sound takes through each stage. From it
follows what a freeze line costs an epoch. Backward passes are taken at twice the forward one, the ratio of their
multiplications; so a cost is a good guess and no promise. Left out: memory.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from transferlab.data.labelled import LabelledSet
from transferlab.inference import evaluating, model_input
from transferlab.stages import stages
from transferlab.stages.taps import taps

# A pass, a tenth of a second: 16 small images or one of 224 pixels, 16 texts of 64 tokens, two seconds of sound.
ENOUGH = {"image": 16 * 64 * 64, "text": 16 * 64, "sound": 2 * 16_000}
PASSES = 3
BACKWARD = 2.0  # forward passes that a backward pass takes
STEP = 1e-3  # seconds of a step beside its images: the optimizer, the loop; about so on processors of today


@dataclass(frozen=True)
class StageLook:
    """One stage: `shape` is what comes out for one image, (C, H, W) or (features,), or for one text,
    (tokens, features), None where it cannot be tapped.

    `seconds` is how long one image takes through it, forward.
    """

    name: str
    num_parameters: int
    shape: tuple[int, ...] | None
    seconds: float | None
    is_head: bool


def stage_map(model: nn.Module, examples: LabelledSet) -> tuple[StageLook, ...]:
    """Every stage of the model, stem first; the model and its mode stay as they are.

    >>> stage_map(load("bundled"), data.train)[1].shape
    (32, 16, 16)
    """
    found = stages(model)
    count = max(1, min(len(examples), ENOUGH[examples.noun] // math.prod(examples.size)))
    x = model_input(model, examples.rows[:count])
    shapes: dict[str, tuple[int, ...]] = {}
    seconds: dict[str, float] = {}
    with evaluating(model), torch.no_grad():
        for _ in range(PASSES):
            moments = [(time.perf_counter(), "")]
            try:
                outputs = taps(model)(x, lambda stage, moments=moments: moments.append((time.perf_counter(), stage)))
            except ValueError:  # it cannot be traced: parameters alone are shown
                break
            moments.append((time.perf_counter(), found.head.name))
            for (before, _), (after, stage) in pairwise(moments):
                seconds[stage] = min(seconds.get(stage, 1e9), (after - before) / count)
            shapes = {stage: tuple(output.shape[1:]) for stage, output in outputs.items()}
        output = model(x[:1])
        if isinstance(output, torch.Tensor):
            shapes[found.head.name] = tuple(output.shape[1:])
    return tuple(
        StageLook(one.name, one.num_parameters, shapes.get(one.name), seconds.get(one.name), one.is_head)
        for one in found
    )


@dataclass(frozen=True)
class Cost:
    """What a freeze line costs: `first` epoch and each `further` one, in seconds on this machine.

    They differ where what is frozen runs once for each image and is kept.
    """

    first: float
    further: float

    def of(self, epochs: float) -> float:
        """So many epochs, the first included.

        >>> Cost(first=2.0, further=0.5).of(3)
        3.0
        """
        return min(epochs, 1) * self.first + max(epochs - 1, 0) * self.further


def cost(
    looks: Sequence[StageLook], line: int, num_train: int, num_held_out: int, views: int = 2, batch_size: int = 32
) -> Cost | None:
    """What training from stage number `line` on costs; None where a stage could not be timed.

        >>> cost(stage_map(model, data.train), line=5, num_train=160, num_held_out=200)
        Cost(first=0.41, further=0.01)

    What is frozen runs once for each of an image's `views` (the image and its mirror image), and for each held-out one.
    """
    if any(look.seconds is None for look in looks):
        return None
    frozen = sum(look.seconds or 0.0 for look in looks[:line])
    thawed = sum(look.seconds or 0.0 for look in looks[line:])
    further = thawed * (num_train * (1 + BACKWARD) + num_held_out) + STEP * num_train / batch_size
    return Cost(further + frozen * (views * num_train + num_held_out), further)
