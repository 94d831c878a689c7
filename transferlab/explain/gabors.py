"""Two families of patterns that a kernel is compared with, oriented Gabors and round blobs, and how well they fit.

    share, best, fitted = explained(kernels, gabors(7, 7)[0])

A Gabor is a wave under a Gaussian: Daugman, "Uncertainty relation for resolution in space, spatial frequency, and
orientation optimized by two-dimensional visual cortical filters" (1985). Orientation, frequency, width and centre lie
on a fixed grid, phase, size and colour are solved exactly for each of its points: 9 numbers in all. A Gabor half way
between two points of the grid still scores 0.8. Left out: Gabors longer than wide, and a fit that leaves the grid.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

ORIENTATIONS = 12  # 15 degrees apart: a Gabor of one cycle still answers well at half of that
CYCLES = (0.3, 0.5)  # frequency × width: about two octaves wide (a single edge), and about one (a few bars)
OFFSETS = (-0.2, 0.0, 0.2)  # of the centre, in kernel sizes
HIGHEST = 0.4  # cycles a pixel; above it pixels are too coarse to tell one wave from another


def explained(kernels: Tensor, atoms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The share of variance that the best pattern in one colour explains, which one, and the fit `(K, 3, h, w)`.

    `atoms` `(D, 2, h·w)` are orthonormal pairs. A kernel's part in the plane of a pair is a matrix 3 × 2; the best
    single colour times a single pattern in that plane is its first singular pair.
    """
    centred = (kernels - kernels.mean((2, 3), keepdim=True)).flatten(2)  # (K, 3, h·w)
    variance = centred.square().sum((1, 2))
    part = torch.einsum("kcp,dqp->kdcq", centred, atoms)  # (K, D, 3, 2)
    found, best = largest_energy(part).max(1)
    flat = variance <= 1e-10 * kernels.square().sum((1, 2, 3))  # a plain colour, or no weights at all
    share = torch.where(flat, 0.0, found / variance.clamp_min(1e-30)).clamp(0, 1)
    rows = torch.arange(len(kernels))
    u, s, vh = torch.linalg.svd(part[rows, best], full_matrices=False)  # of (K, 3, 2)
    pattern = torch.einsum("kq,kqp->kp", vh[:, 0], atoms[best])  # (K, h·w)
    fitted = (u[:, :, 0] * s[:, :1])[:, :, None] * pattern[:, None]
    return share, best, fitted.view_as(kernels)


def largest_energy(part: Tensor) -> Tensor:
    """The square of the first singular value of matrices `(…, 3, 2)`: what one colour times one pattern carries.

    >>> largest_energy(torch.tensor([[2.0, 0], [0, 1], [0, 0]]))
    tensor(4.)
    """
    a, b = part[..., 0].square().sum(-1), part[..., 1].square().sum(-1)
    c = part.prod(-1).sum(-1)
    return (a + b) / 2 + (((a - b) / 2).square() + c.square()).sqrt()


@lru_cache(maxsize=32)
def gabors(height: int, width: int) -> tuple[Tensor, Tensor]:
    """All Gabors of a kernel's size as orthonormal pairs `(D, 2, h·w)`, and their orientation and frequency `(D, 2)`.

    Frequencies run from half a cycle a kernel, a single edge, to `HIGHEST`, in steps of about half an octave.
    """
    size = min(height, width)
    lowest = 0.5 / size
    steps = math.ceil(2 * math.log2(HIGHEST / lowest)) + 1
    y, x = _grid(height, width)
    atoms, settings = [], []
    for frequency in torch.logspace(math.log10(lowest), math.log10(HIGHEST), steps).tolist():
        for number in range(ORIENTATIONS):
            angle = math.pi * number / ORIENTATIONS  # 0: the stripes lie flat, the wave runs upwards
            along = y * math.cos(angle) + x * math.sin(angle)
            for cycles in CYCLES:
                for cy, cx in _centres(height, width):
                    envelope = torch.exp(-((y - cy).square() + (x - cx).square()) / (2 * (cycles / frequency) ** 2))
                    phase = 2 * math.pi * frequency * (along - cy * math.cos(angle) - cx * math.sin(angle))
                    atoms.append(torch.stack([envelope * phase.cos(), envelope * phase.sin()]))
                    settings.append((math.degrees(angle), frequency))
    return _orthonormal(torch.stack(atoms)), torch.tensor(settings)


@lru_cache(maxsize=32)
def blobs(height: int, width: int) -> Tensor:
    """Round blobs: a Gaussian and one twice as wide, so that their difference, a centre and its surround, is in."""
    y, x = _grid(height, width)
    atoms = []
    for sigma in torch.logspace(math.log10(0.5), math.log10(min(height, width) / 2), 8).tolist():
        for cy, cx in _centres(height, width):
            distance = (y - cy).square() + (x - cx).square()
            atoms.append(torch.stack([torch.exp(-distance / (2 * (s * sigma) ** 2)) for s in (1, 2)]))
    return _orthonormal(torch.stack(atoms))


def _grid(height: int, width: int) -> tuple[Tensor, Tensor]:
    y = torch.arange(height, dtype=torch.float64) - (height - 1) / 2
    x = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    return y[:, None].expand(height, width).flatten(), x[None].expand(height, width).flatten()


def _centres(height: int, width: int) -> list[tuple[float, float]]:
    return [(one * height, other * width) for one in OFFSETS for other in OFFSETS]


def _orthonormal(pairs: Tensor) -> Tensor:
    """Pairs `(D, 2, h·w)`, each of mean 0, length 1 and at right angles; what is nothing or a copy becomes 0."""
    pairs = pairs - pairs.mean(2, keepdim=True)
    lengths = pairs.norm(dim=2)
    first = _unit(pairs[:, 0], 1e-6 * torch.ones_like(lengths[:, 0]))
    second = pairs[:, 1] - (pairs[:, 1] * first).sum(1, keepdim=True) * first
    return torch.stack([first, _unit(second, 1e-3 * lengths[:, 1] + 1e-9)], 1).float()


def _unit(vectors: Tensor, least: Tensor) -> Tensor:
    length = vectors.norm(dim=1)
    return torch.where(length > least, 1 / length.clamp_min(1e-30), 0.0)[:, None] * vectors
