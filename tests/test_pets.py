"""Small archives with lists as Oxford-IIIT Pets has them; torchvision's own reader is the judge."""

import shutil
import sys
from pathlib import Path

import pytest
from torchvision.datasets import OxfordIIITPet

from tests.archive_files import colour, files_in, jpeg, offered, tar_gz
from tests.file_server import served
from transferlab.data import folder_splits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import pets
from preparing import command, prepare

# Image CLASS-ID SPECIES BREED-ID, as in the archive
TRAINVAL = "Abyssinian_1 1 1 1\nAbyssinian_2 1 1 1\namerican_bulldog_10 2 2 1\nwheaten_terrier_3 37 2 25\n"
TEST = "Abyssinian_3 1 1 1\namerican_bulldog_11 2 2 1\nwheaten_terrier_4 37 2 25\nwheaten_terrier_5 37 2 25\n"
NAMES = [line.split()[0] for line in (TRAINVAL + TEST).splitlines()]
PICTURES = {name: jpeg(number) for number, name in enumerate([*NAMES, "Bombay_99"])}  # one that is in no list
FILES = {
    "images.tar.gz": tar_gz({f"images/{name}.jpg": content for name, content in PICTURES.items()}),
    "annotations.tar.gz": tar_gz(
        {
            "annotations/README": b"The annotations.\n",
            "annotations/trainval.txt": TRAINVAL.encode(),
            "annotations/test.txt": TEST.encode(),
            "annotations/trimaps/._Abyssinian_1.png": b"left behind by a Mac",
        }
    ),
}


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        yield web


def test_the_parts_and_names_are_torchvisions(web, tmp_path):
    dest = tmp_path / "pets"
    assert command(offered(web, pets, FILES), pets.plan, pets.contents, [str(dest), "--keep-archive"]) == 0
    found = {name for name in files_in(dest) if name.endswith(".jpg")}
    root = tmp_path / "torchvision" / "oxford-iiit-pet"
    for file in FILES:
        shutil.unpack_archive(tmp_path / "pets-archives" / file, root)
    expected = set()
    for part, ours in (("trainval", "train"), ("test", "test")):
        theirs = OxfordIIITPet(root.parent, split=part)
        for path in theirs._images:
            (name,) = (one for one in theirs.classes if path.stem.lower().startswith(one.lower().replace(" ", "_")))
            expected.add(f"{ours}/{name}/{path.name}")
    assert found == expected
    assert "train/American Bulldog/american_bulldog_10.jpg" in found


def test_what_is_read_is_what_was_drawn(web, tmp_path):
    prepare(offered(web, pets, FILES), tmp_path / "pets", pets.plan, pets.contents)
    data = folder_splits(tmp_path / "pets", size=8)
    assert data.train.class_names == ("Abyssinian", "American Bulldog", "Wheaten Terrier")
    assert data.train.labels.tolist() == [0, 0, 1, 2]
    assert data.held_out.labels.tolist() == [0, 1, 2, 2]
    assert data.held_out.images[3, :, 4, 4].tolist() == pytest.approx(colour(7), abs=3)  # wheaten_terrier_5, the eighth


@pytest.mark.parametrize("line", ["../../out_1 1 1 1", "Abyssinian 1 1 1", "/etc/passwd_1 1 1 1", "Abyssinian_1"])
def test_a_line_that_names_no_picture_is_said(web, tmp_path, line):
    lists = {"annotations/trainval.txt": (TRAINVAL + line + "\n").encode(), "annotations/test.txt": TEST.encode()}
    data = offered(web, pets, FILES | {"annotations.tar.gz": tar_gz(lists)})
    with pytest.raises(ValueError, match=r"trainval\.txt has a line that names no picture"):
        prepare(data, tmp_path / "pets", pets.plan, pets.contents)


def test_a_picture_that_is_missing_is_said(web, tmp_path):
    few = {f"images/{name}.jpg": PICTURES[name] for name in NAMES[1:]}
    data = offered(web, pets, FILES | {"images.tar.gz": tar_gz(few)})
    with pytest.raises(ValueError, match=r"1 files are not in it, such as 'images/Abyssinian_1\.jpg'"):
        prepare(data, tmp_path / "pets", pets.plan, pets.contents)
    assert not (tmp_path / "pets").exists()
