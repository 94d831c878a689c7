"""The parts of the claims that can be known beforehand."""

import pytest
import torch

from transferlab.backbones import load
from transferlab.claims.edges import specialised
from transferlab.claims.general_layers import transplant
from transferlab.claims.smaller_below import front_area
from transferlab.explain.edges import measure_kernels
from transferlab.randomness import OwnRandomness


def test_the_front_s_area_counts_what_is_reached_once():
    assert front_area([(0.5, 1.0), (1.0, 0.5)]) == pytest.approx(0.75)
    assert front_area([(0.8, 0.5)]) == pytest.approx(0.4)
    assert front_area([(0.8, 0.5), (0.7, 0.4)]) == pytest.approx(0.4)  # the second adds nothing
    assert front_area([(0.8, 0.5), (0.8, 0.9)]) == pytest.approx(0.72)


def test_a_transplant_has_pretrained_stages_below_and_random_ones_above():
    mixed, donor = transplant(3, seed=4).state_dict(), load("bundled").state_dict()
    with OwnRandomness(4):
        random = load("bundled", pretrained=False).state_dict()
    for name, value in mixed.items():
        lower = name.startswith(("conv1", "bn1", "layer1", "layer2"))
        assert torch.equal(value, (donor if lower else random)[name]), name


def test_grey_and_pure_kernels_count_as_specialised():
    pattern = torch.linspace(-1, 1, 49).view(7, 7)
    grey = pattern.expand(3, 7, 7)  # no energy off the grey axis
    pure = torch.stack([pattern, -pattern, torch.zeros(7, 7)])  # all of it off the grey axis
    red = torch.stack([pattern, torch.zeros(7, 7), torch.zeros(7, 7)])  # two thirds, as noise has
    assert specialised(measure_kernels(torch.stack([grey, pure, red, red]))) == 0.5
