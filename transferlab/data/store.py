"""Images on the disk that behave as a tensor: a .npy file, mapped into memory and read a page at a time.

`torch.from_numpy(np.memmap)` copies nothing, so that a folder ten times the memory trains as any other. Files are
written from rows as they come, whole or not at all. Left out: compression, and writing through the map (on a full disk
that kills the process, while a plain write raises an error).
"""

import errno
import hashlib
import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from transferlab.data.memory import memory_budget
from transferlab.files import write_atomically

ROWS_AT_ONCE = 256  # rows gathered before they are written: 3 MB of 64-pixel images


@dataclass(frozen=True)
class Mapped:
    path: Path
    budget: int | None  # bytes that a choice of these rows may take in memory; None asks the machine each time


_mapped: dict[int, Mapped] = {}  # address of the mapped bytes → the file; views of a tensor share it


def cache_folder(cache: str | Path | None = None) -> Path:
    """Where files that can be made again are kept: `cache`, or $TRANSFERLAB_CACHE, or the user's cache folder.

        >>> cache_folder()
        PosixPath('/home/ada/.cache/transferlab')

    Where that cannot be written, as on a read-only home, it is a folder of this user's among the temporary files.
    """
    if cache is not None:
        return Path(cache).expanduser()
    if os.environ.get("TRANSFERLAB_CACHE"):
        return Path(os.environ["TRANSFERLAB_CACHE"]).expanduser()
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "transferlab"
        home.mkdir(parents=True, exist_ok=True)
        if os.access(home, os.W_OK):
            return home
    except (OSError, RuntimeError):  # RuntimeError: a container's user may have no home at all
        pass
    return Path(tempfile.gettempdir()) / f"transferlab-{os.getuid() if hasattr(os, 'getuid') else 'cache'}"


def check_room(folder: Path, size: int) -> None:
    """Make `folder` and see that `size` bytes fit, before an hour goes into what could not be written.

        >>> check_room(Path("cache"), 12 * 10**9)

    Raises OSError where the folder cannot be made or has less room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno, f"Cannot keep images in {folder} ({reason}). Give cache= another folder.") from error
    if free < size:
        raise OSError(
            errno.ENOSPC,
            f"The images take {size / 1e6:,.0f} MB, but {folder} has room for {free / 1e6:,.0f} MB. "
            "Give cache= a folder with more room, or a smaller size=.",
        )


def write_rows(path: Path, rows: Iterable[np.ndarray], row_shape: tuple[int, ...], dtype: str = "uint8") -> int:
    """Write `rows`, each of `row_shape`, as one .npy file `(N, *row_shape)`; returns N.

        >>> write_rows(Path("images.npy"), (decode(file) for file in files), (3, 64, 64))
        1000

    How many rows come need not be known beforehand. The file takes its name when it is complete; after an error nothing
    of it remains. Raises OSError where the folder cannot be written or the disk is full, with how far it came.
    """
    count = 0

    def write(partial: Path) -> None:
        nonlocal count
        with open(partial, "wb") as file:
            _write_header(file, (0, *row_shape), dtype)
            start = file.tell()
            for row in rows:
                assert (row.shape, row.dtype) == (row_shape, dtype)
                file.write(np.ascontiguousarray(row).tobytes())
                count += 1
            file.seek(0)
            _write_header(file, (count, *row_shape), dtype)
            assert file.tell() == start, "numpy leaves room in the header for a longer first axis"

    try:
        write_atomically(path, write)
    except OSError as error:
        megabytes = count * np.dtype(dtype).itemsize * int(np.prod(row_shape)) / 1e6
        raise OSError(
            error.errno,
            f"{error.strerror or error} {megabytes:,.0f} MB of images were written before it stopped and are removed. "
            "Give cache= a folder with more room, or a smaller size=.",
        ) from error
    return count


def _write_header(file, shape: tuple[int, ...], dtype: str) -> None:
    description = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)


def open_rows(path: Path, budget: int | None = None) -> Tensor:
    """The rows of a .npy file as a tensor that is read from the disk when it is used.

        >>> images = open_rows(Path("images.npy"))

    Nothing may be written into this tensor: the map is read-only and the system ends a process that tries.
    `images[rows]` and `.to(device)` make ordinary tensors, which may be written.
    """
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    with warnings.catch_warnings():  # torch warns of what the docstring says
        warnings.simplefilter("ignore", UserWarning)
        tensor = torch.from_numpy(array)
    address = tensor.untyped_storage().data_ptr()
    _mapped[address] = Mapped(Path(path), budget)
    weakref.finalize(array, _mapped.pop, address, None)
    return tensor


def mapped_file(images: Tensor) -> Mapped | None:
    """The file that a tensor, or a view of it, is read from; None for one in memory."""
    return _mapped.get(images.untyped_storage().data_ptr()) if images.device.type == "cpu" else None


def is_mapped(images: Tensor) -> bool:
    """Whether a tensor is read from a file."""
    return mapped_file(images) is not None


def take(images: Tensor, rows: Tensor) -> Tensor:
    """`images[rows]` that never loads more than it must: `rows` are positions, int64 on the CPU.

        >>> take(images, torch.tensor([4, 7]))

    Neighbours are a view. Other rows are copied into memory; those of a mapped file that are above its budget are
    copied into a file beside it, named after its content, which a second call finds.
    """
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows) and bool((rows.diff() == 1).all()):
        return images[first : last + 1]
    source = mapped_file(images)
    size = len(rows) * images[0].nbytes
    if source is None or size <= (memory_budget() if source.budget is None else source.budget):
        return images[rows.to(images.device)]
    key = hashlib.blake2b(rows.numpy().tobytes(), digest_size=8)
    key.update(f"{images.storage_offset()} {tuple(images.shape)}".encode())
    path = source.path.with_name(f"{source.path.stem}.{key.hexdigest()}.npy")
    if not path.exists():
        dtype = str(images.dtype).removeprefix("torch.")
        write_rows(path, _gathered(images, rows), tuple(images.shape[1:]), dtype)
    return open_rows(path, source.budget)


def _gathered(images: Tensor, rows: Tensor) -> Iterator[np.ndarray]:
    for chunk in rows.split(ROWS_AT_ONCE):
        yield from images[chunk].numpy()
