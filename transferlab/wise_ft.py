"""Between before and after: a backbone whose weights are a mixture of the pretrained and the fine-tuned ones.

    for point in between(load("bundled"), model, data, memory):
        print(point.alpha, point.held_out_accuracy, point.source_accuracy)

Source: Wortsman et al., "Robust fine-tuning of zero-shot models" (WiSE-FT, 2022). It needs no training: one evaluation
for each alpha. Left out: mixing heads, since the new task's head has no pretrained counterpart here.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from transferlab.data.images import Splits
from transferlab.forgetting import SourceMemory
from transferlab.heads import head_of
from transferlab.inference import predict
from transferlab.meters import accuracy


@dataclass(frozen=True)
class Mixture:
    """What the mixture at `alpha` can do; accuracies within 0…1, `source_accuracy` None without a memory."""

    alpha: float
    held_out_accuracy: float
    source_accuracy: float | None


def wise_ft(pretrained: nn.Module, tuned: nn.Module, alpha: float) -> nn.Module:
    """A new model: the backbone `(1 − alpha) · pretrained + alpha · tuned`, statistics included, with the tuned head.

        >>> model = wise_ft(load("bundled"), tuned, alpha=0.5)

    Alpha 0 is the pretrained backbone, 1 the tuned one. Both models stay as they are.

    Raises:
        ValueError: the two are not of one architecture, or alpha lies outside 0…1.
    """
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
        raise ValueError(f"alpha lies within 0 (pretrained) … 1 (fine-tuned); you gave {alpha!r}.")
    head = f"{head_of(tuned)[0]}."
    before = {name: value for name, value in pretrained.state_dict().items() if not name.startswith(head)}
    mixed = copy.deepcopy(tuned)
    after = {name: value for name, value in mixed.state_dict().items() if not name.startswith(head)}
    other = [name for name in {**before, **after} if name not in before or name not in after]
    other += [name for name in before if name in after and before[name].shape != after[name].shape]
    if other:
        raise ValueError(
            f"These are two different architectures: '{other[0]}' is not the same in both. Give the model that the "
            "tuned one was before, such as load('bundled')."
        )
    with torch.no_grad():
        for name, value in after.items():
            if value.is_floating_point():
                value.copy_(torch.lerp(before[name].to(value), value, float(alpha)))
    return mixed


def between(
    pretrained: nn.Module, tuned: nn.Module, data: Splits, memory: SourceMemory | None = None,
    alphas: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
) -> tuple[Mixture, ...]:  # fmt: skip
    """Held-out and source accuracy along the way from the pretrained backbone to the tuned one.

    >>> between(load("bundled"), tuned, data, memory, alphas=(0.0, 0.5, 1.0))
    """
    points = []
    for alpha in alphas:
        model = wise_ft(pretrained, tuned, alpha)
        held_out = accuracy(predict(model, data.held_out), data.held_out.labels)
        points.append(Mixture(float(alpha), held_out, memory.measure(model) if memory else None))
    return tuple(points)
