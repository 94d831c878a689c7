"""Four noises to hide a sound in: white, pink, clicks as of rain, and the hum of the mains.

Each is of power 1. Left out: real recordings of streets and rooms.
"""

import math

import torch
from torch import Generator, Tensor

NOISES = ("white", "pink", "clicks", "hum")
MAINS = 50.0  # Hz
CLICKS = 60.0  # a second
MOST_PARTS = 12  # of the hum: up to 600 Hz


def noise(kind: Tensor, count: int, rate: int, generator: Generator) -> Tensor:
    """Noises `(N, count)`, floats of power 1, of the given kinds `(N,)`, places in NOISES.

    >>> noise(torch.tensor([0, 3]), 16_000, 16_000, torch.Generator().manual_seed(0)).square().mean(1)
    tensor([1.0000, 1.0000])
    """
    number = len(kind)
    white = torch.randn(number, count, generator=generator)
    hertz = torch.fft.rfftfreq(count, 1 / rate)
    pink = torch.fft.irfft(torch.fft.rfft(white) / hertz.clamp_min(hertz[1]).sqrt(), count)  # power falls as 1 / f
    drops = torch.rand(number, count, generator=generator) < CLICKS / rate
    ring = (-torch.arange(0.004 * rate) / (0.0006 * rate)).exp()  # each rings for a moment
    ring = ring * torch.randn(len(ring), generator=generator)
    clicks = torch.fft.irfft(
        torch.fft.rfft(drops * white, 2 * count) * torch.fft.rfft(ring, 2 * count), 2 * count
    )[:, :count]  # fmt: skip
    phases = torch.rand(number, MOST_PARTS, 1, generator=generator)
    hum = torch.zeros(number, count)
    for part in range(1, MOST_PARTS + 1):  # one by one: all at once would be the largest thing in memory
        turns = part * MAINS * torch.arange(count) / rate  # (T,)
        hum += ((turns + phases[:, part - 1]).frac() * math.tau).sin() / part
    every = torch.stack([white, pink, clicks, hum])  # (4, N, T)
    chosen = every[kind, torch.arange(number)]
    return chosen / chosen.square().mean(1, keepdim=True).sqrt().clamp_min(1e-9)
