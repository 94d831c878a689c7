"""A small archive in Tiny ImageNet's official layout, by the script and by the reader that pretraining uses."""

import sys
import zipfile
from pathlib import Path

import pytest

from tests.archive_files import colour, files_in, jpeg, offered, zipped
from tests.file_server import served
from transferlab.data import folder_splits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import tiny_imagenet
from preparing import prepare
from tiny_imagenet import class_names, read_photos

ROOT = "tiny-imagenet-200"
WORDS = (
    "n01443537\tgoldfish, Carassius auratus\nn02012849\tcrane\nn03126707\tcrane\nn03992509\tpotter's wheel\n"
    "n00000001\tnever asked for\n"
)
WNIDS = ["n03126707", "n01443537", "n02012849", "n03992509"]
TRAIN = {
    f"{ROOT}/train/{wnid}/images/{wnid}_{number}.JPEG": jpeg(10 * kind + number, 64)
    for kind, wnid in enumerate(WNIDS)
    for number in range(3)
}
VAL = {f"{ROOT}/val/images/val_{number}.JPEG": jpeg(100 + number, 64) for number in range(8)}
TABLES = {
    f"{ROOT}/wnids.txt": "\n".join(WNIDS).encode(),
    f"{ROOT}/words.txt": WORDS.encode(),
    f"{ROOT}/val/val_annotations.txt": "".join(
        f"val_{number}.JPEG\t{WNIDS[number % 4]}\t0\t32\t44\t62\n" for number in range(8)
    ).encode(),
}
OTHERS = {f"{ROOT}/test/images/test_0.JPEG": jpeg(200, 64), f"{ROOT}/train/n01443537/n01443537_boxes.txt": b"0 0 0 0"}
FILES = {"tiny-imagenet-200.zip": zipped(TABLES | TRAIN | VAL | OTHERS)}


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        yield web


def test_labelled_pictures_lie_in_folders_named_in_words(web, tmp_path):
    prepare(offered(web, tiny_imagenet, FILES), tmp_path / "tiny", tiny_imagenet.plan, tiny_imagenet.contents)
    found = {name: content for name, content in files_in(tmp_path / "tiny").items() if name.endswith(".JPEG")}
    assert len(found) == len(TRAIN) + len(VAL)
    assert found["train/goldfish/n01443537_2.JPEG"] == TRAIN[f"{ROOT}/train/n01443537/images/n01443537_2.JPEG"]
    assert found["val/crane (n02012849)/val_6.JPEG"] == VAL[f"{ROOT}/val/images/val_6.JPEG"]  # 6 mod 4 is 2
    data = folder_splits(tmp_path / "tiny", size=64)
    assert data.train.class_names == ("crane (n02012849)", "crane (n03126707)", "goldfish", "potter's wheel")
    assert data.held_out.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    goldfish = data.held_out.images[data.held_out.files.index("goldfish/val_5.JPEG")]
    assert goldfish[:, 30, 30].tolist() == pytest.approx(colour(105), abs=3)


def test_the_reader_for_pretraining_sees_the_same(tmp_path):
    with zipfile.ZipFile(tmp_path / "tiny.zip", "w") as archive:
        for name, content in (TABLES | TRAIN | VAL).items():
            archive.writestr(name, content)
        archive.extractall(tmp_path)
    photos, names = read_photos(tmp_path / ROOT, tmp_path / "cache.npz")
    assert names == ["crane", "goldfish", "crane", "potter's wheel"]
    assert photos["train_images"].shape == (12, 3, 64, 64)
    assert photos["val_labels"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert photos["val_images"][5, :, 30, 30].tolist() == pytest.approx(colour(105), abs=3)
    again, _ = read_photos(tmp_path / ROOT, tmp_path / "cache.npz")
    assert again["train_images"].equal(photos["train_images"])


@pytest.mark.parametrize("line", ["../../out.JPEG\tn01443537\t0", "val_1.JPEG\tn99999999\t0", "val_1.JPEG n01443537"])
def test_a_line_that_names_no_picture_and_class_is_said(web, tmp_path, line):
    tables = TABLES | {f"{ROOT}/val/val_annotations.txt": line.encode()}
    data = offered(web, tiny_imagenet, {"tiny-imagenet-200.zip": zipped(tables | TRAIN | VAL)})
    with pytest.raises(ValueError, match=r"val_annotations\.txt has a line that names no picture and class"):
        prepare(data, tmp_path / "tiny", tiny_imagenet.plan, tiny_imagenet.contents)


def test_names_are_words_that_no_other_class_has():
    assert class_names(["a", "b"], "a\tCrane, x\nb\tcrane, y\n") == {"a": "Crane (a)", "b": "crane (b)"}
    assert class_names(["a"], "a\tyellow lady's slipper / orchid\n") == {"a": "yellow lady's slipper orchid"}
    with pytest.raises(ValueError, match=r"words\.txt has no words for b"):
        class_names(["a", "b"], "a\tcrane\n")
