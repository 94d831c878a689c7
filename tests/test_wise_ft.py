import copy

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.recipes import fine_tuning
from transferlab.training import train
from transferlab.wise_ft import between, wise_ft


@pytest.fixture
def pair(two_colours):
    torch.manual_seed(0)
    before = SmallResNet(5, width=8)
    memory = remember(before, two_colours.held_out)
    after = copy.deepcopy(before)
    replace_head(after, 2)
    train(after, two_colours, fine_tuning(epochs=2, head_epochs=1, head_lr=1e-2, keep_statistics=False), progress=False)
    return before, after, memory


def test_the_ends_are_the_two_models_and_the_middle_is_the_mean(pair, two_colours):
    before, after, _ = pair
    states = [wise_ft(before, after, alpha).state_dict() for alpha in (0.0, 0.5, 1.0)]
    old, new = before.state_dict(), after.state_dict()
    for name in new:
        if name.startswith("fc."):
            assert all(torch.equal(state[name], new[name]) for state in states)
        elif new[name].is_floating_point():
            assert torch.equal(states[0][name], old[name])
            assert torch.allclose(states[1][name], (old[name] + new[name]) / 2)
            assert torch.equal(states[2][name], new[name])
    assert not torch.equal(old["bn1.running_mean"], new["bn1.running_mean"])  # so that the above says something


def test_the_way_costs_an_evaluation_for_each_alpha_and_ends_where_the_models_are(pair, two_colours):
    before, after, memory = pair
    weights = copy.deepcopy(after.state_dict())
    points = between(before, after, two_colours, memory, alphas=(0, 0.5, 1))
    assert [point.alpha for point in points] == [0.0, 0.5, 1.0]
    assert points[0].source_accuracy == 1.0  # agreement with itself
    assert points[-1].source_accuracy == memory.measure(after)
    assert all(torch.equal(value, weights[name]) for name, value in after.state_dict().items())


def test_two_architectures_do_not_mix(pair):
    with pytest.raises(ValueError, match=r"two different architectures: 'conv1\.weight'"):
        wise_ft(SmallResNet(5, width=16), pair[1], 0.5)
    with pytest.raises(ValueError, match="alpha lies within"):
        wise_ft(pair[0], pair[1], 1.5)
