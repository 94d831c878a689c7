from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.advice.planted import facts
from transferlab.advice.facts import facts_of, prints, random_twin
from transferlab.advice.menu import MENU
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits


def test_numbers_of_images_by_hand():
    found = facts(counts={"a": 40, "b": 10, "c": 20})
    assert (found.num_train, found.num_classes, found.per_class, found.imbalance) == (70, 3, 20, 4)


def test_the_situation_is_that_of_the_readings():
    found = facts().situation  # probes of 0.6, 0.7 and 0.9 on the pretrained stages, 0.55 at best on the random ones
    assert (found.top, found.elsewhere, found.random) == tuple(map(pytest.approx, (0.8, 0.4, 0.1)))
    assert (found.per_class, found.chance) == (20, 0.5)


def test_pixels_that_are_equal_have_one_print():
    images = worlds.target("objects", 1).train
    twice = images.subset([0, 1, 0])
    one, other, again = prints(twice)
    assert one == again != other


@pytest.fixture(scope="module")
def bundled():
    return load("bundled")


def test_what_is_planted_is_found(bundled, two_colours):
    train, held_out = two_colours.train, two_colours.held_out
    images = torch.cat([train.images, train.images[:3], held_out.images[:2]])  # three copies, two of what is held out
    labels = torch.cat([train.labels, torch.tensor([train.labels[0], train.labels[1], 1 - train.labels[2]]),
                        held_out.labels[:2]])  # fmt: skip
    data = Splits(ImageSet(images, labels, train.class_names, name="planted"), held_out)
    state = torch.get_rng_state()
    found = facts_of(data, bundled, task="hue")
    assert torch.equal(torch.get_rng_state(), state)
    assert (found.copies, found.leaked, found.conflicts) == (3, 2, 1)
    assert sum(found.counts.values()) == 37
    assert (found.data, found.backbone, found.num_held_out, found.task) == ("planted", "bundled", 16, "hue")
    assert (found.image_size, found.input_size) == ((32, 32), 64)
    assert found.pretrained.top.accuracy > 0.8  # red and blue
    assert found.source_look.value < found.look.value  # noise looks like nothing the network has seen
    assert set(found.minutes) == set(MENU)
    assert all(one > 0 for one in found.minutes.values())


def test_the_same_facts_twice_but_for_the_clock(bundled, two_colours):
    one, other = (facts_of(two_colours, bundled) for _ in range(2))
    assert replace(one, minutes={}) == replace(other, minutes={})


def test_the_twin_has_other_weights_and_always_the_same(bundled):
    one, other = random_twin(bundled), random_twin(bundled)
    assert not one.card.pretrained
    assert torch.equal(one.conv1.weight, other.conv1.weight)
    assert not torch.equal(one.conv1.weight, bundled.conv1.weight)


def test_a_network_of_ones_own_has_no_twin_no_source_and_no_training_from_scratch(two_colours):
    own = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)
    )
    found = facts_of(two_colours, own)
    assert found.random is None
    assert found.situation.random is None
    assert found.look is None
    assert found.source_look is None
    assert found.input_size is None
    assert set(found.minutes) == set(MENU) - {"from_scratch"}
