"""Sounds as pictures: log-mel spectrograms, so that a network for photographs can be transferred to sound.

Time runs to the right, pitch upwards, and what is loud is bright. To the bundled backbone this is a domain far from any
it has seen, and that is the point. Left out: phases, which a spectrogram does not show.
"""

from typing import overload

import torch
from torch import Tensor
from torch.nn import functional as F

from transferlab.backbones.sound_networks.mel import mel_filters, power_spectrum
from transferlab.data.images import ImageSet
from transferlab.data.labelled import Splits
from transferlab.data.sounds import SoundSet
from transferlab.errors import unknown

FFT = 1024  # samples: 64 ms at 16,000 Hz, in which two notes a semitone apart can be told from 260 Hz on
MOST_MELS = 96  # narrower filters would lie between the frequencies of such a transform
LOW = 50.0  # Hz
DECIBELS = 60.0  # below a sound's loudest place all is black
COLOURS = ("magma", "grey")
AT_ONCE = 64


@overload
def spectrograms(sounds: SoundSet, size: int = 64, colours: str = "magma") -> ImageSet: ...
@overload
def spectrograms(sounds: Splits, size: int = 64, colours: str = "magma") -> Splits: ...
def spectrograms(sounds: SoundSet | Splits, size: int = 64, colours: str = "magma") -> ImageSet | Splits:
    """Each sound as a picture of its frequencies over time: uint8 `(N, 3, size, size)`, with the same labels.

        >>> pictures = spectrograms(world.target("timbre", per_class=20))
        >>> train(load("bundled", 4), pictures, "feature_extraction")

    Each picture depends on its own sound alone: brightness is relative to the sound's loudest place, so that how loud
    it was recorded does not show. "magma" rises evenly in lightness from black over purple to yellow; "grey" is the
    lightness alone. No augmentation is label-safe: mirrored it runs backwards, cropped it has another pitch.

    Raises:
        ValueError: no sounds, an unknown colour map, or a size outside 16…512.
    """
    if isinstance(sounds, Splits):
        return Splits(
            spectrograms(sounds.train, size, colours), spectrograms(sounds.held_out, size, colours), sounds.notes
        )
    if not isinstance(sounds, SoundSet):
        raise ValueError(f"spectrograms takes a SoundSet or Splits of sounds; you gave {type(sounds).__name__}.")
    if colours not in COLOURS:
        raise unknown("colour map", colours, COLOURS)
    if isinstance(size, bool) or not isinstance(size, int) or not 16 <= size <= 512:
        raise ValueError(f"size is a whole number of pixels from 16 to 512; you gave {size!r}.")
    table = colour_table(colours)  # (256, 3)
    images = torch.empty(len(sounds), 3, size, size, dtype=torch.uint8)
    for rows in torch.arange(len(sounds)).split(AT_ONCE):
        shades = (loudness(sounds.samples[rows], sounds.rate, size) * 255).round().long()  # (B, size, size)
        images[rows] = table[shades].permute(0, 3, 1, 2)
    return ImageSet(
        images, sounds.labels, sounds.class_names, name=f"{sounds.name} as spectrograms".strip(), files=sounds.files,
        report=sounds.report, label_safe=(),
    )  # fmt: skip


def loudness(samples: Tensor, rate: int, size: int) -> Tensor:
    """How loud each mel band is at each moment, 0 (80 dB below the loudest) to 1: `(N, size, size)`, low bands below.

        >>> loudness(sounds.samples[:1], 16_000, 64).max()
        tensor(1.)

    `samples` are int16 `(N, T)`. Silence is 0 throughout.
    """
    x = samples.float() / 32_768
    hop = max(1, x.shape[1] // size)
    power = power_spectrum(x, FFT, hop)  # (N, FFT // 2 + 1, 1 + T // hop)
    mels = mel_filters(FFT, min(size, MOST_MELS), rate, LOW, rate / 2) @ power
    decibels = 10 * mels.clamp_min(1e-10).log10()  # (N, mels, frames)
    loudest = decibels.amax((1, 2), keepdim=True)
    shown = ((decibels - loudest) / DECIBELS + 1).clamp(0, 1) * (loudest > -99)
    frames = shown[..., :size] if shown.shape[-1] > size else shown
    if frames.shape[-2:] != (size, size):
        frames = F.interpolate(frames[:, None], (size, size), mode="bilinear", align_corners=False)[:, 0]
    return frames.flip(1)


def colour_table(colours: str) -> Tensor:
    """The colour of each of 256 shades: uint8 `(256, 3)`.

    >>> colour_table("grey")[255]
    tensor([255, 255, 255], dtype=torch.uint8)
    """
    if colours == "grey":
        return torch.arange(256, dtype=torch.uint8)[:, None].expand(256, 3)
    import matplotlib

    shades = torch.tensor(matplotlib.colormaps[colours](range(256)))[:, :3]  # floats within 0…1
    return (shades * 255).round().to(torch.uint8)
