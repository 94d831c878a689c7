"""Read the files in an archive that came from the network, one after the other, without ever unpacking it.

    for name, content in read_archive("102flowers.tgz", {"jpg/image_00001.jpg"}, most_bytes=10_000_000): ...

Nothing is written, and a name in the archive is only compared: what would lead out of a folder, overwrite a file or
link to another has nowhere to go. What is too large is an error before it fills the memory or the disk. Left out: other
formats than .zip and .tar.gz.
"""

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

MOST_BYTES = 60_000_000  # of one file; the largest here is a batch of CIFAR-10 with 31 million
MOST_FILES = 400_000  # Tiny ImageNet has 120,603
MOST_FOLD = 3  # how much larger the whole may be than the archive; photographs hardly shrink


def read_archive(path: Path, wanted: Collection[str], most_bytes: int = MOST_BYTES) -> Iterator[tuple[str, bytes]]:
    """Name and content of each wanted file, in the archive's order.

        >>> [name for name, _ in read_archive(Path("pets.tar.gz"), {"annotations/test.txt"})]
        ['annotations/test.txt']

    Raises:
        ValueError: the archive is damaged, a file is missing or there twice, is no plain file, or is too large.
    """
    missing = set(wanted)
    try:
        for name, content in (_read_zip if path.suffix == ".zip" else _read_tar)(path, frozenset(wanted), most_bytes):
            if name not in missing:
                raise ValueError(f"'{name}' is there twice")
            missing.discard(name)
            yield name, content
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError,
            RuntimeError, UnicodeError) as error:  # fmt: skip
        raise ValueError(f"'{path}' is damaged or no archive: {error}. Delete it and start again.") from error
    except ValueError as error:
        raise ValueError(f"'{path}' is not what it should be: {error}.") from error
    if missing:
        some = ", ".join(f"'{name}'" for name in sorted(missing)[:3])
        raise ValueError(f"'{path}' is not what it should be: {len(missing)} files are not in it, such as {some}.")


def names_in(path: Path) -> list[str]:
    """The names of the plain files in a zip archive, which has a table of them.

    >>> names_in(Path("EuroSAT.zip"))[0]
    '2750/AnnualCrop/AnnualCrop_1.jpg'
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [_plain(info.filename) for info in _entries(archive) if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ValueError(f"'{path}' is damaged or no archive: {error}. Delete it and start again.") from error


def _read_zip(path: Path, wanted: frozenset[str], most_bytes: int) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in _entries(archive):
            if (name := _plain(info.filename)) in wanted:
                _check_size(name, info.file_size, most_bytes)  # zipfile reads no more than this, and checks the CRC
                if info.external_attr >> 28 == 0o12:  # a link, as Unix writes it
                    raise ValueError(f"'{name}' is a link")
                yield name, archive.read(info)


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise ValueError(f"it holds {len(entries):,} files; at most {MOST_FILES:,} are read")
    return entries


def _read_tar(path: Path, wanted: frozenset[str], most_bytes: int) -> Iterator[tuple[str, bytes]]:
    most = MOST_FOLD * path.stat().st_size + most_bytes
    with gzip.open(path) as unpacked:
        stream = _Limited(unpacked, most)
        yield from _members(stream, wanted, most_bytes)
        while stream.read(tarfile.RECORDSIZE):  # to the end, where gzip's own checksum is
            pass


def _members(stream: "_Limited", wanted: frozenset[str], most_bytes: int) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive):
            if count > MOST_FILES:
                raise ValueError(f"it holds more than {MOST_FILES:,} files")
            if (name := _plain(member.name)) not in wanted:
                continue
            if not member.isreg():
                raise ValueError(f"'{name}' is a link or a device, and no file")
            _check_size(name, member.size, most_bytes)
            file = archive.extractfile(member)
            assert file is not None
            yield name, file.read()


class _Limited:
    """An unpacked stream that ends with an error where it grows beyond all measure."""

    def __init__(self, stream: IO[bytes] | Any, most: int) -> None:
        self.stream, self.left = stream, most

    def read(self, size: int) -> bytes:
        content = self.stream.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise ValueError("it unpacks to far more than its size, as no pictures do")
        return content


def _check_size(name: str, size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise ValueError(f"'{name}' has {size / 1e6:,.1f} MB; at most {most_bytes / 1e6:,.1f} are read of one file")


def _plain(name: str) -> str:
    return name.removeprefix("./")
