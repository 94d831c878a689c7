"""Small archives in the layout of the large ones, offered by a web server in this process."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from PIL import Image

from tests.file_server import Web


def jpeg(number: int, size: int = 8) -> bytes:
    """A picture of one colour, which JPEG keeps to a unit or two: `colour(number)`."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour(number)).save(file, "JPEG", quality=95)
    return file.getvalue()


def colour(number: int) -> tuple[int, int, int]:
    return (number * 37) % 256, (number * 101) % 256, (number * 59) % 256


def tar_gz(files: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def offered(web: Web, script: ModuleType, files: dict[str, bytes]):
    """The script's data set with these files behind its own addresses, and their checksums."""
    archives = []
    for one in script.DATA.archives:
        web.files[one.url.removeprefix("https://")] = files[one.file]
        digest = hashlib.md5(files[one.file]).hexdigest()
        archives.append(replace(one, checksum=f"md5:{digest}", num_bytes=len(files[one.file])))
    return replace(script.DATA, archives=tuple(archives))


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
