"""Samples of one rate as samples of another, without the false tones that leaving samples out would make.

A tone above half the new rate would come back as a lower one (aliasing), so it is filtered out first. The filter is the
one of scipy's `resample_poly`: a sinc, cut at half the smaller rate, under a Kaiser window (beta 5), ten zero crossings
to each side. Each result is one weighted sum over its neighbours in time; the weights repeat after `up` results.
Source: Crochiere & Rabiner, "Multirate Digital Signal Processing" (1983). Left out: streams.
"""

from functools import lru_cache
from math import gcd

import torch
from torch import Tensor
from torch.nn import functional as F

CROSSINGS = 10  # of zero, to each side, as in scipy
BETA = 5.0  # of the Kaiser window, as in scipy
AT_ONCE = 65_536  # results: with the 57 weights of 44.1 kHz to 16 kHz that is 15 MB


def resample(samples: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Samples `(T,)` of any rate as samples of `to_rate`: `(ceil(T · to_rate / from_rate),)`, floats.

        >>> resample(torch.randn(44_100), 44_100, 16_000).shape
        torch.Size([16000])

    Before the beginning and after the end there is silence. Equal to `scipy.signal.resample_poly` but for rounding.
    """
    factor = gcd(from_rate, to_rate)
    up, down = to_rate // factor, from_rate // factor
    if up == down:
        return samples.float()
    count = -(-len(samples) * up // down)
    weights = _weights(up, down)  # (min(up, …), taps)
    reach = weights.shape[1] // 2
    padded = F.pad(samples.float(), (reach, reach + 1))
    offsets = torch.arange(weights.shape[1])
    parts = []
    for start in range(0, count, AT_ONCE):
        results = torch.arange(start, min(start + AT_ONCE, count))
        first = results * down // up  # the last sample before each result, minus `reach` plus the padding
        parts.append((padded[first[:, None] + offsets] * weights[results % up]).sum(1))
    return torch.cat(parts)


def needed(count: int, from_rate: int, to_rate: int) -> int:
    """How many samples of `from_rate` the first `count` of `to_rate` depend on.

    >>> needed(16_000, 44_100, 16_000)
    44128
    """
    factor = gcd(from_rate, to_rate)
    up, down = to_rate // factor, from_rate // factor
    return -(-count * down // up) + CROSSINGS * max(up, down) // up + 1


@lru_cache(maxsize=4)
def _weights(up: int, down: int) -> Tensor:
    """Of the samples around each of the `up` places that a result can have between two samples: `(up, taps)`."""
    width = max(up, down)
    half = CROSSINGS * width  # in steps of 1 / (up · from_rate) seconds

    def response(step: Tensor) -> Tensor:  # of the filter, at whole steps from its middle
        inside = (1 - (step / half).square()).clamp_min(0).sqrt()
        window = torch.special.i0(BETA * inside) / torch.special.i0(torch.tensor(BETA, dtype=torch.float64))
        return torch.where(step.abs() <= half, torch.sinc(step / width) * window, 0.0)

    total = response(torch.arange(-half, half + 1, dtype=torch.float64)).sum()
    reach = half // up + 1
    taps = torch.arange(-reach, reach + 2, dtype=torch.int64)[:-1]  # an odd number of samples
    place = torch.arange(up, dtype=torch.int64) * down % up  # of result i, in steps behind the sample before it
    steps = place[:, None] - taps * up
    return (response(steps.double()) * up / total).float()
