"""The files in a zip, one at a time, from an archive that may have been made to do harm.

    for name, content in unpacked(archive, allowance, refuse): ...

Nothing that an archive says of itself is trusted: bytes are counted while they are unpacked, names are looked at and
never used as paths, and the table of contents is counted before it is read. What cannot be taken is told with its
reason, and the rest is still there. Left out: other kinds of archive, passwords, zips within zips.
"""

import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from transferlab.data.listing import is_hidden, printable

MOST_FILES = 5_000  # pictures of one upload: a minute of unpacking
MOST_BYTES = 1_000_000_000  # of one upload, unpacked: what a small machine's disk can lose
MOST_FILE_BYTES = 50_000_000  # of one picture: four times a good camera's JPEG
MOST_ENTRIES = 50_000  # in a table of contents: 25 MB once it is read
PIECE = 1 << 20
_ENTRY = b"PK\x01\x02"  # what each entry of a table of contents begins with

Refuse = Callable[[str, str], None]  # a file's name, and why it is not taken


@dataclass
class Allowance:
    """What may still be unpacked for one upload, in all of its files together."""

    files: int = MOST_FILES
    bytes: int = MOST_BYTES

    def take(self, count: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            ValueError: more than may be.
        """
        self.bytes -= count
        if self.bytes < 0:
            raise _TooMuch(f"unpacks to more than {MOST_BYTES / 1e6:,.0f} MB in all: a zip bomb, or too much at once")


def is_zip(content: bytes) -> bool:
    """Whether these bytes begin as a zip does, whatever the file is called.

    >>> is_zip(b"PK\\x03\\x04…")
    True
    """
    return content[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def unpacked(archive: bytes, allowance: Allowance, refuse: Refuse) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, as it is unpacked; `refuse(name, reason)` gets the others.

        >>> for name, content in unpacked(archive, Allowance(), print): ...

    Folders and what systems leave behind (`__MACOSX`, `.DS_Store`) are passed over in silence.

    Raises:
        ValueError: not a whole zip, more entries than are read, or more bytes in all than may be unpacked.
    """
    packed = _opened(archive)
    too_many = 0
    with packed:
        for entry in _files(packed):
            name = printable(entry.filename)[-300:]
            reason = _why_not(entry)
            if reason:
                refuse(name, reason)
            elif allowance.files <= 0:
                too_many += 1
            else:
                allowance.files -= 1
                try:
                    yield name, _content(packed, entry, allowance)
                except _Refused as error:
                    refuse(name, str(error))
    if too_many:
        refuse("the rest of the archive", f"{too_many:,} more files; at most {MOST_FILES:,} are taken at once")


def file_names(archive: bytes) -> list[str]:
    """The names of the files that `unpacked` would try to give.

        >>> file_names(archive)
        ['ants/1.jpg', 'ants/2.jpg']

    Raises:
        ValueError: as `unpacked`.
    """
    with _opened(archive) as packed:
        return [printable(entry.filename) for entry in _files(packed) if not _why_not(entry)]


def _opened(archive: bytes) -> zipfile.ZipFile:
    entries = archive.count(_ENTRY)  # each costs half a kilobyte of memory as soon as the zip is opened
    if entries > MOST_ENTRIES:
        raise ValueError(f"holds {entries:,} entries; at most {MOST_ENTRIES:,} are read")
    try:
        return zipfile.ZipFile(BytesIO(archive))
    except Exception as error:  # a broken table of contents raises whatever it comes upon
        raise ValueError(f"not a whole zip file ({str(error)[:100]})") from error


def _files(packed: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [
        entry
        for entry in packed.infolist()
        if not entry.filename.endswith("/") and not any(map(is_hidden, set(entry.filename.split("/")) - {"..", "."}))
    ]


class _Refused(Exception):
    """One file that is not taken, while the others are."""


class _TooMuch(ValueError):
    """More than one upload may unpack to."""


def _why_not(entry: zipfile.ZipInfo) -> str:
    """What is wrong with an entry by what it says of itself; empty where nothing is."""
    parts = entry.filename.replace("\\", "/").split("/")
    mode = entry.external_attr >> 16
    if not entry.filename:
        return "a file without a name"
    if ".." in parts:
        return "a path out of its folder (..)"
    if entry.filename.startswith(("/", "\\")) or entry.filename[1:2] == ":":
        return "a path from the root of a disk"
    if stat.S_ISLNK(mode):
        return "a link"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "not a file but a pipe or device"
    if entry.flag_bits & 0x1:
        return "locked with a password"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a bound
        return "packed in a rare way: pack the zip again as usual (Deflate)"
    if entry.filename.lower().endswith(".zip"):
        return "a zip within a zip: unpack it first"
    return ""


def _content(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, allowance: Allowance) -> bytes:
    content = bytearray()
    try:
        with packed.open(entry) as file:
            while piece := file.read(PIECE):
                content += piece
                allowance.take(len(piece))
                if len(content) > MOST_FILE_BYTES:
                    raise _Refused(f"unpacks to more than {MOST_FILE_BYTES / 1e6:,.0f} MB")
    except (_Refused, _TooMuch):
        raise
    except Exception as error:  # as above, and whatever an unpacker makes of broken data
        raise _Refused(f"damaged within the zip ({str(error)[:100]})") from error
    return bytes(content)
