"""Small batches in CIFAR-10's binary format, row by row as its page describes it."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from torchvision.datasets import CIFAR10

from tests.archive_files import files_in, offered, tar_gz
from tests.file_server import served
from transferlab.data import folder_splits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import cifar10
from preparing import prepare

# By that page, a row is a byte with the label and 3,072 with the values of the pixels: 1,024 red, 1,024 green and 1,024
# blue ones, each in row-major order.
BATCHES = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]


def row(label: int, red: int, green: int, blue: int, marked: tuple[int, int] = (0, 0)) -> bytes:
    """A picture of one colour with a white pixel at row and column `marked`."""
    planes = [bytearray([value]) * 1024 for value in (red, green, blue)]
    for plane in planes:
        plane[32 * marked[0] + marked[1]] = 255
    return bytes([label]) + b"".join(planes)


def batch(number: int) -> bytes:
    return b"".join(row(label, number, 2 * label, 40, (3, 5)) for label in (3, 8, 9) for _ in range(2))


def files(**changed: bytes) -> dict[str, bytes]:
    batches = {name: batch(number) for number, name in enumerate(BATCHES)} | changed
    inside = {f"cifar-10-batches-bin/{name}.bin": content for name, content in batches.items()}
    return {"cifar-10-binary.tar.gz": tar_gz({"cifar-10-batches-bin/readme.html": b"<html>"} | inside)}


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        yield web


def test_every_row_becomes_a_picture_without_loss(web, tmp_path):
    prepare(offered(web, cifar10, files()), tmp_path / "cifar", cifar10.plan, cifar10.contents)
    found = [name for name in files_in(tmp_path / "cifar") if name.endswith(".png")]
    counted = Counter(tuple(name.split("/")[:2]) for name in found)
    assert counted == {(p, n): k for p, k in (("train", 10), ("test", 2)) for n in ("cat", "ship", "truck")}
    assert "train/cat/data_batch_1_00000.png" in found
    data = folder_splits(tmp_path / "cifar", size=32)
    assert data.train.class_names == ("cat", "ship", "truck")
    ship = data.train.files.index("ship/data_batch_2_00002.png")
    assert data.train.images[ship, :, 0, 0].tolist() == [1, 16, 40]  # batch 1 counted from 0, label 8
    assert data.train.images[ship, :, 3, 5].tolist() == [255, 255, 255]
    assert data.train.images[ship, :, 5, 3].tolist() == [1, 16, 40]


def test_few_are_chosen_from_the_rows(web, tmp_path):
    prepare(offered(web, cifar10, files()), tmp_path / "cifar", cifar10.plan, cifar10.contents, per_class=1)
    assert len([name for name in files_in(tmp_path / "cifar") if name.endswith(".png")]) == 2 * 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (batch(0)[:-1], r"18,437 bytes, which is no number of rows of 3,073"),
        (b"", "0 bytes, which is no number"),
        (row(10, 0, 0, 0), "has a label 10; there are 10 classes"),
    ],
)
def test_a_broken_batch_is_said(web, tmp_path, content, message):
    data = offered(web, cifar10, files(data_batch_3=content))
    with pytest.raises(ValueError, match=message):
        prepare(data, tmp_path / "cifar", cifar10.plan, cifar10.contents)
    assert not (tmp_path / "cifar").exists()


def test_the_other_archive_of_the_page_is_not_meant():
    assert cifar10.DATA.archives[0].file != CIFAR10.filename  # pickles
    assert len(cifar10.CLASSES) == 10
