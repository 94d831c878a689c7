"""What there is to see in one sound: its spectrogram, where which frequency lies, and the same in words.

Figures and panels draw it each in their own way. Left out: drawing.
"""

from dataclasses import dataclass

from torch import Tensor

from transferlab.backbones.sound_networks.mel import mel_edges
from transferlab.data.sounds import SoundSet
from transferlab.sound.pictures import DECIBELS, LOW, MOST_MELS, loudness

ROWS = MOST_MELS
TICKS = (100, 500, 1_000, 2_000, 4_000)  # Hz, where the rate reaches so far


@dataclass(frozen=True, eq=False)
class Seen:
    """`shades` `(ROWS, ROWS)` within 0…1, low frequencies below; `ticks` are frequencies in Hz and how many rows above
    the lower edge they lie; `words` say what there is to see.
    """

    shades: Tensor
    seconds: float
    ticks: tuple[tuple[int, float], ...]
    words: str


def see(sounds: SoundSet, index: int = 0, name: str = "") -> Seen:
    """One sound to look at; `name` is what the words call it.

        >>> see(data.train, 3).ticks
        ((100, 3.5), (500, 20.5), …)

    Raises ValueError for a position outside the set.
    """
    one = sounds.subset([index])
    shades = loudness(one.samples, one.rate, ROWS)[0]  # (ROWS, ROWS)
    centres = mel_edges(ROWS, LOW, one.rate / 2)[1:-1]
    ticks = tuple((hertz, int((centres - hertz).abs().argmin()) + 0.5) for hertz in TICKS if hertz < one.rate / 2)
    return Seen(shades, one.seconds, ticks, _in_words(shades, centres, one.seconds, name))


def _in_words(shown: Tensor, centres: Tensor, seconds: float, name: str) -> str:
    """What there is to see: where it is loudest, when it begins and how far up it reaches."""
    what = f"Wave and spectrogram of a sound of {seconds:.3g} s" + (f": {name}." if name else ".")
    if not shown.any():
        return f"{what} It is silent."
    row, column = divmod(int(shown.argmax()), shown.shape[1])
    bright = (shown > 0.5).nonzero()
    begins = int(bright[:, 1].min()) / shown.shape[1] * seconds
    highest = float(centres[len(centres) - 1 - int(bright[:, 0].min())])
    loudest = float(centres[len(centres) - 1 - row])
    return (
        f"{what} It is loudest near {_rounded(loudest)} Hz, {column / shown.shape[1] * seconds:.2f} s after its "
        f"beginning; what lies within {DECIBELS / 2:.0f} dB of that begins at {begins:.2f} s and reaches "
        f"up to {_rounded(highest)} Hz."
    )


def _rounded(hertz: float) -> str:
    return f"{round(hertz, -1 if hertz < 1_000 else -2):,.0f}"
