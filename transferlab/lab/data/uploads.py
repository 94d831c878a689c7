"""Uploaded pictures or sounds into a folder of classes, `transferlab-data/<name>/<class>/<file>`, as readers want it.

    collection = Collection("mine")
    report = collection.add([("cat.jpg", content), ("more.zip", archive)], class_name="cats")
    data = tl.folder_splits("transferlab-data/mine")

Every file is looked at before it is kept: it must be a picture or a sound that the folder's reader can read (see
`decode` and `decode_sound`), of the kind that the collection holds, and none that is there already. What is not kept is
told with its reason, and the rest is. A file in a folder, of a zip or as it was dropped, belongs to the class of that
folder's name; else to the class that was typed. Left out: taking files away again, which edits do.
"""

import hashlib
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image

from transferlab.data.decode import FORMATS, decode
from transferlab.data.folder_report import plural
from transferlab.data.listing import Skipped, is_hidden, is_image, printable, subfolders
from transferlab.files import write_atomically
from transferlab.lab.data.archives import MOST_FILE_BYTES, Allowance, Refuse, file_names, is_zip, unpacked
from transferlab.lab.data.file_names import safe_name
from transferlab.sound.decoding import EXTENSIONS as SOUNDS
from transferlab.sound.decoding import decode_sound

WORKPLACE = "transferlab-data"  # below the current folder, beside the notebook
MOST_TOLD = 1000  # reasons that a report keeps; more say nothing new
_EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif", "WEBP": ".webp"}


@dataclass
class UploadReport:
    """What became of an upload.

    >>> print(report)
    2 pictures added to 'cats'; 1 file left out.
    """

    added: dict[str, int] = field(default_factory=dict)  # class → how many
    left_out: list[Skipped] = field(default_factory=list)
    num_left_out: int = 0
    noun: str = "picture"

    def refuse(self, file: str, reason: str) -> None:
        self.num_left_out += 1
        if len(self.left_out) < MOST_TOLD:
            self.left_out.append(Skipped(file, reason))

    def join(self, other: "UploadReport") -> None:
        """Add what became of further files of the same upload."""
        for name, count in other.added.items():
            self.added[name] = self.added.get(name, 0) + count
        self.noun = other.noun if other.added else self.noun
        self.num_left_out += other.num_left_out
        self.left_out = [*self.left_out, *other.left_out][:MOST_TOLD]

    def __str__(self) -> str:
        where = ", ".join(f"'{name}'" for name in list(self.added)[:5]) + (" …" if len(self.added) > 5 else "")
        number = plural(sum(self.added.values()), self.noun)
        added = f"{number} added to {where}" if self.added else f"No {self.noun} added"
        if not self.num_left_out:
            return f"{added}."
        if self.num_left_out == 1 and self.left_out:
            return f"{added}; left out: {self.left_out[0].file}, {self.left_out[0].reason}."
        return f"{added}; {plural(self.num_left_out, 'file')} left out."


