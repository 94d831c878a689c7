"""What every loop of the museum has in common and what none of its bugs is in: loaders over pixels, counting answers.

The loaders give `(uint8 pixels, labels)`; each loop normalises a batch itself. Left out: worker processes.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from transferlab.data.images import Splits


def loader_of(images: Tensor, labels: Tensor, shuffle: bool = False) -> DataLoader:
    """Batches of 16: pixels, uint8 `(B, 3, H, W)`, and labels `(B,)`.

    >>> x, y = next(iter(loader_of(data.train.images, data.train.labels, shuffle=True)))
    """
    return DataLoader(TensorDataset(images, labels), batch_size=16, shuffle=shuffle)


def loaders(data: Splits) -> tuple[DataLoader, DataLoader]:
    """Training batches in random order, and validation batches.

    >>> loader, validation = loaders(data)
    """
    train, held_out = data.train, data.held_out
    return loader_of(train.images, train.labels, shuffle=True), loader_of(held_out.images, held_out.labels)


def share_right(predict: Callable[[Tensor], Tensor], validation: DataLoader) -> float:
    """The share of validation images answered rightly, within 0…1, asked batch by batch.

    >>> share_right(predict, validation)
    0.8
    """
    right = torch.cat([predict(x).argmax(1) == y for x, y in validation])
    return right.float().mean().item()
