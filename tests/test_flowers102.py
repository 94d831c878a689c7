"""A small archive with MATLAB files as Flowers-102 has them; torchvision's own reader is the judge."""

import hashlib
import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from torchvision.datasets import Flowers102

from tests.archive_files import colour, files_in, jpeg, offered, tar_gz
from tests.file_server import served
from transferlab.data import folder_splits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import flowers102
from preparing import command, prepare

LABELS = [77, 13, 77, 13, 77, 13, 60, 60, 60]  # of pictures 1 to 9
PARTS = {"trnid": [1, 2, 7], "valid": [4, 3, 8], "tstid": [5, 6, 9]}


def matlab(**arrays) -> bytes:
    file = io.BytesIO()
    savemat(file, {name: np.array([values], dtype=np.uint8) for name, values in arrays.items()})  # (1, N), as there
    return file.getvalue()


FILES = {
    "102flowers.tgz": tar_gz({f"jpg/image_{number:05}.jpg": jpeg(number) for number in range(1, 10)}),
    "imagelabels.mat": matlab(labels=LABELS),
    "setid.mat": matlab(**PARTS),
}


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        yield web


def test_the_parts_and_names_are_torchvisions(web, tmp_path, monkeypatch):
    dest = tmp_path / "flowers"
    data = offered(web, flowers102, FILES)
    assert command(data, flowers102.plan, flowers102.contents, [str(dest), "--keep-archive"]) == 0
    found = {name for name in files_in(dest) if name.endswith(".jpg")}
    digests = {key: (file, hashlib.md5(FILES[file]).hexdigest()) for key, (file, _) in Flowers102._file_dict.items()}
    monkeypatch.setattr(Flowers102, "_file_dict", digests)
    root = tmp_path / "torchvision" / "flowers-102"
    root.mkdir(parents=True)
    shutil.unpack_archive(tmp_path / "flowers-archives" / "102flowers.tgz", root)
    for file in ("imagelabels.mat", "setid.mat"):
        (root / file).write_bytes(FILES[file])
    expected = set()
    for part in ("train", "val", "test"):
        theirs = Flowers102(root.parent, split=part)
        for path, label in zip(theirs._image_files, theirs._labels, strict=True):
            expected.add(f"{part}/{theirs.classes[label].rstrip('?')}/{path.name}")
    assert found == expected
    assert "val/passion flower/image_00003.jpg" in found  # by hand: label 77, counted from 1


def test_the_classes_are_torchvisions():
    assert list(flowers102.CLASSES) == Flowers102.classes


def test_what_is_read_is_what_was_drawn(web, tmp_path):
    prepare(offered(web, flowers102, FILES), tmp_path / "flowers", flowers102.plan, flowers102.contents)
    data = folder_splits(tmp_path / "flowers", size=8)
    assert data.train.class_names == ("king protea", "passion flower", "pink-yellow dahlia")
    assert (len(data.train), len(data.held_out)) == (3, 3)
    assert "not read: test/" in data.notes
    passion = data.train.images[data.train.labels == 1][0]  # picture 1
    assert passion[:, 4, 4].tolist() == pytest.approx(colour(1), abs=3)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("imagelabels.mat", matlab(labels=[*LABELS[:-1], 103]), "not as expected: KeyError 103"),
        ("imagelabels.mat", matlab(labels=[*LABELS[:-1], 0]), "not as expected: KeyError 0"),
        ("imagelabels.mat", matlab(other=LABELS), "not as expected: KeyError 'labels'"),
        ("imagelabels.mat", matlab(labels=LABELS[:-1]), "names picture 9, and imagelabels.mat has 8 labels"),
        ("setid.mat", matlab(**PARTS | {"tstid": [0, 5, 6, 9]}), "names picture 0"),
        ("setid.mat", b"no matrix", "not as expected"),
        ("102flowers.tgz", tar_gz({"jpg/image_00001.jpg": jpeg(1)}), "8 files are not in it"),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_are_said(web, tmp_path, file, content, message):
    data = offered(web, flowers102, FILES | {file: content})
    with pytest.raises(ValueError, match=message):
        prepare(data, tmp_path / "flowers", flowers102.plan, flowers102.contents)
    assert not (tmp_path / "flowers").exists()


def test_scipy_is_asked_for(web, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(ValueError, match=r"Type pip install scipy\."):
        prepare(offered(web, flowers102, FILES), tmp_path / "flowers", flowers102.plan, flowers102.contents)
