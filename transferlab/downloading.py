"""Download one file whole: it goes on where it broke off, is checked, and takes its name only then.

    download("https://download.pytorch.org/models/resnet50-11ad3fa6.pth", path, checksum="sha256:11ad3fa6")

What has arrived lies beside its place, under its name with `.partial`. Only where a checksum is known is it gone on
with: two versions of a file, glued together, would not be noticed otherwise. Left out: mirrors, trying again by itself
(the same command does), and a second process that downloads the same file at the same time.
"""

import errno
import hashlib
import os
import re
import shutil
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

MOST_BYTES = 20_000_000_000  # of one file; the largest weights that timm names have half of it
SECONDS_WITHOUT_A_BYTE = 60
SPARE_BYTES = 50_000_000  # left free on the disk: a full one breaks other programs, too
PIECE = 1 << 20


def download(url: str, path: str | Path, checksum: str = "", most_bytes: int = MOST_BYTES) -> Path:
    """Bring what `url` holds to `path`, or go on with what an earlier try has left there.

        >>> download("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "cifar.tar.gz", "md5:c32a1d4a…")
        PosixPath('cifar.tar.gz')

    `checksum` is `md5:` or `sha256:` and hexadecimal digits, all of them or the first few.

    Raises:
        ValueError: no web address, more than `most_bytes`, or what arrived has another checksum; it is thrown away.
        OSError: no network, it broke off, or no room on the disk; with a checksum, what has arrived is kept.
    """
    path, (algorithm, expected) = Path(path), _parts(checksum)
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        raise ValueError(f"Only http and https are downloaded from; you gave '{url}'.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    if not expected:
        partial.unlink(missing_ok=True)
    try:
        _receive(url, partial, most_bytes)
    except BaseException as error:  # a keyboard's interruption, too
        if not expected:
            partial.unlink(missing_ok=True)
        if isinstance(error, HTTPException):  # an answer that breaks HTTP's rules; what is no OSError
            raise OSError(f"{type(error).__name__}: {error}") from error
        raise
    found = file_digest(partial, algorithm)
    if not found.startswith(expected):
        partial.unlink()
        raise ValueError(
            f"What arrived from {url} was not kept: its {algorithm} is {found[:12]}…, and {expected[:12]}… was "
            "announced. Try again later, or on another network."
        )
    with open(partial, "rb") as written:
        os.fsync(written.fileno())
    os.replace(partial, path)
    return path


def partial_of(path: Path) -> Path:
    """Where a download that is not yet whole lies.

    >>> partial_of(Path("data/cifar.tar.gz"))
    PosixPath('data/cifar.tar.gz.partial')
    """
    return path.with_name(f"{path.name}.partial")


def file_digest(path: str | Path, algorithm: str = "sha256") -> str:
    """The checksum of a file's bytes, in hexadecimal digits.

    >>> file_digest("empty.txt", "md5")
    'd41d8cd98f00b204e9800998ecf8427e'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def check_room(folder: str | Path, num_bytes: float) -> None:
    """Say so before the work begins where a disk has no room for this much; the folder need not exist yet.

        >>> check_room("/media/stick", 200e6)
        OSError: [Errno 28] 200 MB are needed in /media/stick, and 120 MB are free there.

    Raises:
        OSError: too little room.
    """
    there = Path(folder).absolute()
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free - SPARE_BYTES
    if num_bytes > free:
        needed, left = (f"{max(0, size) / 1e6:,.0f} MB" for size in (num_bytes, free))
        raise OSError(errno.ENOSPC, f"{needed} are needed in {folder}, and {left} are free there.")


def web_opener() -> OpenerDirector:
    """What opens web addresses and nothing else: no files, no FTP, wherever a server may lead.

    >>> web_opener().open("file:///etc/hosts")
    URLError: <urlopen error unknown url type: file>
    """
    opener = OpenerDirector()
    for handler in (
        ProxyHandler, UnknownHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, _Redirects,
        HTTPErrorProcessor,
    ):  # fmt: skip
        opener.add_handler(handler())
    opener.addheaders = [("User-Agent", "transferlab")]
    return opener


class _Redirects(HTTPRedirectHandler):
    """A server may lead elsewhere, but not from an encrypted connection to one that anybody can read and change."""

    def redirect_request(
        self, req: Request, fp: object, code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        if urlsplit(req.full_url).scheme == "https" != urlsplit(newurl).scheme.lower():
            raise URLError(f"it leads from https to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _receive(url: str, partial: Path, most_bytes: int) -> None:
    """Fill `partial` up to the length that the server announces."""
    from tqdm import tqdm

    there = partial.stat().st_size if partial.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={there}-"} if there else {})
    try:
        answer = web_opener().open(Request(url, headers=headers), timeout=SECONDS_WITHOUT_A_BYTE)
    except HTTPError as error:
        if error.code != 416 or not there:  # 416: nothing lies behind what is here already
            raise
        if _content_range(error.headers) != (None, there):
            _from_the_start(url, partial, most_bytes)
        return
    with answer:
        start, total = 0, _length(answer.headers)
        if answer.status == 206:
            begins, total = _content_range(answer.headers)
            if begins != there:  # a piece that was not asked for
                answer.close()
                return _from_the_start(url, partial, most_bytes)
            start = there
        if total is not None and total > most_bytes:
            raise _too_much(url, partial, most_bytes)
        check_room(partial.parent, (total or 0) - start)
        received = start
        with (
            open(partial, "ab" if start else "wb") as file,
            tqdm(desc=partial.stem, total=total, initial=start, unit="B", unit_scale=True, disable=None) as bar,
        ):
            while piece := answer.read(PIECE):
                received += len(piece)
                if received > most_bytes:
                    raise _too_much(url, partial, most_bytes)
                file.write(piece)
                bar.update(len(piece))
    if total is not None and received < total:
        raise OSError(f"it broke off after {received / 1e6:,.1f} of {total / 1e6:,.1f} MB")


def _from_the_start(url: str, partial: Path, most_bytes: int) -> None:
    partial.unlink()  # so that it is not asked for a rest again
    _receive(url, partial, most_bytes)


def _too_much(url: str, partial: Path, most_bytes: int) -> ValueError:
    partial.unlink(missing_ok=True)
    return ValueError(f"{url} answers with more than {most_bytes / 1e6:,.1f} MB. That is not the file that was meant.")


def _length(headers: Message) -> int | None:
    given = headers.get("Content-Length", "")
    return int(given) if given.isdecimal() else None


def _content_range(headers: Message) -> tuple[int | None, int | None]:
    """Where a piece begins, and how long the whole is: `bytes 5-9/10` or `bytes */10`."""
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", headers.get("Content-Range", "").strip())
    if found is None:
        return None, None
    start, total = found.groups()
    return (int(start) if start else None), (int(total) if total.isdecimal() else None)


def _parts(checksum: str) -> tuple[str, str]:
    algorithm, _, digits = checksum.partition(":")
    assert not checksum or (algorithm in ("md5", "sha256") and re.fullmatch("[0-9a-f]{8,64}", digits)), checksum
    return algorithm or "sha256", digits
