"""How edge-like noise is by chance: what a kernel has to surpass before anyone speaks of edges.

    limits_of(kernels)      # (K,): one noise kernel in twenty, as smooth and as grey as this one, is more edge-like

Smooth noise in a small window looks like an edge, and grey noise is easier to fit in one colour than coloured noise. A
network that had learned nothing but to be smooth and grey would pass a test against plain noise, so the noise
is drawn in all smoothnesses and greynesses, and a kernel is held against its like. Of such noise 0 to 10 %
pass (3000 kernels each of 3×3, 5×5 and 7×7, grey and coloured): most where it is blurred by half a kernel.
Left out: noise that is smoother along one direction than along another, for that is an edge.
"""

import math
from functools import lru_cache

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from transferlab.explain.gabors import gabors

BLURS = 12  # of the noise, from none to half a kernel
NOISE_KERNELS = 250  # of each blur
BINS = 8  # of smoothness; the 95 % point of 375 kernels is known to about ± 1 % in rank
GREYNESSES = (0.35, 0.5, 0.7, 0.85, 1.0)  # the share of the noise's energy that lies in its first colour
SURPASSED = 0.95  # of the noise, by an edge-like kernel: the usual one in twenty by chance


def smooth_noise(count: int, height: int, width: int, blur: float, seed: int = 0) -> Tensor:
    """Gaussian noise `(count, height, width)`, blurred by a Gaussian of `blur` pixels, each of mean 0 and length 1.

    >>> smooth_noise(100, 7, 7, blur=1.0).shape
    torch.Size([100, 7, 7])
    """
    margin = math.ceil(3 * blur)
    noise = torch.randn(count, 1, height + 2 * margin, width + 2 * margin, generator=Generator().manual_seed(seed))
    bell = torch.exp(-torch.arange(-margin, margin + 1).square() / (2 * max(blur, 1e-3) ** 2))
    noise = F.conv2d(F.conv2d(noise, bell[None, None, :, None]), bell[None, None, None])[:, 0]  # (count, h, w)
    noise = noise - noise.mean((1, 2), keepdim=True)
    return noise / noise.flatten(1).norm(dim=1)[:, None, None]


def smoothness(patterns: Tensor) -> Tensor:
    """How alike neighbouring weights are, `(K,)`: the correlation of patterns `(K, h, w)` with themselves a pixel on.

    >>> smoothness(smooth_noise(1000, 7, 7, blur=0)).median()     # a little below 0, since the mean was taken off
    """
    right = (patterns[:, :, 1:] * patterns[:, :, :-1]).mean((1, 2))
    down = (patterns[:, 1:] * patterns[:, :-1]).mean((1, 2))
    return (right + down) / 2 / patterns.square().mean((1, 2)).clamp_min(1e-30)


@lru_cache(maxsize=16)
def noise_limits(height: int, width: int) -> tuple[Tensor, Tensor]:
    """What 95 % of noise stays below in edge-likeness: smoothnesses `(S,)`, and limits `(S, G)` by `GREYNESSES`.

        >>> smooth, limits = noise_limits(7, 7)
        >>> limits[0, 0], limits[-1, -1]      # coloured noise as it comes, and grey noise that is very smooth

    Noise of all blurs is sorted by how smooth it came out, and each of `BINS` parts of it has its own limit.
    """
    atoms = gabors(height, width)[0]
    widest = min(height, width) / 2
    blurs = [0.0, *torch.logspace(math.log10(0.4), math.log10(widest), BLURS - 1).tolist()]
    smooth, shares = [], []
    for seed, blur in enumerate(blurs):
        for part in smooth_noise(3 * NOISE_KERNELS, height, width, blur, seed).view(NOISE_KERNELS, 3, -1).split(125):
            patterns = torch.linalg.qr(part.mT)[0]  # (K, h·w, 3), at right angles, so that colours mean what they say
            smooth.append(smoothness(patterns[:, :, 0].reshape(-1, height, width)))
            answers = torch.einsum("kpc,dqp->qkdc", patterns, atoms)  # (2, K, D, 3)
            # As in `largest_energy`, for all greynesses at once; the second colour has somewhat more than the third,
            # as in plain noise.
            colours = torch.tensor([[grey, 0.6 * (1 - grey), 0.4 * (1 - grey)] for grey in GREYNESSES]).T  # (3, G)
            one, other, both = answers[0].square() @ colours, answers[1].square() @ colours, answers.prod(0) @ colours
            top = (one + other) / 2 + (((one - other) / 2).square() + both.square()).sqrt()  # (K, D, G)
            shares.append(top.amax(1))
    order = torch.cat(smooth).argsort(stable=True)
    bins = torch.cat(smooth)[order].chunk(BINS), torch.cat(shares)[order].chunk(BINS)
    return torch.stack([one.median() for one in bins[0]]), torch.stack([one.quantile(SURPASSED, 0) for one in bins[1]])


def limits_of(kernels: Tensor) -> Tensor:
    """The limit of each kernel `(K,)` of `(K, 3, h, w)`, by its own smoothness and greyness, between those drawn.

    >>> limits_of(torch.randn(100, 3, 7, 7)).median()
    """
    count, _, height, width = kernels.shape
    smooth, limits = noise_limits(height, width)
    centred = (kernels - kernels.mean((2, 3), keepdim=True)).flatten(2)  # (K, 3, h·w)
    _, s, vh = torch.linalg.svd(centred, full_matrices=False)
    grey = s[:, 0].square() / s.square().sum(1).clamp_min(1e-30)
    own = smoothness(vh[:, 0].view(count, height, width))
    i, down = _between(smooth, own)
    j, along = _between(torch.tensor(GREYNESSES), grey)
    above = limits[i, j] * (1 - along) + limits[i, j + 1] * along
    below = limits[i + 1, j] * (1 - along) + limits[i + 1, j + 1] * along
    return above * (1 - down) + below * down


def _between(known: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Behind which of the ascending `known` each value lies, and how far on the way to the next, within 0…1."""
    i = (torch.searchsorted(known.contiguous(), values.contiguous()) - 1).clamp(0, len(known) - 2)
    return i, ((values - known[i]) / (known[i + 1] - known[i]).clamp_min(1e-6)).clamp(0, 1)
