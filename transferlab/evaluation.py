"""What the model can do at the end of an epoch: the record of it, with the numbers that training counted on its way."""

import math
from collections.abc import Mapping

from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer

from transferlab.data.images import Splits
from transferlab.divergence import check_loss
from transferlab.feeding import Feed
from transferlab.meters import accuracy
from transferlab.position import Counted
from transferlab.records import Epoch


def evaluate(
    model: nn.Module, data: Splits, feed: Feed, optimizer: Optimizer, number: int, phase: str,
    counted: Counted | None, source_accuracy: float | None,
) -> Epoch:  # fmt: skip
    """The model on all held-out images, and on all source images unless `source_accuracy` is known already.

        >>> evaluate(model, data, feed, optimizer, 0, "before", None, None).held_out_accuracy
        0.14

    Raises:
        ValueError: the held-out loss is not finite.
    """
    feed.check()
    if source_accuracy is None:
        source_accuracy = feed.source_accuracy()
    logits = feed.held_out()
    loss = F.cross_entropy(logits, data.held_out.labels.cpu()).item()
    if not math.isfinite(loss):  # a high one is mere overfitting
        check_loss(loss, data.train.num_classes, optimizer)
    return Epoch(
        epoch=number,
        phase=phase,
        train_loss=counted.loss_sum / counted.images if counted else None,
        train_accuracy=counted.correct / counted.images if counted else None,
        held_out_loss=loss,
        held_out_accuracy=accuracy(logits, data.held_out.labels),
        source_accuracy=source_accuracy,
        learning_rates=rates(optimizer),
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        seconds=counted.seconds if counted else 0.0,
    )


def rates(optimizer: Optimizer) -> Mapping[str, float]:
    """The learning rate of every stage that trains.

    >>> rates(optimizer)
    {'layer4': 0.0001, 'fc': 0.001}
    """
    return {group["stage"]: group["lr"] for group in optimizer.param_groups}
