"""What reading a folder of pictures had to say: what was skipped and why, which pictures are copies of others.

Copies are found by a hash of the pixels at the size they were read at, so that the same picture under another name, or
saved again without loss, is found as well. Left out: near copies (another crop, another JPEG quality).
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from transferlab.data.listing import Skipped


@dataclass(frozen=True)
class FolderReport:
    """What was found in a folder, what was passed over, and where the images lie. Print it.

        >>> print(folder("flowers").report)
        flowers: 77 images of 2 classes, in memory
          skipped 2: empty file (1), not an image (.txt) (1)
            daisy/7.jpg: empty file
            rose/notes.txt: not an image (.txt)

    `duplicates` are groups of files whose pixels, at the size they were read at, are equal; `fingerprints` are the
    hashes that say so, one for each image, in the order of the set's `files`.
    """

    path: str
    counts: dict[str, int]
    skipped: tuple[Skipped, ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()
    single_image_classes: tuple[str, ...] = ()
    storage: str = "memory"  # or "memmap"
    file: Path | None = None
    files: tuple[str, ...] = field(default=(), repr=False)
    fingerprints: tuple[str, ...] = field(default=(), repr=False)

    @property
    def conflicts(self) -> tuple[tuple[str, ...], ...]:
        """The duplicates that lie in more than one class: one of their labels must be wrong."""
        return tuple(group for group in self.duplicates if len({name.split("/")[0] for name in group}) > 1)

    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing that a user should know, none where all is well."""
        notes = []
        if self.skipped:
            reasons = Counter(entry.reason.split(" (")[0].split(";")[0] for entry in self.skipped)
            listed = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(6))
            notes.append(f"skipped {len(self.skipped)}: {listed}")
        if self.single_image_classes:
            notes.append(f"one image only: {some(self.single_image_classes)}")
        if self.duplicates:
            copies = sum(len(group) - 1 for group in self.duplicates)
            notes.append(f"{plural(copies, 'exact copy', 'exact copies')} of other images: {_pairs(self.duplicates)}")
        if self.conflicts:
            notes.append(f"the same picture under two classes: {_pairs(self.conflicts)}")
        return tuple(notes)

    def __str__(self) -> str:
        where = "in memory" if self.storage == "memory" else f"in a memmap, {self.file}"
        number = plural(sum(self.counts.values()), "image")
        lines = [f"{self.path}: {number} of {plural(len(self.counts), 'class', 'classes')}, {where}"]
        return "\n".join([*lines, *noted(self.notes(), self.skipped)])


def noted(notes: Sequence[str], skipped: Sequence[Skipped]) -> list[str]:
    """The lines of a report: its notes, and below the one on what was skipped the first twenty files with their reason.

    >>> print("\\n".join(noted(report.notes(), report.skipped)))
    """
    lines = []
    for note in notes:
        lines.append(f"  {note}")
        if note.startswith("skipped"):
            lines += [f"    {entry.file}: {entry.reason}" for entry in skipped[:20]]
            lines += [f"    … and {len(skipped) - 20} more in report.skipped"] * (len(skipped) > 20)
    return lines


def fingerprint(image: np.ndarray) -> str:
    """A hash of an image's pixels: equal for equal pixels and, for all practical purposes, for nothing else.

    >>> fingerprint(pixels)
    '9f86d081884c7d659a2feaa0c55ad015'
    """
    return hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()


def same_pixels(files: tuple[str, ...], fingerprints: list[str]) -> tuple[tuple[str, ...], ...]:
    """The names that share a fingerprint, in groups of two and more.

    >>> same_pixels(("a.jpg", "b.jpg", "c.jpg"), ["1", "2", "1"])
    (('a.jpg', 'c.jpg'),)
    """
    groups: dict[str, list[str]] = {}
    for name, fingerprint in zip(files, fingerprints, strict=True):
        groups.setdefault(fingerprint, []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def across(
    train: tuple[str, ...], held: tuple[str, ...], of_train: dict[str, str], of_held: dict[str, str]
) -> list[str]:
    """A note on the held-out pictures that are also trained on; nothing where there are none.

    >>> across(("a.jpg",), ("b.jpg",), {"a.jpg": "1"}, {"b.jpg": "1"})
    ['1 of 1 held-out image is in training too, which flatters the accuracy: a.jpg = b.jpg']
    """
    first: dict[str, str] = {}
    for name in train:
        first.setdefault(of_train[name], name)
    pairs = [(first[of_held[name]], name) for name in held if of_held[name] in first]
    if not pairs:
        return []
    verb = "is" if len(pairs) == 1 else "are"
    return [
        f"{len(pairs)} of {plural(len(held), 'held-out image')} {verb} in training too, which flatters the accuracy: "
        f"{_pairs(pairs)}"
    ]


def _pairs(groups: Sequence[tuple[str, ...]], at_most: int = 5) -> str:
    shown = ", ".join(" = ".join(group[:4]) + (" = …" if len(group) > 4 else "") for group in groups[:at_most])
    return shown + (f" and {len(groups) - at_most} more" if len(groups) > at_most else "")


def some(names: Sequence[str], at_most: int = 10) -> str:
    """Names in quotes, not more than fit on a line.

    >>> some(["ants", "bees"])
    "'ants', 'bees'"
    """
    return ", ".join(f"'{name}'" for name in names[:at_most]) + (" …" if len(names) > at_most else "")


def plural(count: int, one: str, many: str = "", number: bool = True) -> str:
    """A number and its noun.

    >>> plural(1, "class", "classes"), plural(1200, "image")
    ('1 class', '1,200 images')
    """
    word = one if count == 1 else many or f"{one}s"
    return f"{count:,} {word}" if number else word