class Collection:
    """A named folder of uploaded pictures, or of sounds; it may exist already, and then grows.

        >>> Collection("mine").path
        PosixPath('transferlab-data/mine')

    Raises:
        ValueError: a name that no folder can have.
    """

    def __init__(self, name: str = "mine", workplace: str | Path = WORKPLACE) -> None:
        self.name = safe_name(name)
        self.path = Path(workplace) / self.name
        self._known: dict[int, dict[str, str]] = {}  # size in bytes → digest → which file
        self._unhashed: dict[int, list[Path]] | None = None

    def counts(self) -> dict[str, int]:
        """How many files each class has on the disk, pictures or sounds.

        >>> Collection("mine").counts()
        {'cats': 12, 'dogs': 9}
        """
        if not self.path.is_dir():
            return {}
        classes = {name: sum(_kind_of_name(file.name) != "" for file in (self.path / name).iterdir())
                   for name in subfolders(self.path)}  # fmt: skip
        return {name: count for name, count in classes.items() if count}

    @property
    def holds(self) -> str:
        """What the collection is of: "picture" or "sound", and "" while it is empty.

        >>> Collection("bells").holds
        'sound'
        """
        files = self.path.glob("*/*") if self.path.is_dir() else ()  # the first that is one tells
        return next((kind for file in files if (kind := _kind_of_name(file.name))), "")

    def add(
        self, files: Iterable[tuple[str, bytes]], class_name: str = "", allowance: Allowance | None = None
    ) -> UploadReport:
        """Keep the pictures or sounds among `files`, names and bytes; a zip counts as the files in it.

            >>> collection.add([("ants/1.jpg", content)])

        `allowance` is what may be unpacked for the whole upload, where it comes in several calls.

        Raises:
            OSError: the folder cannot be written.
        """
        report, allowance = UploadReport(), allowance or Allowance()
        for name, content in files:
            shown = printable(name)[-300:]
            if is_zip(content):
                try:
                    for inner, picture in _with_class(content, class_name, allowance, report.refuse):
                        self._keep(inner, picture, class_name, report)
                except ValueError as error:
                    report.refuse(shown, str(error))
            elif allowance.files <= 0:
                report.refuse(shown, "more files than are taken at once; upload the rest by itself")
            elif not is_hidden(shown.rsplit("/", 1)[-1]):
                allowance.files -= 1
                self._keep(shown, content, class_name, report)
        return report

    def _keep(self, name: str, content: bytes, class_name: str, report: UploadReport) -> None:
        try:
            if len(content) > MOST_FILE_BYTES:
                raise ValueError(f"{len(content) / 1e6:,.0f} MB; at most {MOST_FILE_BYTES / 1e6:,.0f} MB are taken")
            folder = safe_name(_folder_of(name) or class_name or _no_class())
            if not content:
                raise ValueError("empty file")
            kind = _looked_at(content)
            if (there := self.holds) and there != kind:
                raise ValueError(f"a {kind}, and '{self.name}' holds {there}s: keep {kind}s under another name")
            if twin := self._twin(content):
                raise ValueError(f"a copy of {twin}")
            path = self._free(folder, name, content, kind)
        except ValueError as error:
            report.refuse(name, str(error))
            return
        write_atomically(path, lambda partial: partial.write_bytes(content))
        self._known.setdefault(len(content), {})[_digest(content)] = f"{folder}/{path.name}"
        report.added[folder] = report.added.get(folder, 0) + 1
        report.noun = kind

    def _free(self, folder: str, name: str, content: bytes, kind: str) -> Path:
        """A path that no file has yet, with an extension that the folder's reader knows."""
        plain = safe_name(name)
        if kind == "sound":
            ending = ".flac" if content[:4] == b"fLaC" else ".wav"
            plain += "" if plain.lower().endswith(ending) else ending
        elif not is_image(plain):
            with Image.open(BytesIO(content), formats=FORMATS) as image:  # only its first bytes are read
                plain += _EXTENSIONS.get(str(image.format), ".ppm")
        path, number = self.path / folder / plain, 1
        while path.exists() or path.is_symlink():
            number += 1
            path = self.path / folder / f"{Path(plain).stem}-{number}{Path(plain).suffix}"
        return path

    def _twin(self, content: bytes) -> str:
        """The file that holds the same bytes, as class/file; empty where none does."""
        if self._unhashed is None:  # only files of a size that comes again are ever read
            self._unhashed = {}
            for path in sorted(self.path.glob("*/*")) if self.path.is_dir() else ():
                if path.is_file() and _kind_of_name(path.name):
                    self._unhashed.setdefault(path.stat().st_size, []).append(path)
        for path in self._unhashed.pop(len(content), ()):
            known = self._known.setdefault(len(content), {})
            known[_digest(path.read_bytes())] = f"{path.parent.name}/{path.name}"
        return self._known.get(len(content), {}).get(_digest(content), "")


def _looked_at(content: bytes) -> str:
    """Whether it is a picture or a sound, told by its first bytes; ValueError with the reason where it is neither."""
    if content[:4] == b"fLaC" or (content[:4] == b"RIFF" and content[8:12] == b"WAVE"):
        with tempfile.TemporaryDirectory() as folder:  # its reader asks the disk how long a file is
            path = Path(folder) / "sound"
            path.write_bytes(content)
            decode_sound(path)
        return "sound"
    with warnings.catch_warnings():  # Pillow warns of odd files; the reason says it
        warnings.simplefilter("ignore")
        decode(content)
    return "picture"


def _kind_of_name(name: str) -> str:
    if is_image(name):
        return "picture"
    return "sound" if name.lower().endswith(SOUNDS) and not is_hidden(name) else ""


def _with_class(
    archive: bytes, class_name: str, allowance: Allowance, refuse: Refuse
) -> Iterator[tuple[str, bytes]]:  # fmt: skip
    """The files of a zip. Where it has no more than one folder, the class that was typed is meant, not the folder."""
    one_folder = len({_folder_of(name) for name in file_names(archive)}) <= 1
    for name, content in unpacked(archive, allowance, refuse):
        yield (name.rsplit("/", 1)[-1] if class_name and one_folder else name), content


def _folder_of(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return parts[-2] if len(parts) > 1 else ""


def _no_class() -> str:
    raise ValueError("in no folder: type the class that it shows, and upload it again")


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
