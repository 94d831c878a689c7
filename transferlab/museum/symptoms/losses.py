"""A symptom in outputs and losses: probabilities where scores belong."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from transferlab.museum.evidence import Evidence
from transferlab.museum.report import CERTAIN, SUSPECTED, Finding, Unexamined

LAST = 5  # losses that are taken for where training stood in the end
CLOSER = 3  # times nearer to the loss of softmax twice than to that of once, before it is suspected


def softmax_twice(evidence: Evidence) -> Finding | Unexamined | None:
    """Outputs that are probabilities already, with losses that never fell below what cross_entropy makes of them.

    Scores between 0 and 1 give at best `log(e + K − 1) − 1`, which is 1.27 for 8 classes.

    >>> softmax_twice(evidence).numbers["floor"]
    1.274
    """
    if evidence.model is None:
        return Unexamined("softmax_twice", "give the model")
    classes = evidence.num_classes
    outputs = evidence.answers(evidence.asked)
    if outputs.ndim != 2 or not torch.isfinite(outputs).all():
        return None
    floor = math.log(math.e + classes - 1) - 1
    losses = [float(loss) for loss in evidence.losses or ()]
    lowest = min(losses, default=math.nan)
    are_probabilities = bool((outputs >= 0).all()) and bool(((outputs.sum(1) - 1).abs() < 1e-3).all())
    if losses and not lowest >= floor - 1e-3:
        return None  # that low cross_entropy does not come with probabilities
    if are_probabilities:
        numbers = {"floor": floor, "lowest_loss": lowest}
        seen = "The model's outputs are probabilities already: none below 0, and each row sums to 1"
        if losses:
            seen += (
                f". The lowest of {len(losses)} losses is {lowest:.2f}, and cross_entropy of them cannot fall below "
            )
            seen += f"{floor:.2f}"
        return Finding("softmax_twice", f"{seen}.", numbers, CERTAIN if losses else SUSPECTED, _REMEDY)
    if not losses:
        return Unexamined("softmax_twice", "give losses=, one a batch")
    return _in_the_loop(evidence, losses, floor)


def _in_the_loop(evidence: Evidence, losses: list[float], floor: float) -> Finding | None:
    """The model gives scores, and the losses are those of their probabilities: a softmax on the way to the loss."""
    train = evidence.data.train
    train = train.subset(torch.linspace(0, len(train) - 1, min(200, len(train))).long().unique())
    outputs = evidence.answers(train)
    once, twice = _loss(outputs, train.labels), _loss(outputs.softmax(1), train.labels)
    last = sum(losses[-LAST:]) / len(losses[-LAST:])
    # What has learnt nothing costs more by its scores than by their softmax, and no softmax is to blame.
    if once >= floor or CLOSER * abs(last - twice) >= abs(last - once):
        return None
    return Finding(
        "softmax_twice",
        f"The last losses are {last:.2f}. Cross-entropy of the model's outputs on training images is {once:.2f}; of "
        f"their softmax it is {twice:.2f}, and no loss is below {floor:.2f}, the least that can come of that.",
        {"floor": floor, "lowest_loss": min(losses), "last": last, "once": once, "twice": twice},
        SUSPECTED,
        _REMEDY,
    )


def _loss(outputs: Tensor, labels: Tensor) -> float:
    return F.cross_entropy(outputs, labels.cpu()).item()


_REMEDY = "Give cross_entropy the scores as they come from the last linear layer; take softmax only to show them."
