"""The loss of a batch and how much of it was right: one answer an example, or one a position.

An image has one label, a text may have one for every token: its kind of word, or simply the token that comes next. The
same recipes train both, since only these few lines know the difference. Left out: several labels at once, regression.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from transferlab.data.labelled import UNLABELLED


class Judged(NamedTuple):
    """How a model did on a set: `accuracy` within 0…1, and the mean cross-entropy in nats (None where unknown)."""

    accuracy: float
    loss: float | None


def answer_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of `(B, C)` with labels `(B,)`, or of `(B, T, C)` with labels `(B, T)`; a tensor of shape `()`.

        >>> answer_loss(torch.zeros(2, 5), torch.tensor([0, 4]))
        tensor(1.6094)

    Positions labelled -100 do not count.
    """
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), ignore_index=UNLABELLED)


def num_right(logits: Tensor, labels: Tensor) -> Tensor:
    """How many examples were answered rightly, of shape `()`; where positions are asked, in shares of an example.

    >>> num_right(torch.eye(3), torch.tensor([0, 1, 0]))
    tensor(2)
    """
    right = logits.argmax(-1) == labels
    if labels.ndim == 1:
        return right.sum()
    asked = labels != UNLABELLED
    return (right & asked).sum() / asked.sum() * len(labels)


def summed(logits: Tensor, labels: Tensor) -> Tensor:
    """The summed loss of a batch, its right answers and how many were asked: `(3,)`, to be added up over batches.

    >>> judged([summed(model(x), y) for x, y in batches])
    """
    flat, wanted = logits.float().flatten(0, -2), labels.flatten().to(logits.device)
    asked = wanted != UNLABELLED
    loss = F.cross_entropy(flat, wanted, ignore_index=UNLABELLED, reduction="sum")
    right = ((flat.argmax(-1) == wanted) & asked).sum()
    return torch.stack([loss.double(), right.double(), asked.sum().double()]).cpu()


def judged(sums: list[Tensor]) -> Judged:
    """What `summed` gave of all batches, as one figure each.

    >>> judged([torch.tensor([2.0, 3.0, 4.0])])
    Judged(accuracy=0.75, loss=0.5)

    Raises:
        ValueError: not one position was asked.
    """
    loss, right, asked = torch.stack(sums).sum(0).tolist()
    if asked == 0:
        raise ValueError("There is nothing to count: no position of these examples has a label.")
    return Judged(right / asked, loss / asked)
