import pytest
import torch

from transferlab.advice.readings import at_most, read, reading
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import ImageSet
from transferlab.layer_probes import ridge


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_more_dimensions_than_images_read_the_same_as_the_plain_probe():
    labels = torch.arange(30) % 3
    features = noise(30, 100)
    features[torch.arange(30), labels] += 2
    x = features.double()
    x = (x - x.mean(0)) / x.std(0, correction=0)
    assert reading("layer1", False, features, labels, 3).accuracy == ridge(x, labels, 3)[1]


def test_what_is_written_in_the_features_is_read_and_noise_is_not():
    labels = torch.arange(200) % 4
    told = torch.nn.functional.one_hot(labels, 4) + 0.1 * noise(200, 4)
    assert reading("layer1", False, told, labels, 4).accuracy == 1
    silent = reading("layer1", False, noise(200, 4), labels, 4)
    assert silent.interval[0] < 0.25 + 0.1
    assert silent.accuracy < 0.4


def test_a_channel_that_never_varies_does_no_harm():
    labels = torch.arange(20) % 2
    features = torch.stack([labels.float(), torch.full((20,), 7.0)], 1)
    assert reading("layer1", False, features, labels, 2).accuracy == 1


@pytest.fixture(scope="module")
def bundled():
    return load("bundled")


def test_where_a_thing_lies_is_in_the_network_and_does_not_reach_the_head(bundled):
    state = torch.get_rng_state()
    found = read(bundled, worlds.target("objects", 15, task="position").train)
    assert torch.equal(torch.get_rng_state(), state)
    assert found.top.stage == "layer4"
    assert not found.top.places
    assert found.elsewhere.where == "layer3 with its places"
    assert found.elsewhere.interval[0] > found.top.interval[1]
    assert found.chance == 1 / 8
    assert [one.where for one in found.each] == [
        "conv1", "layer1", "layer2", "layer3", "layer3 with its places", "layer4",
    ]  # fmt: skip


def test_what_is_shown_reaches_the_head(bundled):
    found = read(bundled, worlds.target("objects", 10).train)
    assert found.top.interval[0] > 0.5
    assert found.best.accuracy >= found.top.accuracy


def test_the_share_of_the_largest_class_is_what_guessing_gives(bundled):
    images = worlds.target("objects", 4).train
    found = read(bundled, images.subset([i for i, label in enumerate(images.labels.tolist()) if label < 2 or i % 2]))
    assert found.chance == 4 / found.num_images


def unbalanced(*counts):
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    images = torch.zeros(len(labels), 3, 16, 16, dtype=torch.uint8)
    return ImageSet(images, labels, tuple(f"class {i}" for i in range(len(counts))))


@pytest.mark.parametrize(
    ("counts", "number", "expected"),
    [((3, 10, 10), 13, [3, 5, 5]), ((10, 3, 1), 6, [2, 2, 1]), ((4, 4), 8, [4, 4]), ((9, 9, 9), 2, [1, 1, 1])],
)
def test_large_sets_are_cut_evenly_and_small_classes_are_kept(counts, number, expected):
    assert list(at_most(unbalanced(*counts), number).counts().values()) == expected


def test_the_cut_depends_on_the_seed_alone():
    images = worlds.target("objects", 5).train
    assert torch.equal(at_most(images, 16, seed=1).images, at_most(images, 16, seed=1).images)
    assert not torch.equal(at_most(images, 16, seed=1).images, at_most(images, 16, seed=2).images)
