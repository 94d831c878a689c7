"""CIFAR-10: 60,000 pictures of 32 × 32 pixels in ten classes (Krizhevsky 2009), as folders of PNG files.

    python data_scripts/cifar10.py cifar10                  # 170 MB
    python data_scripts/cifar10.py cifar10_small --per-class 100

The official parts: 50,000 pictures in train/, 10,000 in test/. Read from the binary version: the one for Python is made
of pickles, which may run whatever they like.
"""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from data_sets import Archive, DataSet, Place
from PIL import Image
from preparing import Archives, command
from unpacking import read_archive

DATA = DataSet(
    name="cifar10",
    title="CIFAR-10",
    page="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="not stated on its page, which asks to cite the report",
    paper="Krizhevsky, Learning multiple layers of features from tiny images (2009)",
    split="official: five training batches and a test batch",
    archives=(
        Archive(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            170_052_171,
            "md5:c32a1d4ab5d03f1284b67883e8d87530",
            "as its page states",
        ),
    ),
)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")  # batches.meta.txt
BATCHES = {f"cifar-10-batches-bin/data_batch_{number}.bin": "train" for number in range(1, 6)}
BATCHES["cifar-10-batches-bin/test_batch.bin"] = "test"
ROW = 1 + 3 * 32 * 32  # a label, then red, green and blue, row by row


def plan(archives: Archives) -> dict[str, Place]:
    """Every row of the six batches, by its batch and number: `data_batch_1_00017`."""
    places = {}
    for name, rows in _batches(archives):
        for number, label in enumerate(rows[:, 0].tolist()):
            key = _key(name, number)
            places[key] = Place(BATCHES[name], CLASSES[label], f"{key}.png")
    return places


def contents(archives: Archives, keys: set[str]) -> Iterator[tuple[str, bytes]]:
    for name, rows in _batches(archives):
        for number, row in enumerate(rows):
            if (key := _key(name, number)) in keys:
                file = BytesIO()
                Image.fromarray(row[1:].reshape(3, 32, 32).transpose(1, 2, 0)).save(file, "PNG")
                yield key, file.getvalue()


def _batches(archives: Archives) -> Iterator[tuple[str, np.ndarray]]:
    for name, content in read_archive(archives["cifar-10-binary.tar.gz"], BATCHES):
        if not content or len(content) % ROW:
            raise ValueError(f"{name} has {len(content):,} bytes, which is no number of rows of {ROW:,}.")
        rows = np.frombuffer(content, dtype=np.uint8).reshape(-1, ROW)
        if rows[:, 0].max() >= len(CLASSES):
            raise ValueError(f"{name} has a label {rows[:, 0].max()}; there are {len(CLASSES)} classes.")
        yield name, rows


def _key(batch: str, number: int) -> str:
    return f"{batch.rpartition('/')[2].removesuffix('.bin')}_{number:05}"


if __name__ == "__main__":
    raise SystemExit(command(DATA, plan, contents))
