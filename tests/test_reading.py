import json
import os

import numpy as np
import pytest
import torch
from PIL import Image

from tests.test_store import no_file_above
from transferlab.data import decode, reading, store
from transferlab.data.listing import list_classes
from transferlab.data.reading import read_all

SIZE = 8


def pixels(seed):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


@pytest.fixture
def pictures(tmp_path):
    """A folder of `number` pictures whose pixels are known; those at `broken` are no pictures."""

    def make(number, broken=()):
        root = tmp_path / "insects"
        (root / "ants").mkdir(parents=True, exist_ok=True)
        for i in range(number):
            Image.fromarray(pixels(i)).save(root / "ants" / f"{i:03}.png")
        for i in broken:
            (root / "ants" / f"{i:03}.png").write_bytes(b"")
        return root, list_classes(root).found

    return make


def expected(*seeds):
    return torch.stack([torch.from_numpy(pixels(seed)).permute(2, 0, 1) for seed in seeds])


@pytest.mark.parametrize("budget", [None, 0])
def test_pictures_come_in_the_order_of_the_files_whatever_cannot_be_read(pictures, tmp_path, budget):
    root, found = pictures(6, broken=(0, 3))
    result = read_all(root, found, SIZE, budget, tmp_path / "cache")
    assert torch.equal(result.images, expected(1, 2, 4, 5))
    assert result.reasons == {0: "empty file", 3: "empty file"}
    assert len(set(result.fingerprints)) == 4
    assert store.is_mapped(result.images) == (budget == 0)
    assert (result.file is None) == (budget is None)


def test_the_budget_is_the_bytes_of_the_images(pictures, tmp_path):
    root, found = pictures(4)
    needed = 4 * 3 * SIZE * SIZE
    assert read_all(root, found, SIZE, needed, tmp_path / "cache").file is None
    assert not (tmp_path / "cache").exists()
    assert read_all(root, found, SIZE, needed - 1, tmp_path / "cache").file is not None


def test_without_a_budget_the_machine_is_asked(pictures, tmp_path, monkeypatch):
    root, found = pictures(2)
    monkeypatch.setattr(reading, "default_budget", lambda: 1)
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path / "cache"))
    file = read_all(root, found, SIZE).file
    assert file.parent == tmp_path / "cache" / "folders"


def test_more_pictures_than_are_read_ahead(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ROWS_AT_ONCE", 3)
    root, found = pictures(10)
    assert torch.equal(read_all(root, found, SIZE).images, expected(*range(10)))


def test_a_folder_that_did_not_change_is_not_read_again(pictures, tmp_path, monkeypatch):
    root, found = pictures(4, broken=(1,))
    first = read_all(root, found, SIZE, 0, tmp_path / "cache")
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("it was read again"))
    again = read_all(root, list_classes(root).found, SIZE, 0, tmp_path / "cache")
    assert torch.equal(again.images, expected(0, 2, 3))
    assert (again.file, again.reasons, again.fingerprints) == (first.file, first.reasons, first.fingerprints)


@pytest.mark.parametrize("change", ["another picture", "a new file", "a file less", "a new name", "another size"])
def test_a_folder_that_changed_is_read_anew(pictures, tmp_path, change):
    root, found = pictures(4)
    first = read_all(root, found, SIZE, 0, tmp_path / "cache")
    size = SIZE
    if change == "another picture":
        path = root / "ants" / "001.png"
        times = path.stat()
        Image.fromarray(pixels(77)).save(path)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as tools do that set the time back
    elif change == "a new file":
        Image.fromarray(pixels(77)).save(root / "ants" / "004.png")
    elif change == "a file less":
        (root / "ants" / "001.png").unlink()
    elif change == "a new name":
        (root / "ants" / "001.png").rename(root / "ants" / "009.png")
    else:
        size = SIZE // 2
    again = read_all(root, list_classes(root).found, size, 0, tmp_path / "cache")
    assert again.file != first.file
    if change == "another picture":
        assert torch.equal(again.images, expected(0, 77, 2, 3))


@pytest.mark.parametrize("damage", ["no summary", "a broken summary", "a short file", "no file"])
def test_a_kept_file_that_is_not_whole_is_made_again(pictures, tmp_path, damage):
    root, found = pictures(4)
    file = read_all(root, found, SIZE, 0, tmp_path / "cache").file
    about = file.with_suffix(".json")
    if damage == "no summary":
        about.unlink()
    elif damage == "a broken summary":
        about.write_text("{")
    elif damage == "a short file":
        file.write_bytes(file.read_bytes()[:-10])
    else:
        file.unlink()
    assert torch.equal(read_all(root, found, SIZE, 0, tmp_path / "cache").images, expected(0, 1, 2, 3))
    assert json.loads(about.read_text())["bytes"] == file.stat().st_size


def test_a_disk_with_too_little_room_is_found_before_the_work(pictures, tmp_path, monkeypatch):
    root, found = pictures(4)
    usage = store.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: usage._replace(free=100))
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("it was read nevertheless"))
    with pytest.raises(OSError, match=r"Give cache= a folder with more room, or a smaller size="):
        read_all(root, found, SIZE, 0, tmp_path / "cache")


def test_a_disk_that_fills_on_the_way_leaves_nothing(pictures, tmp_path):
    root, found = pictures(4)
    with no_file_above(600), pytest.raises(OSError, match="were written before it stopped and are removed"):
        read_all(root, found, SIZE, 0, tmp_path / "cache")
    assert list((tmp_path / "cache" / "folders").iterdir()) == []
    assert torch.equal(read_all(root, found, SIZE, 0, tmp_path / "cache").images, expected(0, 1, 2, 3))


def test_a_cache_that_cannot_be_written_gets_a_sentence(pictures, tmp_path):
    root, found = pictures(4)
    (tmp_path / "cache").touch()
    with pytest.raises(OSError, match=r"Cannot keep images in .*Give cache= another folder"):
        read_all(root, found, SIZE, 0, tmp_path / "cache")


@pytest.mark.parametrize("budget", [None, 0])
def test_a_folder_where_nothing_can_be_read(pictures, tmp_path, budget):
    root, found = pictures(2, broken=(0, 1))
    result = read_all(root, found, SIZE, budget, tmp_path / "cache")
    assert len(result.images) == 0
    assert set(result.reasons) == {0, 1}


@pytest.mark.parametrize("budget", ["1 GB", -1, True, float("nan")])
def test_a_budget_that_is_none(pictures, budget):
    with pytest.raises(ValueError, match="memory_budget is a number of bytes such as 500_000_000; you gave"):
        read_all(*pictures(1), SIZE, budget)


def test_the_bar_shows_when_asked(pictures, capsys):
    root, found = pictures(3)
    read_all(root, found, SIZE)
    assert capsys.readouterr().err == ""
    read_all(root, found, SIZE, progress=True)
    assert "3/3" in capsys.readouterr().err
