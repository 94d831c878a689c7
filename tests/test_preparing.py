"""One made-up set through every way that a preparation can go; the real sets have tests of their own."""

import hashlib
import json
import shutil
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archive_files import files_in, jpeg, offered, tar_gz
from tests.file_server import served
from transferlab.data import folder_splits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import preparing
from data_sets import Archive, DataSet, Place
from preparing import command, few, prepare, unreadable
from unpacking import read_archive

DATA = DataSet(
    "shapes", "Shapes", "https://example.org/shapes", "CC0", "nobody (2026)", "official",
    (Archive("https://example.org/shapes.tar.gz", 0, ""),),
)  # fmt: skip
PICTURES = {
    f"{part}/{name}/{number}.jpg": jpeg(number)
    for part, numbers in (("train", range(6)), ("val", range(6, 9)))
    for name in ("circle", "square")
    for number in numbers
}
ARCHIVE = tar_gz(PICTURES)


def plan(archives):
    return {key: Place(*key.split("/")) for key in PICTURES}


def contents(archives, keys):
    yield from read_archive(archives["shapes.tar.gz"], keys)


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        yield web


@pytest.fixture
def data(web):
    return offered(web, types.SimpleNamespace(DATA=DATA), {"shapes.tar.gz": ARCHIVE})


def test_pictures_lie_where_the_lessons_read_them(data, tmp_path):
    dest = tmp_path / "shapes"
    assert str(prepare(data, dest, plan, contents)) == f"{dest} is ready: 12 in train/, 6 in val/, 2 classes."
    found = files_in(dest)
    assert {name: found.pop(name) for name in PICTURES} == PICTURES  # not a byte was changed
    assert set(found) == {"dataset.json", "README.txt", "SHA256SUMS"}
    splits = folder_splits(dest, size=8)
    assert (len(splits.train), len(splits.held_out)) == (12, 6)
    assert splits.train.class_names == ("circle", "square")
    assert [one.name for one in tmp_path.iterdir()] == ["shapes"]


def test_the_card_says_where_all_came_from(data, tmp_path):
    prepare(data, tmp_path / "shapes", plan, contents)
    card = json.loads((tmp_path / "shapes" / "dataset.json").read_text())
    assert (card["licence"], card["page"], card["per_class"]) == ("CC0", "https://example.org/shapes", None)
    assert card["counts"] == {"train": {"circle": 6, "square": 6}, "val": {"circle": 3, "square": 3}}
    assert card["num_bytes"] == sum(map(len, PICTURES.values()))
    assert card["archives"][0]["sha256"] == hashlib.sha256(ARCHIVE).hexdigest()
    sums = (tmp_path / "shapes" / "SHA256SUMS").read_text().splitlines()
    assert sums == sorted(
        (f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in PICTURES.items()),
        key=lambda line: line.split()[1],
    )
    text = (tmp_path / "shapes" / "README.txt").read_text()
    assert "Licence: CC0\n" in text
    assert "    train/  12 pictures\n    val/    6 pictures\n" in text


def test_again_it_asks_nobody(web, data, tmp_path):
    dest = tmp_path / "shapes"
    prepare(data, dest, plan, contents)
    assert "is there already: 12 in train/" in str(prepare(data, dest, plan, contents))
    assert len(web.asked) == 1
    with pytest.raises(ValueError, match="holds shapes, made whole"):
        prepare(data, dest, plan, contents, per_class=2)
    with pytest.raises(ValueError, match="holds shapes"):
        prepare(replace(data, name="forms"), dest, plan, contents)


def test_few_of_each_class_are_the_same_ones_each_time(data, tmp_path):
    for number in (2, 4):
        prepare(data, tmp_path / str(number), plan, contents, per_class=number)
    two, four = (files_in(tmp_path / str(number)) for number in (2, 4))
    pictures = [{name for name in found if name.endswith(".jpg")} for found in (two, four)]
    assert [len(one) for one in pictures] == [2 * 2 * 2, 2 * 4 + 2 * 3]
    assert pictures[0] < pictures[1]
    with pytest.raises(ValueError, match="holds shapes, made with --per-class 2"):
        prepare(data, tmp_path / "2", plan, contents)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"1 or more; you gave {wrong}"):
            prepare(data, tmp_path / "3", plan, contents, per_class=wrong)


def test_few_have_nothing_to_do_with_the_order():
    places = {f"{number:03}": Place("train", "a", f"{number}.jpg") for number in range(100)}
    chosen = [int(key) for key in few(places, 30)]
    assert 35 < sum(chosen) / 30 < 65  # the first thirty would have 14.5
    assert few(places, None) is places


def test_an_interrupted_download_goes_on(web, data, tmp_path, capsys):
    web.manners.breaks_after = 500
    assert command(data, plan, contents, [str(tmp_path / "shapes")]) == 1
    said = capsys.readouterr().out
    assert "https://example.org/shapes.tar.gz could not be downloaded (it broke off" in said
    assert f"or put the file into {tmp_path / 'shapes-archives'} by hand" in said
    assert not (tmp_path / "shapes").exists()
    web.manners.breaks_after = None
    assert command(data, plan, contents, [str(tmp_path / "shapes")]) == 0
    assert web.asked[-1][1] == "bytes=500-"
    assert "is ready" in capsys.readouterr().out


