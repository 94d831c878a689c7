"""A folder of sounds, one sub-folder for each class, as a `SoundSet`.

The layout is the one of pictures (`data/folder.py`), and so are the manners: what is no sound is passed over and
reported, and never stops the others. Links out of the folder are not followed. Left out: sounds that do not fit into
memory, labels in a table.
"""

from collections import Counter
from pathlib import Path

import torch
from tqdm import tqdm

from transferlab.data.folder_report import plural, some
from transferlab.data.listing import Found, Listing, Skipped, existing_folder, list_classes, printable
from transferlab.data.memory import memory_budget as default_budget
from transferlab.data.sounds import RATE, SoundSet
from transferlab.sound.decoding import EXTENSIONS, MOST_SECONDS, Decoded, decode_sound
from transferlab.sound.report import SoundReport

MANY = 500  # files from which a progress bar appears


def sound_folder(
    path: str | Path, seconds: float = 1.0, *, memory_budget: int | None = None, progress: bool | None = None
) -> SoundSet:
    """Read `path/<class>/*.wav` and `*.flac`, at any depth, as int16 sounds `(N, seconds · 16,000)` at 16,000 Hz.

        >>> data = sound_folder("bells", seconds=2.0)
        >>> print(data.report)
        >>> splits = data.split(0.2)

    The first `seconds` of each file are kept, channels averaged, other rates resampled; what is shorter is filled up
    with silence. No more of a long file is read. Files that cannot be read are skipped and listed in `.report`, a
    `SoundReport`. `memory_budget` is in bytes (by default a quarter of what this process may still use).

    Raises:
        ValueError: there is no such folder, it holds no class folders or only one, a class has no readable sound, the
            sounds would not fit, or `seconds` is no length that makes sense.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.01 <= seconds <= MOST_SECONDS:
        raise ValueError(f"seconds lies between 0.01 and {MOST_SECONDS:g}; you gave {seconds!r}.")
    root = existing_folder(path)
    listing = list_classes(root, EXTENSIONS, "sound", links_out=False)
    _check_classes(root, listing)
    _check_room(len(listing.found), seconds, memory_budget)
    kept, decoded, unread = _read_all(listing.found, seconds, progress)
    skipped = tuple(sorted([*listing.skipped, *unread], key=lambda entry: entry.file))
    labels = torch.tensor([found.label for found in kept], dtype=torch.int64)
    counted = Counter(labels.tolist())
    _check_every_class(root, listing, {listing.class_names[i] for i in counted}, skipped)
    counts = {name: counted[i] for i, name in enumerate(listing.class_names)}
    report = _report(printable(str(path)), seconds, counts, skipped, kept, decoded)
    return SoundSet(
        torch.stack([one.samples for one in decoded]), labels, tuple(listing.class_names), RATE,
        tuple(found.name for found in kept), printable(root.resolve().name), report,
    )  # fmt: skip


def _read_all(
    found: list[Found], seconds: float, progress: bool | None
) -> tuple[list[Found], list[Decoded], list[Skipped]]:
    kept: list[Found] = []
    decoded: list[Decoded] = []
    unread: list[Skipped] = []
    show = len(found) >= MANY if progress is None else progress
    for one in tqdm(found, desc="reading sounds", unit=" files", disable=not show):
        try:
            decoded.append(decode_sound(one.path, seconds))
        except ValueError as error:
            unread.append(Skipped(one.name, str(error)))
        else:
            kept.append(one)
    return kept, decoded, unread


def _report(
    path: str, seconds: float, counts: dict[str, int], skipped: tuple[Skipped, ...], kept: list[Found],
    decoded: list[Decoded],
) -> SoundReport:  # fmt: skip
    named = {found.name: one for found, one in zip(kept, decoded, strict=True)}
    least = 1 / RATE  # a sample more or less comes of rounding
    lengths = {name: one.seconds for name, one in named.items() if one.seconds is not None}
    return SoundReport(
        path, seconds, counts, skipped,
        cut=tuple(name for name, length in lengths.items() if length > seconds + least),
        longest=max(lengths.values(), default=0.0),
        filled_up=tuple(name for name, length in lengths.items() if length < seconds - least),
        rates=dict(Counter(one.rate for one in decoded if one.rate != RATE)),
        mixed=tuple(name for name, one in named.items() if one.channels > 1),
        silent=tuple(name for name, one in named.items() if one.silent),
        clipped={name: one.clipped for name, one in named.items() if one.clipped},
    )  # fmt: skip


def _check_classes(root: Path, listing: Listing) -> None:
    names = listing.class_names
    if not names:
        loose = sum(entry.file.lower().endswith(EXTENSIONS) for entry in listing.skipped)
        there = f"{plural(loose, 'sound lies', 'sounds lie')} directly in it" if loose else "It is empty"
        raise ValueError(
            f"No class folders in '{root}'. {there}. Give each class a folder of its own:\n"
            "    bells/church/1.wav\n    bells/church/2.wav\n    bells/bicycle/3.wav"
        )
    if len(set(names)) < len(names):
        twice = tuple(name for name, count in Counter(names).items() if count > 1)
        raise ValueError(
            f"Folders of '{root}' differ only in how an accent is stored: {some(twice)}. Rename one of each."
        )
    if len(names) == 1:
        raise ValueError(f"Only one class, '{names[0]}', in '{root}': a task needs at least two.")


def _check_every_class(root: Path, listing: Listing, present: set[str], skipped: tuple[Skipped, ...]) -> None:
    empty = [name for name in listing.class_names if name not in present]
    if not empty:
        return
    told = []
    for name in empty[:10]:
        why = next((entry.reason for entry in skipped if f"{entry.file}/".startswith(f"{name}/")), "empty")
        told.append(f"'{name}' [{why}]")
    raise ValueError(
        f"No readable sound in {plural(len(empty), 'class folder', number=False)} {', '.join(told)} of '{root}'. "
        "Add WAV or FLAC files, or take the folder away."
    )


def _check_room(count: int, seconds: float, budget: int | None) -> None:
    wanted, there = 2 * count * round(seconds * RATE), default_budget() if budget is None else budget
    if wanted > there:
        raise ValueError(
            f"{plural(count, 'sound')} of {seconds:g} s take {wanted / 1e6:,.0f} MB, and {there / 1e6:,.0f} MB may be "
            "used. Give fewer seconds, or fewer files."
        )
