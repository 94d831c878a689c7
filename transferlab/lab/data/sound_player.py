"""One sound for a panel: the file that a browser plays, its spectrogram, and the facts to write beside them.

    sounds, row = find_sound(choice.sounds(), "train", 3)
    facts, (wav, png) = playable(sounds, row)

Left out: the wave, which the page draws from the file.
"""

from typing import Any

from transferlab.data.labelled import Splits
from transferlab.data.sounds import SoundSet
from transferlab.errors import unknown
from transferlab.lab.looks.pictures import png
from transferlab.sound.pictures import colour_table
from transferlab.sound.seeing import ROWS, see
from transferlab.sound.wav import wav_bytes

Key = int | str  # a position, or a file's name, as in `edits.py`
MOST_SECONDS = 20.0  # 0.6 MB for each sound that is listened to


def find_sound(sounds: Splits | None, part: str, key: Key) -> tuple[SoundSet, int]:
    """The sounds of a part, and the row that edits call `key`.

        >>> find_sound(choice.sounds(), "train", 3)

    Raises:
        ValueError: no such sound, or nothing to be heard.
    """
    if sounds is None:
        raise ValueError("There is nothing to be heard of these.")
    if part not in ("train", "held_out"):
        raise unknown("part", part, ("train", "held_out"))
    there: SoundSet = getattr(sounds, part)
    row = there.files.index(key) if key in there.files else key
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < len(there):
        raise ValueError(f"There is no sound {key!r:.80} among these.")
    return there, row


def playable(sounds: SoundSet, row: int) -> tuple[dict[str, Any], list[bytes]]:
    """Facts in JSON's types, then the WAV file and the spectrogram as PNG.

        >>> playable(data.train, 3)[0]["seconds"]
        1.0

    Ticks are frequencies in Hz with their height, 0 at the lower edge and 1 at the upper.

    Raises:
        ValueError: no such sound, or one that is too long to be sent to a page.
    """
    if sounds.seconds > MOST_SECONDS:
        raise ValueError(
            f"A player holds up to {MOST_SECONDS:g} s, and these sounds have {sounds.seconds:.4g} s. Read shorter ones."
        )
    one = sounds.subset([row])
    label = one.class_names[int(one.labels[0])]
    seen = see(one, name=label)
    shades = (seen.shades * 255).round().long()
    picture = colour_table("magma")[shades].permute(2, 0, 1)  # (3, ROWS, ROWS)
    facts = {
        "seconds": seen.seconds,
        "rate": one.rate,
        "ticks": [[hertz, height / ROWS] for hertz, height in seen.ticks],
        "label": label,
        "words": seen.words,
        "file": one.files[0] if one.files else "",
    }
    return facts, [wav_bytes(one), png(picture)]
