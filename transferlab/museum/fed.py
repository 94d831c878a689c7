"""What a loader gives: its images by fingerprint, the labels of each batch in order, and some images to look at.

    fed = read(loader)
    len(fed.fingerprints), fed.batches[0]

Left out: loaders that give anything else than `(images, labels)`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from transferlab.museum.untouched import theirs

MOST = 20_000  # images to read: a folder of that size takes a minute, and whatever is wrong is wrong long before
LOOKED_AT = 240  # images to compute features of: enough for an interval of ±6 points


@dataclass(frozen=True, eq=False)
class Fed:
    """`images` are the first different ones `(n, 3, H, W)`, as they came, and `labels` `(n,)` theirs.

    `fingerprints` has one for each image read, mirror images sharing theirs; `batches` the labels of each batch.
    """

    images: Tensor
    labels: Tensor
    fingerprints: tuple[bytes, ...]
    batches: tuple[Tensor, ...]


def read(loader: Iterable) -> Fed:
    """One pass over a loader, at most 20,000 images. To be called inside `untouched`.

        >>> read(trained.loader).batches[0]
        tensor([3, 0, 7, …])

    Raises:
        ValueError: the loader raised something, a batch is not a pair of images `(B, 3, H, W)` and labels `(B,)`, or
            there is none.
    """
    images: list[Tensor] = []
    labels: list[Tensor] = []
    prints: dict[bytes, None] = {}
    every: list[bytes] = []
    batches = []
    batches_given = iter(loader)
    while True:
        with theirs("Your loader"):
            batch = next(batches_given, None)
        if batch is None:
            break
        x, y = _pair(batch)
        batches.append(y)
        for image, label, one in zip(x, y, fingerprints(x), strict=True):
            every.append(one)
            if one not in prints and len(images) < LOOKED_AT:
                images.append(image)
                labels.append(label)
            prints[one] = None
        if len(every) >= MOST:
            break
    if not images:
        raise ValueError("The loader gives no batch at all.")
    return Fed(torch.stack(images), torch.stack(labels), tuple(every), tuple(batches))


def fingerprints(images: Tensor) -> list[bytes]:
    """One for each image of `(N, 3, H, W)`; an image and its mirror image have the same.

    >>> fingerprints(images) == fingerprints(images.flip(3))
    True
    """
    # Floats are rounded, so that the order in which a mean was taken off makes no other picture.
    exact = images.cpu() if images.dtype == torch.uint8 else (images.cpu().float() * 1000).round().to(torch.int32)
    return [min(_digest(image), _digest(image.flip(2))) for image in exact]


def _digest(image: Tensor) -> bytes:
    return hashlib.blake2b(image.contiguous().numpy().tobytes(), digest_size=16).digest()


def _pair(batch: object) -> tuple[Tensor, Tensor]:
    pair = batch if isinstance(batch, list | tuple) else ()
    if len(pair) != 2 or not all(isinstance(part, Tensor) for part in pair) or pair[0].ndim != 4 or pair[1].ndim != 1:
        raise ValueError("The loader does not give pairs of images (B, 3, H, W) and labels (B,).")
    return pair[0], pair[1].cpu().long()
