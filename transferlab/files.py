"""Write a file whole or not at all.

The bytes go to a neighbour of the target first and take its name only when they are all on the disk, so that a full
disk, a kill or an error halfway leaves the earlier file as it was. Left out: locking against a second writer.
"""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a temporary file beside `path`, then give it that name.

        >>> write_atomically("run.json", lambda partial: partial.write_text("{}"))
        PosixPath('run.json')

    Raises:
        OSError: the folder cannot be written, or the disk is full; what stood at `path` is still there.
    """
    path = Path(path)
    partial = path.parent / f".{path.name}.{secrets.token_hex(4)}.partial{path.suffix}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.touch(exist_ok=False)  # says what cannot be written before the work of making it
        write(partial)
        with open(partial, "rb") as written:
            os.fsync(written.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise OSError(error.errno, _sentence(path, error)) from error
    finally:
        with contextlib.suppress(OSError):  # nothing was made where nothing may be written
            partial.unlink()
    return path


def _sentence(path: Path, error: OSError) -> str:
    kept = " The file that was there before is unchanged." if path.exists() else ""
    reason = error.strerror or str(error)
    return f"Could not write {path} ({reason}).{kept} Choose another place, such as a folder under {Path.home()}."
