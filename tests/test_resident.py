"""A GPU is played by what it says of itself: how much is free, and where a tensor lies. Copies go to the processor."""

import gc
import weakref

import pytest
import torch

from transferlab import boundary, resident
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.control import Control
from transferlab.data.images import ImageSet
from transferlab.data.store import open_rows, write_rows
from transferlab.feeding import Feed
from transferlab.forgetting import remember
from transferlab.freezing import freeze
from transferlab.inference import model_input
from transferlab.loop import Loop
from transferlab.recipes import fine_tuning, gradual_unfreezing
from transferlab.resident import SHARE, DeviceCopies, free_bytes, moved, rows_of
from transferlab.training import train

ONE_SET = 32 * 3 * 32 * 32  # bytes of the 32 training images


@pytest.fixture
def room(monkeypatch):
    """Says how much is free, and lists the copies that are made."""
    made = []
    to = torch.Tensor.to

    def copied(self, *where, **how):
        result = to(self, *where, **how)
        if how.get("copy") and self.dtype == torch.uint8:
            made.append(weakref.ref(result))
        return result

    def free(num_bytes):
        monkeypatch.setattr(resident, "free_bytes", lambda device: num_bytes)
        return made

    monkeypatch.setattr(torch.Tensor, "to", copied)
    return free


def test_a_set_is_copied_once_and_the_callers_stays_where_it_is(room, two_colours):
    room(10**9)
    copies, pixels = DeviceCopies("cpu"), two_colours.train.images
    near = copies.of(two_colours.train)
    assert near is copies.of(two_colours.train)
    assert near is not two_colours.train
    assert two_colours.train.images is pixels
    assert near.images.data_ptr() != pixels.data_ptr()
    assert torch.equal(near.images, pixels)
    assert near.labels is two_colours.train.labels


@pytest.mark.parametrize(("sets_worth", "copied"), [(0.99, [False, True]), (1.0, [True, False]), (1.5, [True, True])])
def test_all_copies_together_take_a_share_of_what_is_free_and_who_asks_first_has_it(
    room, two_colours, sets_worth, copied
):
    """The held-out set is half as large as the training set."""
    room(int(sets_worth * ONE_SET / SHARE))
    copies = DeviceCopies("cpu")
    assert [copies.of(images) is not images for images in (two_colours.train, two_colours.held_out)] == copied


def test_on_a_processor_nothing_is_free_and_nothing_copied(two_colours):
    assert free_bytes("cpu") == free_bytes("mps") == 0
    assert DeviceCopies("cpu").of(two_colours.train) is two_colours.train


def test_a_set_in_a_file_stays_there(room, two_colours, tmp_path):
    room(10**9)
    path = tmp_path / "images.npy"
    write_rows(path, (image.numpy() for image in two_colours.train.images), (3, 32, 32))
    mapped = ImageSet(open_rows(path), two_colours.train.labels, two_colours.train.class_names)
    assert DeviceCopies("cpu").of(mapped) is mapped


def test_a_copy_that_does_not_fit_after_all_is_done_without(monkeypatch, two_colours):
    monkeypatch.setattr(resident, "free_bytes", lambda device: 10**9)

    def full(self, *where, **how):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.Tensor, "to", full)
    copies = DeviceCopies("cpu")
    assert copies.of(two_colours.train) is two_colours.train


@pytest.mark.parametrize("recipe", [fine_tuning(epochs=1, head_epochs=1), gradual_unfreezing(epochs=1, head_epochs=1)])
def test_a_run_on_copies_is_the_run_without_bit_for_bit_and_frees_them(room, two_colours, recipe):
    models, runs = [], []
    for free in (0, 10**9):
        made = room(free)
        torch.manual_seed(0)
        model = SmallResNet(5, width=8)
        memory = remember(model, two_colours.held_out.subset(range(12)))
        torch.manual_seed(1)
        model.fc = torch.nn.Linear(64, 2)
        runs.append(train(model, two_colours, recipe, memory=memory, progress=False))
        models.append(model)
    assert len(made) == 3  # training, held-out and source images, once for all phases
    assert runs[0] == runs[1]
    assert all(torch.equal(a, b) for a, b in zip(*(model.state_dict().values() for model in models), strict=True))


