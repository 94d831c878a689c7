"""Sounds that can be made again: the sound world with its knobs, and a folder of recordings.

    choice = SoundWorldData("vowel", per_class=20, snr=5.0)
    data = choice.make()
    print(choice.code())

They are choices like those of `data_choice.py`. A backbone for pictures sees spectrograms of so many `pixels` a side;
with `pixels=None` they stay sounds, for a network that hears. Left out: uploads, see `uploads.py`.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from transferlab.data.images import Splits
from transferlab.data.listing import list_classes
from transferlab.data.sounds import SoundSet
from transferlab.lab.data.choice_code import budget, budget_code, check_types, folder_stamp, quoted, turned
from transferlab.sound.decoding import EXTENSIONS
from transferlab.sound.folder import sound_folder
from transferlab.sound.pictures import spectrograms
from transferlab.sound.world import TASKS, target

QUESTIONS = tuple(TASKS)
PIXELS = 64  # what the bundled backbone was pretrained on
HELD_OUT = 0.2  # of a folder
SOUNDS: dict[str, Any] = {
    "extensions": EXTENSIONS,
    "noun": "sound",
    "links_out": False,
}  # what `list_classes` is asked for


@dataclass(frozen=True)
class SoundWorldData:
    """A question put to the sound world, and its knobs; see `sound.world.target`.

    >>> SoundWorldData("vowel", per_class=10, room=0.5).make().train
    """

    task: str = "timbre"
    per_class: int = 20
    snr: float | None = 30.0
    room: float = 0.0
    detune: float = 0.0
    seed: int = 0
    pixels: int | None = PIXELS

    def __post_init__(self) -> None:
        check_types(self)

    def sounds(self) -> Splits:
        """The sounds themselves, in the order of what `make` gives."""
        return _made(replace(self, pixels=None))

    def make(self) -> Splits:
        return _seen(self.sounds(), self.pixels)

    def code(self) -> str:
        more = turned(self, "snr", "room", "detune", "seed")
        call = f"data = world.target({quoted(self.task)}, per_class={self.per_class}{more})"
        return _code("world", call, self.pixels)


@dataclass(frozen=True)
class SoundFolderData:
    """A folder of WAV and FLAC files; `per_class` of each class to train on, None for all. See `sound_folder`.

        >>> SoundFolderData("bells", seconds=2.0).fresh().make().train

    `stamp` says in which state the folder was: two choices of a folder that has changed in between are not equal.
    """

    path: str
    per_class: int | None = None
    seconds: float = 1.0
    seed: int = 0
    pixels: int | None = PIXELS
    stamp: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        check_types(self)

    def sounds(self) -> Splits:
        """The sounds themselves, in the order of what `make` gives."""
        plain = replace(self, pixels=None)
        return _made(plain) if self.stamp else _read(plain)

    def make(self) -> Splits:
        return _seen(self.sounds(), self.pixels)

    def code(self) -> str:
        more = turned(self, "seconds")
        call = f"data = sound_folder({quoted(self.path)}{more}).split({HELD_OUT}, seed={self.seed})"
        return _code("sound_folder", call + budget_code(self.per_class, self.seed), self.pixels)

    def fresh(self) -> "SoundFolderData":
        """This choice with the stamp of the folder as it is now.

        >>> SoundFolderData("bells").fresh() == SoundFolderData("bells").fresh()
        True
        """
        return replace(self, stamp=folder_stamp(self.path, **SOUNDS))


def drawn(per_class: int, seed: int = 0, *, pixels: int | None = PIXELS, **knobs: Any) -> Splits:
    """What a choice with these knobs makes, at any budget: for a race, which asks for several.

    >>> functools.partial(drawn, task="vowel", room=0.5)(per_class=5, seed=1)
    """
    return SoundWorldData(**knobs, per_class=per_class, seed=seed, pixels=pixels).make()


def holds_sounds(path: str | Path) -> bool:
    """Whether a folder's classes hold sounds and no pictures.

    >>> holds_sounds("bells")
    True
    """
    root = Path(path).expanduser()
    if not root.is_dir() or list_classes(root).found:
        return False
    return bool(list_classes(root, **SOUNDS).found)


def sounds_of(choice: object, splits: Splits) -> Splits | None:
    """What the pictures of a choice sound like, row by row; None where they are no pictures of sounds.

    >>> sounds_of(choice, choice.make()).train
    """
    if isinstance(splits.train, SoundSet):
        return splits
    return choice.sounds() if isinstance(choice, SoundWorldData | SoundFolderData) else None


@lru_cache(maxsize=2)  # a second or two of work, which a picture and a player of one sound would both ask for
def _made(choice: SoundWorldData | SoundFolderData) -> Splits:
    if isinstance(choice, SoundFolderData):
        return _read(choice)
    knobs = {"snr": choice.snr, "room": choice.room, "detune": choice.detune}
    return target(choice.task, choice.per_class, seed=choice.seed, **knobs)  # type: ignore[arg-type]


def _read(choice: SoundFolderData) -> Splits:
    read = sound_folder(choice.path, choice.seconds, progress=False)
    return budget(read.split(HELD_OUT, choice.seed), choice.per_class, choice.seed)


def _seen(sounds: Splits, pixels: int | None) -> Splits:
    return sounds if pixels is None else spectrograms(sounds, pixels)


def _code(name: str, call: str, pixels: int | None) -> str:
    if pixels is None:
        return f"from transferlab.sound import {name}\n{call}"
    size = "" if pixels == PIXELS else f", {pixels}"
    names = ", ".join(sorted((name, "spectrograms")))
    return f"from transferlab.sound import {names}\n{call}\ndata = spectrograms(data{size})"
