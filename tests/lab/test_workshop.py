import pytest
import torch

from tests.lab.conftest import small_network
from transferlab.lab.data.given_data import GivenData
from transferlab.lab.settings import Settings
from transferlab.lab.workshop import Workshop


def settings(two_colours, **changes):
    return Settings(backbone=small_network(), data=GivenData(two_colours), recipe="mine", **changes)


def test_what_runs_share_is_made_once(two_colours):
    workshop, one = Workshop(), settings(two_colours)
    other = one.changed(seed=1)
    assert workshop.memory(one) is workshop.memory(other)
    assert workshop.stages(one) is workshop.stages(other)
    assert workshop.model(one) is not workshop.model(one)


def test_other_images_are_other_probes(two_colours):
    from transferlab.data.images import Splits

    workshop, one = Workshop(), settings(two_colours)
    other = one.changed(data=GivenData(Splits(two_colours.held_out, two_colours.train)))
    assert workshop.memory(one).images is two_colours.held_out
    assert workshop.memory(other).images is two_colours.train


def test_every_run_starts_from_the_same_weights(two_colours):
    workshop, one = Workshop(), settings(two_colours)
    first, second = workshop.model(one), workshop.model(one)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert first.fc.out_features == 2


def test_without_images_it_says_what_to_type():
    with pytest.raises(ValueError, match=r'Lab\(data="objects"\)'):
        Workshop().data(Settings())


def test_a_network_of_ones_own_has_no_random_twin(two_colours):
    with pytest.raises(ValueError, match="comes with its weights"):
        Workshop().model(settings(two_colours).changed(recipe="from_scratch"))
