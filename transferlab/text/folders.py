"""A folder of texts, one sub-folder for each class: which files there are, and what they say.

Links that lead out of the folder are not followed. Left out: several texts in one file.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from transferlab.data.listing import Skipped, is_hidden, printable, subfolders
from transferlab.text.decoding import read_text

ENDINGS = (".txt", ".text", ".md")


@dataclass
class Found:
    """What lies in the class folders, file by file."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def texts_in_folders(root: Path, longest: int) -> Found:
    """Read `root/<class>/**/*.txt`; files that cannot be used are listed with the reason.

        >>> texts_in_folders(Path("mail"), longest=1_000_000).labels[:2]
        ['private', 'private']

    Raises:
        ValueError: there are no class folders.
    """
    classes = subfolders(root)
    if not classes:
        raise ValueError(
            f"No class folders in '{root}'. Give each class a folder of its own:\n    mail/private/1.txt\n"
            "    mail/work/2.txt"
        )
    found, odd = Found(), dict[str, list[str]]()
    inside = root.resolve()
    for name in sorted(os.listdir(root)):
        if not is_hidden(name) and not (root / name).is_dir():
            found.skipped.append(Skipped(printable(name), "not inside a class folder"))
    for class_name in classes:
        for folder, inner, files in os.walk(root / class_name):  # does not follow links to folders
            inner.sort()
            for name in sorted(files):
                path = Path(folder) / name
                shown = printable(path.relative_to(root).as_posix())
                if is_hidden(name):
                    continue
                reason, text, note = _read(path, inside, longest)
                if reason:
                    found.skipped.append(Skipped(shown, reason))
                    continue
                found.texts.append(text)
                found.labels.append(printable(class_name))
                found.names.append(shown)
                if note:
                    odd.setdefault(note, []).append(shown)
    for note, names in odd.items():
        found.notes.append(
            f"{note}: {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        )
    return found


def _read(path: Path, inside: Path, longest: int) -> tuple[str, str, str]:
    """Why a file cannot be used, its text, and a note on its encoding."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        return f"not a text ({printable(ending)})" if ending else "not a text (no extension)", "", ""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "a link that leads nowhere", "", ""
    if not real.is_relative_to(inside):
        return "a link out of the folder", "", ""
    if not real.is_file():
        return "not a file but a pipe or device", "", ""
    try:
        text, note = read_text(real, largest=4 * longest)
    except ValueError as error:
        return str(error), "", ""
    if not text.strip():
        return "empty text", "", ""
    if len(text) > longest:
        return f"longer than {longest:,} letters", "", ""
    return "", text.strip(), note