def test_what_was_put_there_by_hand_is_checked_used_and_kept(web, data, tmp_path):
    folder = tmp_path / "shapes-archives"
    folder.mkdir()
    (folder / "shapes.tar.gz").write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"is not https://example.org/shapes.tar.gz: it has another md5"):
        prepare(data, tmp_path / "shapes", plan, contents)
    (folder / "shapes.tar.gz").write_bytes(ARCHIVE)
    assert f"The archives stay in {folder}." in str(prepare(data, tmp_path / "shapes", plan, contents))
    assert web.asked == []
    assert (folder / "shapes.tar.gz").read_bytes() == ARCHIVE


def test_archives_are_kept_where_that_is_asked(data, tmp_path):
    assert command(data, plan, contents, [str(tmp_path / "shapes"), "--keep-archive"]) == 0
    assert (tmp_path / "shapes-archives" / "shapes.tar.gz").read_bytes() == ARCHIVE


def test_a_wrong_checksum_makes_no_folder(web, data, tmp_path):
    web.files["example.org/shapes.tar.gz"] = tar_gz(PICTURES | {"train/circle/0.jpg": jpeg(99)})
    with pytest.raises(ValueError, match=r"its md5 is .* was announced"):
        prepare(data, tmp_path / "shapes", plan, contents)
    assert files_in(tmp_path) == {}


def test_a_kill_half_way_leaves_nothing_that_looks_whole(data, tmp_path):
    def killed(archives, keys):
        for number, one in enumerate(contents(archives, keys)):
            if number == 5:
                raise KeyboardInterrupt
            yield one

    with pytest.raises(KeyboardInterrupt):
        prepare(data, tmp_path / "shapes", plan, killed)
    assert not (tmp_path / "shapes").exists()
    (tmp_path / "shapes.partial" / "train").mkdir(parents=True)  # as a power cut would leave it
    (tmp_path / "shapes.partial" / "train" / "old.jpg").touch()
    prepare(data, tmp_path / "shapes", plan, contents)
    assert not (tmp_path / "shapes" / "train" / "old.jpg").exists()
    assert not (tmp_path / "shapes.partial").exists()


def test_a_folder_of_somebody_else_is_left_alone(data, tmp_path, capsys):
    (tmp_path / "letter.txt").touch()
    assert command(data, plan, contents, [str(tmp_path)]) == 1
    assert "is there and was not made by this script" in capsys.readouterr().out
    (tmp_path / "dataset.json").write_text("[]")
    assert command(data, plan, contents, [str(tmp_path)]) == 1


def test_an_unreadable_picture_is_left_out_and_said(web, tmp_path, monkeypatch):
    broken = PICTURES | {"val/square/7.jpg": b"<html>"}
    data = offered(web, types.SimpleNamespace(DATA=DATA), {"shapes.tar.gz": tar_gz(broken)})
    with pytest.raises(ValueError, match=r"1 of 18 pictures are unreadable: val/square/7\.jpg \(cannot identify"):
        prepare(data, tmp_path / "shapes", plan, contents)
    monkeypatch.setattr(preparing, "MOST_LEFT_OUT", 0.1)
    assert "Left out, unreadable: val/square/7.jpg" in str(prepare(data, tmp_path / "shapes", plan, contents))
    assert not (tmp_path / "shapes" / "val" / "square" / "7.jpg").exists()
    card = json.loads((tmp_path / "shapes" / "dataset.json").read_text())
    assert card["counts"]["val"] == {"circle": 3, "square": 2}
    assert list(card["left_out"]) == ["val/square/7.jpg"]


def test_a_class_that_is_missing_in_a_part_is_said(data, tmp_path):
    def without(archives):
        return {key: place for key, place in plan(archives).items() if not key.startswith("val/square")}

    with pytest.raises(ValueError, match=r"different classes: \{'train': 2, 'val': 1\}"):
        prepare(data, tmp_path / "shapes", without, contents)


@pytest.mark.parametrize(
    "place",
    [
        Place("train", "circle", "../../out.jpg"), Place("train", "..", "0.jpg"), Place("../train", "circle", "0.jpg"),
        Place("train", "a/b", "0.jpg"), Place("train", "", "0.jpg"), Place("train", "circle", ".hidden"),
    ],
)  # fmt: skip
def test_no_picture_leaves_its_folder(data, tmp_path, place):
    def leading(archives):
        return plan(archives) | {"train/circle/0.jpg": place}

    with pytest.raises(ValueError, match="is no place for a picture"):
        prepare(data, tmp_path / "shapes", leading, contents)
    assert {path.split("/")[0] for path in files_in(tmp_path)} == {"shapes-archives"}


def test_no_room_is_said_before(web, data, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 9 * 10**8, 10**8))
    with pytest.raises(OSError, match=r"2,500 MB are needed"):
        prepare(replace(data, archives=(replace(data.archives[0], num_bytes=10**9),)), tmp_path / "s", plan, contents)
    assert web.asked == []


def test_what_is_a_picture():
    assert unreadable(jpeg(1)) == ""
    assert unreadable(b"") == "cannot identify image file"
    assert unreadable(jpeg(1)[:20]) != ""


@pytest.mark.parametrize("script", ["flowers102", "pets", "eurosat", "cifar10", "tiny_imagenet"])
def test_each_script_says_what_it_will_download(script, capsys):
    module = __import__(script)
    with pytest.raises(SystemExit):
        command(module.DATA, module.plan, module.contents, ["--help"])
    said = capsys.readouterr().out
    for word in ("https://", "bytes; md5:", "Licence: ", "Paper: ", "Parts: ", "--per-class", "--keep-archive"):
        assert word in said
    assert module.__doc__.count(f"python data_scripts/{script}.py") == 2
