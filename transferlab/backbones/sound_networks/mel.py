"""Frequencies as the ear spaces them: mel filters, and the log-mel spectrogram that Whisper reads.

Below 1,000 Hz mels go with hertz, above with their logarithm (Slaney, "Auditory Toolbox", 1998, as in librosa and
transformers). Left out: the other mel scale (HTK's), and the cepstrum.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEP = 200 / 3  # Hz a mel, below 1,000 Hz
BREAK = 1000.0  # Hz
GROWTH = math.log(6.4) / 27  # of the logarithm a mel, above


def to_mel(hertz: Tensor) -> Tensor:
    """Mels of frequencies in Hz.

    >>> to_mel(torch.tensor([0.0, 1000.0, 6400.0]))
    tensor([ 0., 15., 42.])
    """
    above = BREAK / STEP + (hertz.clamp_min(BREAK) / BREAK).log() / GROWTH
    return torch.where(hertz < BREAK, hertz / STEP, above)


def to_hertz(mel: Tensor) -> Tensor:
    """Frequencies in Hz of mels.

    >>> to_hertz(torch.tensor([15.0, 42.0]))
    tensor([1000., 6400.])
    """
    above = BREAK * (GROWTH * (mel - BREAK / STEP)).exp()
    return torch.where(mel < BREAK / STEP, mel * STEP, above)


def mel_edges(num_mels: int, low: float, high: float) -> Tensor:
    """Where the filters begin, peak and end, in Hz: `(num_mels + 2,)`; filter i peaks at the entry i + 1.

    >>> mel_edges(64, 0, 8000)[[0, -1]]
    tensor([   0., 8000.])
    """
    ends = to_mel(torch.tensor([low, high], dtype=torch.float64))
    return to_hertz(torch.linspace(ends[0].item(), ends[1].item(), num_mels + 2, dtype=torch.float64))


def mel_filters(fft: int, num_mels: int, rate: int, low: float = 0.0, high: float = 8000.0) -> Tensor:
    """Triangles of equal area over the frequencies of a Fourier transform: `(num_mels, fft // 2 + 1)`.

    >>> mel_filters(400, 80, 16_000).shape
    torch.Size([80, 201])
    """
    edges = mel_edges(num_mels, low, high)
    hertz = torch.linspace(0, rate / 2, fft // 2 + 1, dtype=torch.float64)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return (torch.minimum(rising, falling).clamp_min(0) * area[:, None]).float()


def power_spectrum(samples: Tensor, fft: int, hop: int) -> Tensor:
    """Power of samples `(B, T)` at each frequency and moment, under Hann windows: `(B, fft // 2 + 1, 1 + T // hop)`.

    >>> power_spectrum(torch.randn(2, 16_000), 400, 160).shape
    torch.Size([2, 201, 101])
    """
    window = torch.hann_window(fft, device=samples.device)
    padded = F.pad(
        samples[:, None], (fft // 2, fft // 2), mode="reflect" if samples.shape[1] > fft // 2 else "constant"
    )
    return torch.stft(padded[:, 0], fft, hop, window=window, center=False, return_complex=True).abs().square()


class LogMel(nn.Module):
    """Samples `(B, T)` as Whisper reads them: `(B, num_mels, count // hop)` of about -1…1, cut or filled up to `count`.

        >>> LogMel(count=480_000)(torch.randn(2, 16_000)).shape
        torch.Size([2, 80, 3000])

    Eighty decibels below a sound's loudest place count as silence. Source: Radford et al., "Robust Speech Recognition
    via Large-Scale Weak Supervision" (2022). Nothing in it is learned.
    """

    filters: Tensor

    def __init__(self, count: int, num_mels: int = 80, fft: int = 400, hop: int = 160, rate: int = 16_000) -> None:
        super().__init__()
        self.count, self.fft, self.hop = count, fft, hop
        self.register_buffer("filters", mel_filters(fft, num_mels, rate), persistent=False)  # (num_mels, fft // 2 + 1)

    def forward(self, samples: Tensor) -> Tensor:
        samples = F.pad(samples.float(), (0, self.count - samples.shape[1]))  # a negative number cuts
        power = power_spectrum(samples, self.fft, self.hop)[..., :-1]  # (B, fft // 2 + 1, frames)
        logarithm = (self.filters @ power).clamp_min(1e-10).log10()  # (B, num_mels, frames)
        loudest = logarithm.amax((1, 2), keepdim=True)
        return (torch.maximum(logarithm, loudest - 8) + 4) / 4
