import pickle

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data import read_ahead as module
from transferlab.data.images import ImageSet, Splits
from transferlab.data.read_ahead import Rows, num_workers, read_ahead
from transferlab.data.store import open_rows, write_rows
from transferlab.feeding import Feed
from transferlab.recipes import fine_tuning
from transferlab.training import train


@pytest.fixture
def mapped(two_colours, tmp_path):
    """The training images of two colours, in a file."""
    images = two_colours.train
    write_rows(tmp_path / "images.npy", iter(images.images.numpy()), tuple(images.images.shape[1:]))
    return ImageSet(open_rows(tmp_path / "images.npy"), images.labels, images.class_names, name=images.name)


def batches(number):
    return list(torch.randperm(number, generator=torch.Generator().manual_seed(0)).split(5))


def test_batches_come_in_the_order_that_was_decided(mapped, monkeypatch):
    monkeypatch.setattr(module, "num_workers", lambda: 2)
    state = torch.get_rng_state()
    wanted = batches(32)
    for index, pixels in zip(wanted, read_ahead(mapped, wanted), strict=True):
        assert torch.equal(pixels, mapped.images[index])
    assert torch.equal(torch.get_rng_state(), state)  # no number of the caller's was drawn


def test_a_slice_of_a_mapped_set_is_read_from_where_it_lies(mapped, monkeypatch):
    monkeypatch.setattr(module, "num_workers", lambda: 1)
    part = mapped.subset(slice(7, 20))
    (pixels,) = read_ahead(part, [torch.tensor([0, 12])])
    assert torch.equal(pixels, mapped.images[[7, 19]])


def test_a_worker_that_is_started_afresh_opens_the_file_itself(mapped):
    rows = Rows(mapped)
    rows[torch.tensor([0])]
    sent = pickle.dumps(rows)
    assert len(sent) < 2000
    assert torch.equal(pickle.loads(sent)[torch.tensor([3, 1])], mapped.images[[3, 1]])
    assert len(rows) == 32


def test_nothing_is_read_ahead_where_that_gains_nothing(mapped, two_colours, monkeypatch):
    monkeypatch.setattr(module, "num_workers", lambda: 1)
    assert read_ahead(two_colours.train, batches(32)) is None  # in memory
    monkeypatch.setattr(module, "num_workers", lambda: 0)
    assert read_ahead(mapped, batches(32)) is None  # a single core


def test_one_core_is_left_to_training(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(3)), raising=False)
    assert num_workers() == 2
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert num_workers() == 4
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0}, raising=False)
    assert num_workers() == 0


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_is_the_same_with_any_number_of_workers(mapped, two_colours, monkeypatch, workers):
    monkeypatch.setattr(module, "num_workers", lambda: workers)
    runs, recipe = [], fine_tuning(epochs=2, head_epochs=1, batch_size=16)
    for images in (two_colours.train, mapped):
        torch.manual_seed(0)
        runs.append(train(SmallResNet(2, width=8), Splits(images, two_colours.held_out), recipe, progress=False))
    assert runs[0].epochs == runs[1].epochs


def test_other_images_than_were_expected_are_read_all_the_same(mapped, two_colours, monkeypatch):
    monkeypatch.setattr(module, "num_workers", lambda: 1)
    feed = Feed(SmallResNet(2, width=8), Splits(mapped, two_colours.held_out), None, True, only_the_head_trains=False)
    feed.expect(batches(32))
    first, second = batches(32)[:2]
    assert torch.equal(feed._pixels(first), mapped.images[first])
    assert torch.equal(feed._pixels(second[:2]), mapped.images[second[:2]])
    assert torch.equal(feed._pixels(second[2:]), mapped.images[second[2:]])
