"""Sounds to hear: a player with the wave and the spectrogram beside it, in the page itself.

Plain HTML with the sound inside it, as 16-bit WAV: no widget and no kernel is needed, so that it plays in a saved
notebook and under Voila too. Left out: several sounds at once.
"""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass

from transferlab.data.sounds import SoundSet
from transferlab.plots.sounds import sound_figure
from transferlab.plots.style import alternative_text
from transferlab.sound.wav import wav_bytes

MOST_SECONDS = 20.0  # a player: 0.9 MB of the notebook
STYLE = "margin:.4em 0;max-width:36em"


@dataclass(frozen=True)
class Hearing:
    """What `hear` shows: in a notebook a player and a figure, as plain text what the figure says.

    `page` is the HTML, `words` the description.
    """

    page: str
    words: str

    def _repr_html_(self) -> str:
        return self.page

    def __repr__(self) -> str:
        return self.words


def hear(sounds: SoundSet, index: int = 0, *, title: str | None = None) -> Hearing:
    """A player for one sound, with its wave and spectrogram; the last line of a cell shows it.

        >>> hear(data.train, 3)
        >>> hear(data.train, 3, title="")     # without the name of its class, to guess it

    Nothing plays by itself. Raises ValueError for a position outside the set and for sounds longer than 20 s.
    """
    if sounds.seconds > MOST_SECONDS:
        raise ValueError(
            f"A player holds up to {MOST_SECONDS:g} s, and these sounds have {sounds.seconds:.4g} s. Read shorter ones."
        )
    one = sounds.subset([index])
    name = one.class_names[int(one.labels[0])] if title is None else title
    figure = sound_figure(one, title=name)
    figure.axes[0].set_title("", loc="left")  # the caption says it
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    words = alternative_text(figure)
    label = f"Play sound {index}" + (f", {name}" if name else "")
    page = (
        f'<figure style="{STYLE}"><figcaption>{html.escape(label)}</figcaption>'
        f'<audio controls preload="metadata" aria-label="{html.escape(label)}" style="width:100%" '
        f'src="{_inside("audio/wav", wav_bytes(one))}"></audio>'
        f'<img style="width:100%" alt="{html.escape(words)}" src="{_inside("image/png", picture.getvalue())}"></figure>'
    )
    return Hearing(page, words)


def _inside(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
