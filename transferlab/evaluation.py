"""What the model can do at the end of an epoch: the record of it, with the numbers that training counted on its way."""

import math
from collections.abc import Mapping

from torch import nn
from torch.optim import Optimizer

from transferlab.data.images import Splits
from transferlab.divergence import check_loss
from transferlab.feeding import Feed
from transferlab.losses import Judged
from transferlab.position import Counted
from transferlab.records import Epoch


def evaluate(
    model: nn.Module, data: Splits, feed: Feed, optimizer: Optimizer, number: int, phase: str,
    counted: Counted | None, source: Judged | None,
) -> Epoch:  # fmt: skip
    """The model on all held-out images, and on all source images unless `source` is known already.

        >>> evaluate(model, data, feed, optimizer, 0, "before", None, None).held_out_accuracy
        0.14

    Raises:
        ValueError: the held-out loss is not finite.
    """
    feed.check()
    source = source or feed.source()
    held_out_accuracy, loss = feed.judged()
    assert loss is not None
    if not math.isfinite(loss):  # a high one is mere overfitting
        check_loss(loss, data.train.num_classes, optimizer)
    return Epoch(
        epoch=number,
        phase=phase,
        train_loss=counted.loss_sum / counted.images if counted else None,
        train_accuracy=counted.correct / counted.images if counted else None,
        held_out_loss=loss,
        held_out_accuracy=held_out_accuracy,
        source_accuracy=source.accuracy if source else None,
        source_loss=source.loss if source else None,
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
