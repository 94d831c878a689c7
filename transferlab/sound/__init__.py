"""Sound: a world of sounds, folders of recordings, networks that hear, and sounds as pictures.

    from transferlab.sound import load_sound_network, sound_folder, spectrograms, world

    sounds = world.target("timbre", per_class=20)
    pictures = spectrograms(sounds)

Names load when they are first used: networks need transformers, which comes with `pip install "transferlab[audio]"`.
"""

from importlib import import_module
from typing import Any

_WHERE = {
    "SoundReport": "report",
    "SoundSet": "sounds",
    "decode_sound": "decoding",
    "load_sound_network": "networks",
    "resample": "resampling",
    "sound_folder": "folder",
    "spectrograms": "pictures",
}

__all__ = [*_WHERE, "world"]


def __getattr__(name: str) -> Any:
    if name == "world":
        return import_module("transferlab.sound.world")
    if name == "SoundSet":
        return import_module("transferlab.data.sounds").SoundSet
    if name in _WHERE:
        return getattr(import_module(f"transferlab.sound.{_WHERE[name]}"), name)
    from transferlab.errors import did_you_mean

    raise AttributeError(f"transferlab.sound has no '{name}'.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
