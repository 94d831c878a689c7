"""Notes of four instruments: a series of partials, each with its own loudness, and an envelope over time.

    plucked: a string, its upper partials gone first        bowed: slow to begin, all partials, a vibrato
    blown:   mostly odd partials, and breath                struck: a bar, whose partials are no multiples

Sources: Fletcher & Rossing, "The Physics of Musical Instruments" (1998): strings in section 2.7, the free bar's ratios
in 2.15, stiff strings (what `stretch` does) in 2.18. Left out: how an instrument's body colours all its notes.
"""

import math

import torch
from torch import Generator, Tensor

INSTRUMENTS = ("plucked", "bowed", "blown", "struck")
BAR = (1.0, 2.756, 5.404, 8.933)  # the modes of a free bar, in multiples of the lowest
PARTIALS = 40
HIGHEST = 0.47  # of the rate: partials above it are left out, since they would come back as lower ones
VIBRATO = 0.008  # of the frequency: a seventh of a semitone to each side


def tone(
    frequency: Tensor, instrument: Tensor, count: int, rate: int, generator: Generator, stretch: float = 0.0
) -> Tensor:
    """Notes `(N, count)`, floats, of the given frequencies `(N,)` in Hz and instruments `(N,)`, places in INSTRUMENTS.

        >>> tone(torch.tensor([440.0]), torch.tensor([0]), 16_000, 16_000, torch.Generator().manual_seed(0)).shape
        torch.Size([1, 16000])

    `stretch` pushes the upper partials apart, as a string's stiffness does: 0.001 lifts the tenth by half a semitone's
    worth, 5 %.
    """
    number = len(frequency)
    time = torch.arange(count) / rate  # (T,) seconds

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(number, *(shape or (1,)), generator=generator) * (high - low) + low

    plucked, bowed, blown, struck = (instrument == i for i in range(len(INSTRUMENTS)))
    begin, sustained = uniform(0.01, 0.12), (bowed | blown)[:, None]
    since = (time - begin).clamp_min(0)  # (N, T) seconds since the note began
    swing = (math.tau * uniform(4.5, 6) * time + uniform(0, math.tau)).sin() * VIBRATO * bowed[:, None]
    cycles = (frequency[:, None] * (1 + swing)).double().cumsum(1) / rate  # (N, T)
    ratios, loudness, fading = _partials(instrument, uniform(0.12, 0.4), stretch)  # (N, K) each
    loudness = torch.where(ratios * frequency[:, None] < HIGHEST * rate, loudness, 0.0)
    phases = uniform(0, 1, PARTIALS)
    sound = torch.zeros(number, count)
    for k in range(PARTIALS):
        angle = (cycles * ratios[:, k, None] + phases[:, k, None]).frac().float() * math.tau
        sound += angle.sin() * loudness[:, k, None] * (-fading[:, k, None] * since).exp()
    attack = torch.where(plucked, 0.003, torch.where(struck, 0.001, torch.where(bowed, 0.12, 0.05)))[:, None]
    end = begin + uniform(0.55, 0.7) * count / rate
    envelope = (since / attack).clamp(0, 1)
    envelope = envelope * torch.where(sustained, ((end - time) / 0.08).clamp(0, 1), 1.0)
    breath = torch.randn(number, count, generator=generator) * 0.03 * blown[:, None]
    return (sound + breath) * envelope


def _partials(instrument: Tensor, pluck: Tensor, stretch: float) -> tuple[Tensor, Tensor, Tensor]:
    """Of each partial: its multiple of the frequency, its loudness and how fast it fades (a second), `(N, K)` each."""
    k = torch.arange(1, PARTIALS + 1).float()  # (K,)
    bar = torch.zeros(PARTIALS)
    bar[: len(BAR)] = torch.tensor(BAR)
    there = bar > 0
    harmonic = k * ((1 + stretch * k.square()) / (1 + stretch)).sqrt()
    ratios = torch.stack([harmonic, harmonic, harmonic, torch.where(there, bar ** (1 + 20 * stretch), 1.0)])
    loudness = torch.stack([
        1 / k,  # of the string where it is plucked in the middle of nowhere; where it is plucked comes below
        1 / k,
        torch.where(k % 2 == 1, 1.0, 0.25) / k**1.2,
        torch.where(there, 1 / k.sqrt(), 0.0),
    ])  # fmt: skip
    fading = torch.stack([2.5 + 0.6 * k, torch.zeros_like(k), torch.zeros_like(k), 3.0 * k])
    chosen = loudness[instrument]
    comb = (math.pi * k * pluck).sin()  # a string gives no partial that stands still where it is plucked
    return ratios[instrument], torch.where((instrument == 0)[:, None], chosen * comb, chosen), fading[instrument]
