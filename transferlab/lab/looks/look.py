"""What a view is: a look at a model that gives a `Frame`, made for one run's images and start.

    look = DriftLook(start, data.held_out)
    look(model).facts["stages"][0]["weights"]

A look changes nothing, and what it needs of the start it computes when it is first asked, in whatever thread asks, so
that it never meets a training step. Left out: when to look; see `viewer.py` and `previews.py`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from transferlab.data.labelled import LabelledSet
from transferlab.lab.previews import Frame


class Look(Protocol):
    """Called with a model it gives what is to be seen in it; `asked` is what the student chose, in JSON's types."""

    asked: Mapping[str, Any]

    def __call__(self, model: Any) -> Frame: ...

    def before(self) -> Frame:
        """The same of the model that the run starts from, and what stays the same along the run."""


class NoLook:
    """Where there is nothing to look at: asked, it says why.

    >>> NoLook("Filters are those of networks that look at pictures.")
    """

    def __init__(self, why: str) -> None:
        self.why = why
        self.asked: Mapping[str, Any] = {}

    def __call__(self, model: nn.Module) -> Frame:
        raise ValueError(self.why)

    def before(self) -> Frame:
        raise ValueError(self.why)


def some_images(images: LabelledSet, count: int, turn: int = 0) -> Tensor:
    """Positions of `count` images, texts or sounds of different classes, int64 `(count,)`; another `turn`, others.

        >>> data.held_out.subset(some_images(data.held_out, 4))

    Classes follow one another, and when all had a turn each shows its next image. Of fewer images there are fewer.

    Raises:
        ValueError: not one image, or a turn that is no whole number from 0 on.
    """
    for name, value, least in (("count", count, 1), ("turn", turn, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is a whole number, {least} or more; you gave {value!r}.")
    if images.by_position:  # each holds several classes: they are taken as they lie
        return torch.arange(turn * count, turn * count + min(count, len(images))) % len(images)
    labels = images.labels.cpu()
    rows = [torch.nonzero(labels == label).flatten().tolist() for label in range(images.num_classes)]
    order = [row[i] for i in range(max(map(len, rows))) for row in rows if i < len(row)]  # a class after the other
    start = turn * count
    return torch.tensor([order[(start + i) % len(order)] for i in range(min(count, len(order)))])
