"""What all choices of data share: a budget, a folder's stamp, types that are checked, and arguments written as code.

Left out: the choices themselves, see `data_choice.py` and `sound_choice.py`.
"""

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from transferlab.data.images import Splits
from transferlab.data.listing import list_classes, subfolders


def budget(splits: Splits, per_class: int | None, seed: int) -> Splits:
    """`per_class` examples of each class to train on, all where it is None.

    >>> budget(splits, 20, seed=0)
    """
    if per_class is None:
        return splits
    return Splits(splits.train.per_class(per_class, seed), splits.held_out, splits.notes)


def budget_code(per_class: int | None, seed: int) -> str:
    """The line of Python that takes the budget; nothing where there is none.

    >>> budget_code(None, 0)
    ''
    """
    if per_class is None:
        return ""
    return f"\ndata = tl.Splits(data.train.per_class({per_class}, {seed}), data.held_out, data.notes)"


def folder_stamp(path: str, **asked: Any) -> str:
    """In which state a folder of classes is: another after any of its files changed; empty where there is no folder.

        >>> folder_stamp("flowers") == folder_stamp("flowers")
        True

    `asked` is what `list_classes` is told of which files count.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        return ""
    digest = hashlib.blake2b(json.dumps(subfolders(root)).encode(), digest_size=16)
    for one in list_classes(root, **asked).found:
        digest.update(json.dumps([one.name, one.status.st_size, one.status.st_mtime_ns]).encode())
    return digest.hexdigest()


def turned(choice: Any, *names: str) -> str:
    """The arguments that are not at their defaults, as code.

    >>> turned(WorldData(seed=3), "task", "seed")
    ', seed=3'
    """
    defaults = {one.name: one.default for one in fields(choice)}
    changed = {name: getattr(choice, name) for name in names if getattr(choice, name) != defaults[name]}
    return "".join(
        f", {name}={quoted(value) if isinstance(value, str) else repr(value)}" for name, value in changed.items()
    )


def quoted(text: str) -> str:
    """A string as code, in double quotes where nothing in it needs an escape.

    >>> quoted("flowers")
    '"flowers"'
    """
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def check_types(choice: Any) -> None:
    """Raise ValueError where a field of a choice, which may come from a file, holds another type than it says.

    >>> check_types(choice)
    """
    for one in fields(choice):
        value, kind = getattr(choice, one.name), one.type
        wide = kind | int if kind in (float, float | None) else kind  # type: ignore[operator]
        if isinstance(value, bool) or not isinstance(value, wide):  # type: ignore[arg-type]
            wanted = getattr(kind, "__name__", str(kind))
            raise ValueError(f"{type(choice).__name__} takes {one.name} as {wanted}; you gave {value!r:.200}.")
