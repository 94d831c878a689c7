"""Vowels by source and filter: whatever sounds, heard through the resonances of a mouth.

A mouth lets some frequencies through more than others, its formants; where they lie is what makes an a an a, whatever
the pitch. Sources: Fant, "Acoustic Theory of Speech Production" (1960); the formants are the means of 33 men in
Peterson & Barney, "Control Methods Used in a Study of the Vowels" (1952). Left out: consonants, and how one sound
glides into the next.
"""

import torch
from torch import Tensor

FORMANTS = {  # Hz: the vowels of father, bed, see, law and boot
    "a": (730.0, 1090.0, 2440.0),
    "e": (530.0, 1840.0, 2480.0),
    "i": (270.0, 2290.0, 3010.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
}
VOWELS = tuple(FORMANTS)
BANDWIDTHS = (60.0, 90.0, 150.0)  # Hz, as in Klatt (1980)


def through_mouth(sound: Tensor, vowel: Tensor, rate: int, scale: Tensor) -> Tensor:
    """Sounds `(N, T)` through the formants of vowels `(N,)`, places in VOWELS; `scale` `(N,)` moves all formants.

        >>> through_mouth(sound, torch.tensor([0]), 16_000, scale=torch.ones(1)).shape == sound.shape
        True

    A shorter mouth, as a child's, has formants about 1.3 times as high.
    """
    count = sound.shape[1]
    length = count + rate // 10  # the filter rings on: it must not come round to the beginning
    spectrum = torch.fft.rfft(sound, length) * response(vowel, torch.fft.rfftfreq(length, 1 / rate), scale)
    return torch.fft.irfft(spectrum, length)[:, :count]


def response(vowel: Tensor, hertz: Tensor, scale: Tensor) -> Tensor:
    """What a mouth lets through at frequencies `(F,)`: complex `(N, F)`, resonators one after another, 1 at 0 Hz.

    >>> response(torch.tensor([0]), torch.tensor([0.0]), torch.ones(1)).abs()
    tensor([[1.]])
    """
    centres = torch.tensor([FORMANTS[name] for name in VOWELS])[vowel] * scale[:, None]  # (N, 3)
    passed = torch.ones(len(vowel), len(hertz), dtype=torch.complex64)
    for centre, width in zip(centres.T, BANDWIDTHS, strict=True):  # (N,), float
        square = centre.square()[:, None]
        passed = passed * square / (square - hertz.square() + 1j * hertz * width)
    return passed