@pytest.mark.parametrize("keep", [True, False])
def test_whatever_a_feed_is_asked_it_looks_at_the_copies(room, two_colours, keep):
    """Copies that are made black show which pixels were read."""
    room(10**9)
    torch.manual_seed(0)
    model = SmallResNet(2, width=8)
    source, pixel = two_colours.train.subset(range(20)), torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    with torch.no_grad():
        theirs, its = (model.eval()(model_input(model, pixels)).diff().flatten() for pixels in (source.images, pixel))
        nearest = theirs[(theirs - its).abs().argmin()]
        model.fc.bias[1] -= (nearest + its[0]) / 2  # now black is the other class
        black = model(model_input(model, pixel))
    memory = remember(model, source)
    freeze(model)
    copies = DeviceCopies("cpu")
    for images in (two_colours.train, two_colours.held_out, memory.images):
        copies.of(images).images.zero_()
    feed = Feed(model, two_colours, memory, keep=keep, only_the_head_trains=True, copies=copies)
    with torch.no_grad():
        trained = feed.train(torch.arange(16), torch.Generator().manual_seed(0))
    torch.testing.assert_close(trained, black.expand(16, 2))
    torch.testing.assert_close(feed.held_out(), black.expand(16, 2))
    assert memory.before == 1
    assert feed.source().accuracy == feed.source(torch.arange(8)).accuracy == 0
    assert memory.images.images.any()


def test_kept_features_are_named_after_the_callers_images(room, two_colours, monkeypatch):
    """A copy on the device would have to come back as a whole to be read."""
    room(10**9)
    named = []
    identity = boundary.image_identity
    monkeypatch.setattr(boundary, "image_identity", lambda images: named.append(images) or identity(images))
    train(SmallResNet(2, width=8), two_colours, fine_tuning(epochs=1, head_epochs=1), progress=False)
    assert [one is two_colours.train or one is two_colours.held_out for one in named] == [True, True]


@pytest.mark.parametrize("ends", ["at its end", "by its caller", "by an error"])
def test_copies_are_free_when_the_run_is_over_however_it_ends(room, two_colours, ends):
    made = room(10**9)
    torch.manual_seed(0)
    recipe = fine_tuning(epochs=1, head_epochs=1)
    loop = Loop(SmallResNet(2, width=8), two_colours, recipe, None, seed=0, device="cpu", control=Control())
    records = loop.records()
    next(records)
    assert [one() is not None for one in made] == [True, True]
    if ends == "at its end":
        list(records)
    elif ends == "by its caller":
        records.close()
    else:
        with pytest.raises(RuntimeError, match="mine"):
            records.throw(RuntimeError("mine"))
    gc.collect()
    assert [one() for one in made] == [None, None]
    assert loop.copies.device == "cpu"  # the loop itself is still held


def test_rows_are_those_that_indexing_gives():
    tensor, index = torch.arange(20).view(10, 2), torch.tensor([7, 0, 7])
    assert torch.equal(rows_of(tensor, index), tensor[index])


class Travelling:
    """A tensor that notes how it is moved."""

    def __init__(self, kind, pinned=False):
        self.device, self.pinned, self.log = torch.device(kind), pinned, []

    def is_pinned(self):
        return self.pinned

    def pin_memory(self):
        self.log.append("pinned")
        return self

    def to(self, device, non_blocking):
        self.log.append((device, non_blocking))
        return self


@pytest.mark.parametrize(
    ("tensor", "target", "pins"),
    [
        (Travelling("cpu"), "cuda:0", True),
        (Travelling("cpu", pinned=True), "cuda:0", False),
        (Travelling("cuda:0"), "cuda:0", False),
        (Travelling("cpu"), "cpu", False),
        (Travelling("cpu"), "mps", False),
    ],
)
def test_pixels_go_to_a_gpu_through_pinned_memory_and_nowhere_else(tensor, target, pins):
    moved(tensor, torch.device(target))
    assert tensor.log == ["pinned"] * pins + [(torch.device(target), True)]


def test_on_a_processor_nothing_moves():
    tensor = torch.ones(2)
    assert moved(tensor, torch.device("cpu")) is tensor
