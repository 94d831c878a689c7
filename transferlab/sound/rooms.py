"""The same sound in a room: what the walls send back, later and weaker.

A room is taken as noise that fades by 60 dB in its reverberation time (Moorer, "About This Reverberation Business",
1979). Left out: the first few echoes, which tell where the walls are.
"""

import torch
from torch import Generator, Tensor

LONGEST = 1.2  # seconds until the sound is 60 dB down, in the largest room: a church is longer, a classroom half of it
DRY = 0.01  # seconds before the first echo


def in_room(sound: Tensor, size: float, rate: int, generator: Generator) -> Tensor:
    """Sounds `(N, T)` in a room of `size`, 0 (outdoors) to 1: as loud from the walls as directly, at 1.

    >>> in_room(sound, 0.5, 16_000, torch.Generator().manual_seed(0)).shape == sound.shape
    True
    """
    if size == 0:
        return sound
    count = sound.shape[1]
    length = min(count, round(size * LONGEST * rate))
    time = torch.arange(length) / rate
    walls = torch.randn(len(sound), length, generator=generator) * 10 ** (-3 * time / (size * LONGEST))  # −60 dB
    walls[:, : round(DRY * rate)] = 0
    walls = walls / walls.square().sum(1, keepdim=True).sqrt().clamp_min(1e-9)
    padded = 2 * count  # so that the end does not come round to the beginning
    sent_back = torch.fft.irfft(torch.fft.rfft(sound, padded) * torch.fft.rfft(walls, padded), padded)[:, :count]
    return sound + size * sent_back
