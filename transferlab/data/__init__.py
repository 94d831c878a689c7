"""What to learn from: drawn worlds, folders, torchvision's sets; images, texts, sounds. Names load when used."""

from importlib import import_module
from typing import Any

_WHERE = {
    "FolderReport": "folder_report",
    "ImageSet": "images",
    "LabelledSet": "labelled",
    "SoundSet": "sounds",
    "Splits": "labelled",
    "TextSet": "texts",
    "folder": "folder",
    "folder_splits": "folder",
    "resized_crop_and_flip": "augment",
    "torchvision_set": "torchvision_sets",
    "torchvision_splits": "torchvision_sets",
}

__all__ = [*_WHERE, "worlds"]


def __getattr__(name: str) -> Any:
    if name == "worlds":
        return import_module("transferlab.data.worlds")
    if name in _WHERE:
        return getattr(import_module(f"transferlab.data.{_WHERE[name]}"), name)
    from transferlab.errors import did_you_mean

    raise AttributeError(f"transferlab.data has no '{name}'.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
