"""Which files lie in which class folder, without reading one of them.

The layout is torchvision's `ImageFolder`: a folder for each class, images in it at any depth, classes and files in
sorted order. Links are followed, each folder once, so that a link upwards cannot go round for ever. Everything that is
passed over is listed with its reason; hidden files, which no one put there, are only left out.
"""

import os
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from transferlab.data.decode import EXTENSIONS
from transferlab.errors import did_you_mean

_NOT_DATA = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"}  # left behind by archivers and systems


@dataclass(frozen=True)
class Skipped:
    """A file that is not among the images, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Found:
    """A file that may be an image."""

    path: str
    name: str  # relative to the root, with / and safe to print
    label: int
    status: os.stat_result


@dataclass
class Listing:
    class_names: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def printable(name: str) -> str:
    """A file's name as one line that any terminal can show: line breaks, control codes and stray bytes are escaped.

    >>> printable("été\\n.jpg")
    'été\\\\n.jpg'
    """
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is the system's and not the user's, such as .DS_Store and .ipynb_checkpoints."""
    return name.startswith(".") or name in _NOT_DATA


def existing_folder(path: str | Path) -> Path:
    """The folder that a user named, or a sentence about what is there instead.

        >>> existing_folder("photos")

    Raises:
        ValueError: a file, nothing, or a folder that may not be opened.
    """
    root = Path(path).expanduser()
    if root.is_file():
        raise ValueError(f"{root} is a file. Unpack it and give the folder that holds the class folders.")
    if not root.is_dir():
        beside = subfolders(root.parent) if root.parent.is_dir() else []
        raise ValueError(f"No folder '{root}' (looked from {Path.cwd()}).{did_you_mean(root.name, beside)}")
    try:
        subfolders(root)
    except PermissionError:
        raise ValueError(f"No permission to open the folder '{root}'. Ask its owner, or copy it.") from None
    return root


def subfolders(root: Path) -> list[str]:
    """The names of the folders in `root`, sorted, hidden ones left out."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if not is_hidden(entry.name) and _is_folder(entry.path))


def is_image(name: str) -> bool:
    return not is_hidden(name) and os.path.splitext(name)[1].lower() in EXTENSIONS


def list_classes(
    root: Path, extensions: tuple[str, ...] = EXTENSIONS, noun: str = "image", links_out: bool = True
) -> Listing:
    """What lies in the class folders of `root`, and what beside them.

        >>> listing = list_classes(Path("flowers"))
        >>> listing.class_names
        ['daisy', 'rose']

    Files with other `extensions` are passed over as "not an image", or not a `noun`. Without `links_out` a link to
    something outside `root` is passed over too.
    """
    listing, seen = Listing(), {_identity(os.stat(root))}
    asked = _Asked(os.path.realpath(root), extensions, noun, links_out)
    # macOS writes é as two characters, others as one; composed before they are sorted, train/ and val/ agree.
    for class_name, name in sorted((unicodedata.normalize("NFC", printable(name)), name) for name in subfolders(root)):
        listing.class_names.append(class_name)
        _walk(root, os.path.join(root, name), len(listing.class_names) - 1, seen, listing, asked)
    for name in sorted(os.listdir(root)):
        if not is_hidden(name) and not _is_folder(os.path.join(root, name)):
            listing.skipped.append(Skipped(printable(name), "not inside a class folder"))
    return listing


@dataclass(frozen=True)
class _Asked:
    root: str
    extensions: tuple[str, ...]
    noun: str
    links_out: bool

    def leaves(self, path: str) -> bool:
        """Whether this is a link to something outside, where such are not wanted."""
        if self.links_out or not os.path.islink(path):
            return False
        return not os.path.realpath(path).startswith(self.root.rstrip(os.sep) + os.sep)

    def wants(self, name: str) -> bool:
        return not is_hidden(name) and os.path.splitext(name)[1].lower() in self.extensions


def _walk(root: Path, top: str, label: int, seen: set[tuple[int, int]], listing: Listing, asked: _Asked) -> None:
    files, pending = [], [top]
    while pending:  # a list and no recursion: a hostile archive can be deeper than Python's stack
        folder = pending.pop()
        if asked.leaves(folder):
            listing.skipped.append(Skipped(_relative(root, folder), "a link out of the folder"))
            continue
        try:
            identity = _identity(os.stat(folder))
            if identity in seen:
                listing.skipped.append(Skipped(_relative(root, folder), "a link to a folder that is read already"))
                continue
            seen.add(identity)
            names = os.listdir(folder)
        except OSError as error:
            reason = "no permission to open this folder" if isinstance(error, PermissionError) else _said(error)
            listing.skipped.append(Skipped(_relative(root, folder), reason))
            continue
        for name in sorted(names, reverse=True):  # reversed, since the last one pushed is the first one opened
            path = os.path.join(folder, name)
            if is_hidden(name):
                continue
            if _is_folder(path):
                pending.append(path)
            else:
                files.append((folder, name))
    for folder, name in sorted(files):  # the order of torchvision's ImageFolder
        path = os.path.join(folder, name)
        shown = _relative(root, path)
        try:
            status = os.stat(path)
        except OSError as error:
            listing.skipped.append(
                Skipped(shown, "a link that leads nowhere" if os.path.islink(path) else _said(error))
            )
            continue
        if asked.leaves(path):
            listing.skipped.append(Skipped(shown, "a link out of the folder"))
        elif not asked.wants(name):
            extension = os.path.splitext(name)[1]
            what = f"not {'an' if asked.noun[0] in 'aeiou' else 'a'} {asked.noun}"
            reason = f"{what} ({printable(extension)})" if extension else f"{what} (no extension)"
            listing.skipped.append(Skipped(shown, reason))
        elif not stat.S_ISREG(status.st_mode):
            listing.skipped.append(Skipped(shown, "not a file but a pipe or device"))
        else:
            listing.found.append(Found(path, shown, label, status))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)
    except (OSError, ValueError):
        return False


def _relative(root: Path, path: str) -> str:
    return printable(os.path.relpath(path, root).replace(os.sep, "/"))


def _said(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
