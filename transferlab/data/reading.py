"""Every file of a folder into one tensor: in memory, or in a file that is kept for the next time.

Threads unpack the pictures, a few hundred ahead at most. The kept file is named after all that decides what is in it:
where the folder lies, each file's name, size, inode and times, the image size, and the version of the decoder. A
folder that changed therefore has another name, and an old file is never taken for it. Left out: clearing the cache; it
may be deleted at any time.
"""

import hashlib
import json
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from transferlab.data import decode, store
from transferlab.data.folder_report import fingerprint
from transferlab.data.listing import Found
from transferlab.data.memory import memory_budget as default_budget
from transferlab.files import write_atomically

MANY = 1000  # files from which a progress bar appears: half a second of small pictures, half a minute of a phone's


@dataclass(frozen=True)
class Reading:
    """The images that could be read, in the order of the files, and why the others could not."""

    images: Tensor  # uint8 (N, 3, size, size)
    fingerprints: list[str]  # of each image
    reasons: dict[int, str]  # position among the files → why it is not among the images
    file: Path | None = None  # where the images lie, None for the memory


def read_all(
    root: Path,
    found: list[Found],
    size: int,
    memory_budget: int | None = None,
    cache: str | Path | None = None,
    progress: bool | None = None,
) -> Reading:
    """Unpack `found`, files below `root`; arguments as for `folder`.

        >>> read_all(Path("flowers"), list_classes(Path("flowers")).found, size=64).images.shape
        torch.Size([77, 3, 64, 64])

    Raises ValueError for a budget that is no number of bytes, OSError where the cache cannot be written.
    """
    if memory_budget is not None and (isinstance(memory_budget, bool | str) or not memory_budget >= 0):
        raise ValueError(f"memory_budget is a number of bytes such as 500_000_000; you gave {memory_budget!r}.")
    needed = len(found) * 3 * size * size
    if needed <= (default_budget() if memory_budget is None else memory_budget):
        return _to_memory(found, size, progress)
    place = store.cache_folder(cache) / "folders"
    key = _key(root, found, size)
    file, about = place / f"{key}.npy", place / f"{key}.json"
    if not _is_whole(file, about):
        store.check_room(place, needed)
        _to_file(file, about, found, size, progress)
    written = json.loads(about.read_text())
    images = store.open_rows(file, memory_budget)
    return Reading(images, written["fingerprints"], {int(i): why for i, why in written["reasons"].items()}, file)


def _decoded(found: list[Found], size: int, progress: bool | None) -> Iterator[np.ndarray | str]:
    """Each file's pixels `(3, size, size)`, or why there are none, in order."""

    def read(one: Found) -> np.ndarray | str:
        try:
            return decode.decode(one.path, size)
        except ValueError as error:
            return str(error)

    show = len(found) >= MANY if progress is None else progress
    with (
        warnings.catch_warnings(),  # Pillow warns of odd files; the report has the same in one line
        ThreadPoolExecutor(decode.reading_threads()) as pool,
        tqdm(total=len(found), desc="reading images", unit=" files", disable=not show) as bar,
    ):
        warnings.simplefilter("ignore")
        for start in range(0, len(found), store.ROWS_AT_ONCE):  # no more than these wait, however slow the disk is
            for result in pool.map(read, found[start : start + store.ROWS_AT_ONCE]):
                bar.update()
                yield result


def _to_memory(found: list[Found], size: int, progress: bool | None) -> Reading:
    images = torch.empty(len(found), 3, size, size, dtype=torch.uint8)
    reading = Reading(images, [], {})
    for i, result in enumerate(_decoded(found, size, progress)):
        if isinstance(result, str):
            reading.reasons[i] = result
        else:
            images[len(reading.fingerprints)] = torch.from_numpy(result)
            reading.fingerprints.append(fingerprint(result))
    return replace(reading, images=images[: len(reading.fingerprints)])


def _key(root: Path, found: list[Found], size: int) -> str:
    key = hashlib.blake2b(json.dumps([decode.VERSION, size, str(root.resolve())]).encode(), digest_size=16)
    for one in found:
        status = one.status  # the time of the last change (ctime) moves even where a tool sets the others back
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev, one.label]
        key.update(json.dumps([one.name, *stamp]).encode())
    return key.hexdigest()


def _is_whole(file: Path, about: Path) -> bool:
    try:
        return file.stat().st_size == json.loads(about.read_text())["bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _to_file(file: Path, about: Path, found: list[Found], size: int, progress: bool | None) -> None:
    reasons: dict[int, str] = {}
    fingerprints: list[str] = []

    def rows() -> Iterator[np.ndarray]:
        for i, result in enumerate(_decoded(found, size, progress)):
            if isinstance(result, str):
                reasons[i] = result
            else:
                fingerprints.append(fingerprint(result))
                yield result

    store.write_rows(file, rows(), (3, size, size))
    summary = {"bytes": file.stat().st_size, "reasons": reasons, "fingerprints": fingerprints}
    write_atomically(about, lambda partial: partial.write_text(json.dumps(summary)))  # last: it says the rest is whole
