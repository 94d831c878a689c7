"""Which pixels a place of a stage can see at all: its receptive field, asked of the network itself.

    fields = receptive_fields(listening, (64, 64))
    fields.box(3, 5)                                  # (top, left, bottom, right) in pixels

The gradient of a whole row of places with regard to noise pictures is zero in the rows of pixels that they cannot see;
the same for columns. That needs no list of layers and holds for all architectures: attention and squeeze-and-excitation
see the whole picture, and say so. All channels are asked together and on several pictures, so that a ReLU or a maximum
that happens to be shut hides nothing. Araujo et al., "Computing Receptive Fields of Convolutional Neural Networks"
(2019), give the arithmetic that the tests hold this against. Of a wide field the middle counts most by far (Luo et al.,
"Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", 2016): that part is its core. Left
out: another core for every picture and channel.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from transferlab.explain.listening import Listening

PICTURES = 4  # of noise: a pixel at the rim of a max-pooling window must win in one channel of one of them


CORE = 0.9  # of the gradient lies in the core, a twentieth of it on either side outside


@dataclass(frozen=True)
class ReceptiveFields:
    """For each row of a stage's grid the pixel rows that it sees, first and one past the last; the same for columns.

        >>> receptive_fields(Listening(load("bundled"), "conv1", pixels), (64, 64)).rows[5]
        (15, 26)

    `core_rows` and `core_columns` are the middle part of them, where 90 % of the gradient lies.
    """

    rows: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]
    core_rows: tuple[tuple[int, int], ...]
    core_columns: tuple[tuple[int, int], ...]

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """All that one place sees, clipped to the picture: top, left, bottom, right, the last two one past the end."""
        (top, bottom), (left, right) = self.rows[row], self.columns[column]
        return top, left, bottom, right

    def core(self, row: int, column: int) -> tuple[int, int, int, int]:
        """What one place sees well, as a box."""
        (top, bottom), (left, right) = self.core_rows[row], self.core_columns[column]
        return top, left, bottom, right


def receptive_fields(listening: Listening, size: tuple[int, int]) -> ReceptiveFields:
    """The receptive field of every place of a stage, for pictures of `size` (height, width).

    >>> receptive_fields(Listening(load("bundled"), "layer1", pixels), (64, 64)).box(8, 8)
    (11, 11, 54, 54)
    """
    generator = Generator().manual_seed(0)
    first = next(listening.inside.parameters())
    x = torch.randn(PICTURES, 3, *size, generator=generator).to(first.device, first.dtype).requires_grad_()
    with torch.enable_grad():
        maps = listening.answer(x)[0]  # (B, C, h, w)
        weights = torch.randn(maps.shape, generator=generator).to(maps)  # so that no two paths cancel
        rows = [_seen(maps[:, :, i], weights[:, :, i], x, 2) for i in range(maps.shape[2])]
        columns = [_seen(maps[..., j], weights[..., j], x, 3) for j in range(maps.shape[3])]
    return ReceptiveFields(
        tuple(seen for seen, _ in rows), tuple(seen for seen, _ in columns),
        tuple(core for _, core in rows), tuple(core for _, core in columns),
    )  # fmt: skip


def _seen(places: Tensor, weights: Tensor, x: Tensor, dimension: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Which pixel rows (or columns) these places see, and the part in which `CORE` of the gradient lies."""
    (gradient,) = torch.autograd.grad((places * weights).sum(), x, retain_graph=True, allow_unused=True)
    if gradient is None or not gradient.any():
        return (0, 0), (0, 0)
    others = [one for one in range(4) if one != dimension]
    seen = torch.nonzero(gradient.abs().amax(others)).flatten()
    upto = gradient.abs().double().sum(others).cumsum(0)
    upto = upto / upto[-1].clone()
    first = int((upto <= (1 - CORE) / 2).sum())
    last = int((upto < (1 + CORE) / 2).sum()) + 1
    return (int(seen[0]), int(seen[-1]) + 1), (first, min(last, int(seen[-1]) + 1))
