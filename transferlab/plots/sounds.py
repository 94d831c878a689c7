"""Sounds to look at: the wave over time, and the spectrogram below it, as the picture backbone gets to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from transferlab.data.sounds import SoundSet
from transferlab.errors import unknown
from transferlab.plots.style import COLOURS, describe
from transferlab.sound.pictures import COLOURS as MAPS
from transferlab.sound.seeing import ROWS, see

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    seen = see(one, name=name)
    picture.imshow(
        seen.shades.numpy(), cmap="magma" if colours == "magma" else "gray", vmin=0, vmax=1, aspect="auto",
        extent=(0, one.seconds, 0, ROWS), interpolation="nearest",
    )  # fmt: skip
    picture.set(xlabel="seconds", ylabel="frequency, Hz")
    picture.set_yticks([row for _, row in seen.ticks], [f"{hertz:,}" for hertz, _ in seen.ticks])
    if name:
        wave.set_title(name, fontsize=10, loc="left")
    describe(figure, seen.words)
    return figure
