import math

import pytest
import torch
from torch import nn

from transferlab.divergence import check_loss, fastest_group


def optimizer(weights: dict[str, float], rates: dict[str, float]) -> torch.optim.Optimizer:
    groups = [
        {"params": [nn.Parameter(torch.full((2, 2), weight))], "lr": rates[name], "name": name}
        for name, weight in weights.items()
    ]
    return torch.optim.AdamW(groups)


def test_the_fastest_group_is_fast_for_the_size_of_its_weights():
    # One step moves 'small' by 1e-3 of weights of 1e-3, 'large' by 1e-2 of weights of 10.
    opt = optimizer({"small": 1e-3, "large": 10.0}, {"small": 1e-3, "large": 1e-2})
    assert fastest_group(opt)["name"] == "small"


def test_weights_that_are_no_longer_finite_come_first():
    opt = optimizer({"broken": math.nan, "fast": 1e-3}, {"broken": 1e-5, "fast": 10.0})
    assert fastest_group(opt)["name"] == "broken"


def test_zero_biases_do_not_look_fast():
    opt = optimizer({"layer4": 1.0}, {"layer4": 1.0})
    opt.add_param_group({"params": [nn.Parameter(torch.zeros(3))], "lr": 1e-3, "name": "fc norm"})
    assert fastest_group(opt)["name"] == "layer4"


@pytest.mark.parametrize("loss", [math.nan, math.inf, 10.01 * math.log(8)])
def test_divergence_names_group_and_learning_rate(loss):
    with pytest.raises(ValueError, match=r"Training diverged: .*'layer4' learns at 5,.*0.5"):
        check_loss(loss, 8, optimizer({"layer4": 1.0, "fc": 1.0}, {"layer4": 5.0, "fc": 1e-3}))


def test_a_bad_batch_is_not_divergence():
    check_loss(3 * math.log(8), 8, optimizer({"fc": 1.0}, {"fc": 1e-3}))
