"""A small archive in EuroSAT's layout; torchvision's own reader is the judge of classes and pictures."""

import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from torchvision.datasets import EuroSAT

from tests.archive_files import files_in, jpeg, offered, zipped
from tests.file_server import served
from transferlab.data import folder_splits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import eurosat
from preparing import prepare

CLASSES = {"AnnualCrop": "annual crop", "Forest": "forest", "SeaLake": "sea lake"}
PICTURES = {
    f"2750/{name}/{name}_{number}.jpg": jpeg(100 * kind + number)
    for kind, name in enumerate(CLASSES)
    for number in range(1, 11)
}
FILES = {"EuroSAT.zip": zipped({"2750/": b"", "2750/Forest/": b""} | PICTURES)}


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        yield web


def test_every_picture_is_in_one_part_and_six_two_two_of_each_class(web, tmp_path):
    prepare(offered(web, eurosat, FILES), tmp_path / "eurosat", eurosat.plan, eurosat.contents, keep_archive=True)
    found = {name: content for name, content in files_in(tmp_path / "eurosat").items() if name.endswith(".jpg")}
    counted = Counter(tuple(name.split("/")[:2]) for name in found)
    assert counted == {
        (part, name): number
        for part, number in (("train", 6), ("val", 2), ("test", 2))
        for name in CLASSES.values()
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "eurosat-archives" / "EuroSAT.zip") as archive:
        archive.extractall(tmp_path / "torchvision" / "eurosat")
    theirs = EuroSAT(tmp_path / "torchvision")
    expected = {Path(path).name: CLASSES[theirs.classes[label]] for path, label in theirs.samples}
    assert {name.split("/")[2]: name.split("/")[1] for name in found} == expected
    assert sorted(found.values()) == sorted(PICTURES.values())


def test_the_parts_are_the_same_ones_in_whatever_order_the_archive_is(web, tmp_path):
    turned = {"EuroSAT.zip": zipped(dict(reversed(PICTURES.items())))}
    names = []
    for number, files in enumerate((FILES, turned)):
        prepare(offered(web, eurosat, files), tmp_path / str(number), eurosat.plan, eurosat.contents)
        names.append({name for name in files_in(tmp_path / str(number)) if name.endswith(".jpg")})
    assert names[0] == names[1]
    forests = sorted(int(name.split("_")[1][:-4]) for name in names[0] if name.startswith("train/forest"))
    assert forests != list(range(1, 7))  # not the first ones, which may be neighbours


def test_the_lessons_read_it(web, tmp_path):
    prepare(offered(web, eurosat, FILES), tmp_path / "eurosat", eurosat.plan, eurosat.contents, per_class=2)
    data = folder_splits(tmp_path / "eurosat", size=8)
    assert data.train.class_names == ("annual crop", "forest", "sea lake")
    assert (len(data.train), len(data.held_out)) == (6, 6)


@pytest.mark.parametrize("name", ["2750/Forest/../../out.jpg", "2750/Forest/River_1.jpg", "2750/../out/out_1.jpg"])
def test_what_is_named_otherwise_is_no_picture_of_the_set(web, tmp_path, name):
    data = offered(web, eurosat, {"EuroSAT.zip": zipped(PICTURES | {name: jpeg(1)})})
    prepared = prepare(data, tmp_path / "eurosat", eurosat.plan, eurosat.contents)
    assert sum(sum(counts.values()) for counts in prepared.counts.values()) == len(PICTURES)
    assert {path.name for path in tmp_path.iterdir()} == {"eurosat"}
