"""What a notebook may give the lab as data, as a choice that can be made again and written as code."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.errors import did_you_mean
from transferlab.lab.data.data_choice import FolderData, WorldData
from transferlab.lab.data.sound_choice import QUESTIONS, SoundFolderData, SoundWorldData, holds_sounds
from transferlab.lab.settings import DataChoice


@dataclass(frozen=True, eq=False)
class GivenData:
    """Images, texts or sounds that somebody made in the notebook and gave to the lab."""

    splits: Splits

    def make(self) -> Splits:
        return self.splits

    def code(self) -> str:
        return f"# data: the {self.splits.train.noun}s that you gave to the lab"


def folder_choice(path: str, per_class: int | None = None, size: int = 64, seconds: float = 1.0, seed: int = 0) -> Any:
    """A folder of pictures, or of sounds where its classes hold sounds and no picture.

    >>> folder_choice("bells").code().splitlines()[0]
    'from transferlab.sound import sound_folder, spectrograms'
    """
    if holds_sounds(path):
        return SoundFolderData(path, per_class, seconds, seed, size)
    return FolderData(path, per_class, size, seed)


def choice_of(given: object, seed: int = 0) -> DataChoice:
    """A drawn target or a question to the sound world by its name, a folder by its path, Splits, or a choice as it is.

        >>> choice_of("objects").code()
        'data = tl.worlds.target("objects", per_class=20)'

    Raises:
        ValueError: none of these.
    """
    if isinstance(given, Splits):
        return GivenData(given)
    if isinstance(given, str | Path):
        if str(given) in worlds.TARGETS:
            return WorldData(str(given), seed=seed)
        if str(given) in QUESTIONS:
            return SoundWorldData(str(given), seed=seed)
        if Path(given).is_dir():
            return folder_choice(str(given), seed=seed)
        raise ValueError(
            f"No data '{given}': it is neither a folder nor a drawn target. The targets are: "
            f"{', '.join(worlds.TARGETS)}; of sounds: {', '.join(QUESTIONS)}."
            f"{did_you_mean(str(given), (*worlds.TARGETS, *QUESTIONS))}"
        )
    if callable(getattr(given, "make", None)) and callable(getattr(given, "code", None)):
        return given  # type: ignore[return-value]
    raise ValueError(
        f"The lab learns from images to train on and images held out; you gave {type(given).__name__}. Type "
        'Lab(data="objects"), Lab(data="my_images/"), or Lab(data=images.split(held_out=0.2)).'
    )
