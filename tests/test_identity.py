import copy

import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import ImageSet
from transferlab.data.store import open_rows, write_rows
from transferlab.identity import Watched, fingerprint, front_identity, image_identity
from transferlab.stages.halves import halves


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SmallResNet(2, width=8).eval()


def front(model):
    return halves(model, "layer4")[0]


def weight_in_place(model):
    model.layer1[0].conv1.weight.mul_(2)


def statistics(model):
    model.bn1.running_mean.add_(1)


def another_parameter(model):
    model.conv1.weight = nn.Parameter(model.conv1.weight.detach().clone())


def another_module(model):
    model.layer2[0] = copy.deepcopy(model.layer2[0])


@pytest.mark.parametrize("change", [weight_in_place, statistics, another_parameter, another_module])
def test_what_torch_counts_is_noticed_at_once(change, network):
    watched = Watched(front(network))
    assert not watched.changed()
    with torch.no_grad():
        change(network)
    assert watched.changed()


def test_a_change_behind_the_front_is_none_of_its_business(network):
    watched = Watched(front(network))
    network.fc = nn.Linear(64, 5)
    with torch.no_grad():
        network.layer4[0].conv1.weight.zero_()
    assert not watched.changed()


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_torch_does_not_count_shows_in_the_checksum(network, channels_last, dtype):
    network.to(dtype)
    if channels_last:
        network.to(memory_format=torch.channels_last)
    watched = Watched(front(network))
    before = watched.checksum()
    assert watched.checksum() == before
    network.layer1[0].conv1.weight.data.mul_(-1)
    assert not watched.changed()
    assert watched.checksum() != before
    network.layer1[0].conv1.weight.data.mul_(-1)
    assert watched.checksum() == before


def test_a_fingerprint_tells_names_types_shapes_and_values():
    weight = torch.arange(6.0)
    tensors = [
        {"a": weight}, {"b": weight}, {"a": weight.view(2, 3)}, {"a": weight.double()}, {"a": weight + 1},
        {"a": weight, "b": weight},
    ]  # fmt: skip
    assert len({fingerprint(one) for one in tensors}) == len(tensors)
    assert fingerprint({"a": weight}) == fingerprint({"a": weight.clone()})


def test_the_same_forward_has_the_same_identity_and_another_one_has_not(network):
    twin = copy.deepcopy(network)
    assert front_identity(front(network)) == front_identity(front(twin)) is not None
    twin.bn1.eps = 1e-3  # no tensor, and yet other features
    assert front_identity(front(network)) != front_identity(front(twin))
    assert front_identity(front(network)) != front_identity(halves(network, "layer3")[0])


def test_what_cannot_be_compared_has_no_identity(network):
    handle = network.layer1.register_forward_hook(lambda module, inputs, output: output * 2)
    inner = network.layer1[0].conv1.register_forward_pre_hook(lambda module, inputs: None)
    assert front_identity(front(network)) is None
    inner.remove()
    handle.remove()
    network.conv1.secret = object()
    assert front_identity(front(network)) is None


def test_a_class_from_a_notebook_has_no_identity(network):
    """Whoever edits a cell and runs it again has another forward under the same name, and perhaps the same weights."""

    class Doubling(nn.Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    network.conv1 = Doubling(3, 8, 7, 2, 3, bias=False)
    assert front_identity(front(network)) is not None
    Doubling.__module__ = "__main__"
    assert front_identity(front(network)) is None


def test_images_are_told_apart_by_their_pixels(tmp_path):
    pixels = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8)
    labels, names = torch.zeros(6, dtype=torch.int64), ("one", "two")
    images = ImageSet(pixels, labels, names)
    assert image_identity(images) == image_identity(ImageSet(pixels.clone(), labels + 1, names))
    assert image_identity(images) != image_identity(images.subset([0, 1, 2, 3, 5, 4]))
    other = pixels.clone()
    other[5, 2, 7, 7] ^= 1
    assert image_identity(images) != image_identity(ImageSet(other, labels, names))


def test_images_in_a_file_are_told_apart_by_the_file(tmp_path):
    pixels = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8)
    labels, names = torch.zeros(6, dtype=torch.int64), ("one", "two")
    for name in ("a.npy", "b.npy"):
        write_rows(tmp_path / name, iter(pixels.numpy()), (3, 8, 8))
    one, other = (ImageSet(open_rows(tmp_path / name), labels, names) for name in ("a.npy", "b.npy"))
    assert image_identity(one) == image_identity(ImageSet(open_rows(tmp_path / "a.npy"), labels, names))
    assert image_identity(one) != image_identity(other)
    assert image_identity(one) != image_identity(one.subset(slice(1, 5)))
