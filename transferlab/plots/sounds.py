"""Sounds to look at: the wave over time, and the spectrogram below it, as the picture backbone gets to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from transferlab.backbones.sound_networks.mel import mel_edges
from transferlab.data.sounds import SoundSet
from transferlab.errors import unknown
from transferlab.plots.style import COLOURS, describe
from transferlab.sound.pictures import COLOURS as MAPS
from transferlab.sound.pictures import DECIBELS, LOW, MOST_MELS, loudness

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = MOST_MELS
TICKS = (100, 500, 1_000, 2_000, 4_000)  # Hz, where the rate reaches so far


def sound_figure(sounds: SoundSet, index: int = 0, *, title: str | None = None, colours: str = "magma") -> Figure:
    """One sound as a wave and as a spectrogram, on a figure with alternative text.

        >>> sound_figure(data.train, 3).savefig("sound.png")

    The title is the name of its class where none is given; an empty one leaves it out, so that the class can be
    guessed. Raises ValueError for a position outside the set or an unknown colour map.
    """
    from matplotlib.figure import Figure

    if colours not in MAPS:
        raise unknown("colour map", colours, MAPS)
    one = sounds.subset([index])
    name = one.class_names[int(one.labels[0])] if title is None else title
    samples = one.samples[0].float() / 32_768  # (T,)
    figure = Figure(figsize=(5.2, 3.4), dpi=110, layout="constrained")
    wave, picture = figure.subplots(2, sharex=True, height_ratios=(1, 2))
    seconds = torch.arange(len(samples)) / one.rate
    wave.plot(seconds.numpy(), samples.numpy(), color=COLOURS[0], linewidth=0.4, rasterized=True)
    top = max(float(samples.abs().max()), 1e-3) * 1.1
    wave.set(ylim=(-top, top), yticks=[], ylabel="pressure", xlim=(0, one.seconds))
    wave.spines[["top", "right"]].set_visible(False)
    shown = loudness(one.samples, one.rate, ROWS)[0]  # (ROWS, ROWS)
    picture.imshow(
        shown.numpy(), cmap="magma" if colours == "magma" else "gray", vmin=0, vmax=1, aspect="auto",
        extent=(0, one.seconds, 0, ROWS), interpolation="nearest",
    )  # fmt: skip
    centres = mel_edges(ROWS, LOW, one.rate / 2)[1:-1]
    ticks = [hertz for hertz in TICKS if hertz < one.rate / 2]
    places = [int((centres - hertz).abs().argmin()) + 0.5 for hertz in ticks]
    picture.set(xlabel="seconds", ylabel="frequency, Hz")
    picture.set_yticks(places, [f"{hertz:,}" for hertz in ticks])
    if name:
        wave.set_title(name, fontsize=10, loc="left")
    describe(figure, _in_words(shown, centres, one.seconds, name))
    return figure


def _in_words(shown: torch.Tensor, centres: torch.Tensor, seconds: float, name: str) -> str:
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
