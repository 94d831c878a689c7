"""Tensors in, numbers out: what a model got right, and how sure we may be of the figure.

Nothing here runs a model or draws. Accuracies lie within 0…1.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

# Two-sided 95 % points of Student's t for 1, 2, … degrees of freedom; beyond 30 the normal's 1.96 is near enough.
_STUDENT_T_95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The share of images whose highest score is at their label.

        >>> accuracy(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        0.5

    `logits` are `(N, num_classes)`, `labels` `(N,)`; or `(N, T, num_classes)` and `(N, T)`, where -100 does not count.
    """
    if len(logits) == 0:
        raise ValueError("There are no images to count: accuracy needs at least one.")
    labels = labels.to(logits.device)
    right = logits.argmax(dim=-1) == labels
    return (right[labels != -100] if labels.ndim > 1 else right).float().mean().item()


def agreement(logits: Tensor, reference: Tensor) -> float:
    """The share of images for which two models choose the same class; both `(N, num_classes)`."""
    return accuracy(logits, reference.argmax(dim=1))


def linear_cka(one: Tensor, other: Tensor) -> float:
    """How alike two representations `(N, D)` and `(N, E)` of the same N images are, within 0…1.

        >>> linear_cka(features, 3 * features @ rotation)
        1.0

    Centred kernel alignment with a linear kernel: blind to rotation and scale, not to stretching. Source: Kornblith et
    al., "Similarity of Neural Network Representations Revisited" (2019). For few images in many dimensions it is high
    by chance: compare like with like. Representations that do not vary at all are taken to be alike.
    """
    grams = []
    for features in (one, other):
        centred = features.double() - features.double().mean(0)
        grams.append(centred @ centred.T)  # (N, N)
    norms = [gram.norm() for gram in grams]
    if min(norms) == 0:
        return 1.0 if max(norms) == 0 else 0.0
    return ((grams[0] * grams[1]).sum() / (norms[0] * norms[1])).item()


def wilson_interval(share: float, num_images: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy that was counted on `num_images` independent images.

        >>> wilson_interval(0.5, 100)   # (0.404, 0.596)

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927). It covers the luck of
    which images were held out, not the luck of the seed: for that, run several seeds.
    """
    if num_images < 1 or not 0 <= share <= 1:
        raise ValueError(f"An accuracy lies within 0…1 on at least one image; you gave {share!r} on {num_images!r}.")
    z = 1.96
    centre = (share + z**2 / (2 * num_images)) / (1 + z**2 / num_images)
    half = z * math.sqrt(share * (1 - share) / num_images + z**2 / (4 * num_images**2)) / (1 + z**2 / num_images)
    return max(0.0, centre - half), min(1.0, centre + half)


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean of several runs and half the width of its 95 % interval (Student's t).

    >>> mean_interval([0.70, 0.74, 0.72])   # 0.72 ± 0.05
    (0.72, 0.0497)
    """
    if len(values) < 2:
        raise ValueError(f"An interval over seeds needs at least two runs; you gave {len(values)}.")
    runs = torch.tensor(values, dtype=torch.float64)
    degrees = len(values) - 1
    t = _STUDENT_T_95[degrees - 1] if degrees <= len(_STUDENT_T_95) else 1.96
    return runs.mean().item(), t * runs.std().item() / math.sqrt(len(values))
