import contextlib
import errno
import gc
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from transferlab.data import store
from transferlab.data.store import cache_folder, check_room, is_mapped, mapped_file, open_rows, take, write_rows

SHAPE = (3, 4, 5)
BYTES = 60  # a row


def rows(number):
    return np.random.default_rng(0).integers(0, 256, (number, *SHAPE), dtype=np.uint8)


@pytest.fixture
def stored(tmp_path):
    """Rows on the disk, as numpy wrote them."""

    def write(number, budget=None):
        np.save(tmp_path / "images.npy", rows(number))
        return open_rows(tmp_path / "images.npy", budget)

    return write


@contextlib.contextmanager
def no_file_above(size):
    """A disk that is full after `size` bytes of a file, as the kernel itself reports it."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("number", [1, 9, 1234])
def test_what_is_written_row_by_row_is_a_file_of_numpys(tmp_path, number):
    path = tmp_path / "images.npy"
    assert write_rows(path, iter(rows(number)), SHAPE) == number
    assert np.array_equal(np.load(path), rows(number))
    assert os.listdir(tmp_path) == ["images.npy"]


def test_other_types_and_strided_rows(tmp_path):
    masks = rows(4)[:, 0].transpose(0, 2, 1) > 127
    write_rows(tmp_path / "masks.npy", masks, (5, 4), "bool")
    assert np.array_equal(np.load(tmp_path / "masks.npy"), masks)


def test_an_error_among_the_rows_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "images.npy"
    write_rows(path, rows(2), SHAPE)

    def broken():
        yield from rows(500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_rows(path, broken(), SHAPE)
    assert np.array_equal(np.load(path), rows(2))
    assert os.listdir(tmp_path) == ["images.npy"]


def test_a_disk_that_fills_gets_a_sentence_and_leaves_nothing(tmp_path):
    with no_file_above(100_000), pytest.raises(OSError, match=r"of images were written before .* Give cache= a folder"):
        write_rows(tmp_path / "images.npy", rows(5000), SHAPE)  # 300 kB
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Could not write .*Give cache= a folder"):
        write_rows(tmp_path / "file" / "images.npy", rows(2), SHAPE)


def test_stored_rows_are_a_tensor_that_numpy_agrees_with(stored):
    images = stored(9)
    assert torch.equal(images, torch.from_numpy(rows(9)))
    assert images.dtype == torch.uint8


def test_views_know_their_file_and_copies_are_in_memory(stored, tmp_path):
    images = stored(9)
    for view in (images, images[2:5], images[3], images.permute(0, 2, 3, 1)):
        assert mapped_file(view).path == tmp_path / "images.npy"
    for copy in (images[[1, 4]], images.clone(), images.float(), torch.zeros(3)):
        assert not is_mapped(copy)


def test_a_file_that_is_no_longer_used_is_forgotten(stored):
    before = len(store._mapped)
    images = stored(9)
    view = images[2:]
    del images
    gc.collect()
    assert is_mapped(view)
    del view
    gc.collect()
    assert len(store._mapped) == before


def test_a_pickle_under_the_name_is_refused(tmp_path):
    np.save(tmp_path / "images.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        open_rows(tmp_path / "images.npy")


@pytest.mark.parametrize("index", [[4], [3, 4, 5], [0, 2], [5, 1, 1, 0]])
@pytest.mark.parametrize("budget", [0, 10**9])
def test_take_gives_what_indexing_gives(stored, index, budget):
    images = stored(9, budget)
    assert torch.equal(take(images, torch.tensor(index)), torch.from_numpy(rows(9)[index]))
    assert torch.equal(take(images[2:8], torch.tensor(index)), torch.from_numpy(rows(9)[2:8][index]))


def test_take_loads_no_more_than_the_budget(stored, tmp_path):
    images = stored(900, budget=3 * BYTES)
    assert is_mapped(take(images, torch.arange(100, 800))), "neighbours are a view"
    assert not is_mapped(take(images, torch.tensor([1, 3, 5])))
    assert os.listdir(tmp_path) == ["images.npy"]
    chosen = torch.arange(0, 900, 2)
    large = take(images, chosen)
    assert torch.equal(large, torch.from_numpy(rows(900)[::2]))
    assert mapped_file(large).budget == 3 * BYTES
    (beside,) = set(tmp_path.iterdir()) - {tmp_path / "images.npy"}
    written = beside.stat()
    take(images, chosen)
    assert beside.stat().st_mtime_ns == written.st_mtime_ns, "a second call finds the file"


def test_other_rows_of_other_views_have_files_of_their_own(stored, tmp_path):
    images = stored(900, budget=0)
    chosen = torch.arange(0, 400, 2)
    first, shifted = take(images, chosen), take(images[1:], chosen)
    assert torch.equal(shifted, torch.from_numpy(rows(900)[1:401:2]))
    assert not torch.equal(first, shifted)


def test_without_a_budget_of_its_own_the_machine_is_asked(stored, monkeypatch):
    images = stored(9)
    monkeypatch.setattr(store, "memory_budget", lambda: BYTES)
    assert is_mapped(take(images, torch.tensor([1, 3])))
    monkeypatch.setattr(store, "memory_budget", lambda: 2 * BYTES)
    assert not is_mapped(take(images, torch.tensor([1, 3])))


def test_a_full_disk_during_take_leaves_nothing(stored, tmp_path):
    images = stored(5000, budget=0)
    with no_file_above(100_000), pytest.raises(OSError, match="Give cache= a folder"):
        take(images, torch.arange(0, 5000, 2))  # 150 kB
    assert os.listdir(tmp_path) == ["images.npy"]


def test_room_is_checked_before_the_work(tmp_path):
    check_room(tmp_path / "new" / "folder", 10)
    assert (tmp_path / "new" / "folder").is_dir()
    with pytest.raises(
        OSError, match=r"The images take 1,000,000,000,000 MB, but .* has room for .* MB. Give"
    ) as caught:
        check_room(tmp_path, 10**18)
    assert caught.value.errno == errno.ENOSPC


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Cannot keep images in .*file.*Give cache= another folder"):
        check_room(tmp_path / "file" / "cache", 10)


def test_the_cache_is_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path / "ours"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder(tmp_path / "given") == tmp_path / "given"
    assert cache_folder() == tmp_path / "ours"
    monkeypatch.delenv("TRANSFERLAB_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "transferlab"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "transferlab"
    assert cache_folder("~/mine") == tmp_path / "mine"


@pytest.mark.parametrize("why", ["read-only", "no home"])
def test_without_a_home_that_can_be_written_it_is_a_temporary_folder(tmp_path, monkeypatch, why):
    monkeypatch.delenv("TRANSFERLAB_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if why == "read-only":
        (tmp_path / ".cache").touch()  # a folder cannot be made below a file
        monkeypatch.setenv("HOME", str(tmp_path))
    else:

        def no_home(_):
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "expanduser", no_home)
    assert cache_folder().name.startswith("transferlab-")
    assert cache_folder().parent == Path(tempfile.gettempdir())
