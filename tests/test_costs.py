"""Costs of a step, counted by hand on layers small enough for it."""

import pytest
import torch
from torch import nn

import transferlab as tl
from transferlab.costs import training_cost
from transferlab.lora import add_lora


def two_layers():
    return nn.Sequential(nn.Linear(10, 20, bias=False), nn.ReLU(), nn.Linear(20, 3, bias=False))


def test_two_layers_counted_by_hand():
    cost = training_cost(two_layers(), torch.randn(4, 10))
    forward = 2 * 4 * (10 * 20 + 20 * 3)
    assert cost.forward_flops == forward
    # Backward: the gradients of both weights, and of what lies between the layers; none of the input.
    assert cost.flops == forward + 2 * 4 * (10 * 20 + 2 * 20 * 3)
    assert cost.gradients == 4 * 260
    assert cost.moments == 2 * 4 * 260
    assert cost.activations == 4 * (4 * 20) + 4 * (4 * 3)  # the ReLU's output and the answers, in fp32


def test_a_frozen_front_costs_its_forward_alone():
    model = two_layers()
    tl.freeze(model)
    cost = training_cost(model, torch.randn(4, 10))
    assert cost.flops - cost.forward_flops == 2 * 4 * 20 * 3
    assert cost.trainable_parameters == 60


def test_adapters_spare_memory_and_the_weights_own_gradients():
    x = torch.randn(4, 3, 64, 64)
    whole = tl.load("bundled", num_classes=5)
    adapted = tl.load("bundled", num_classes=5)
    add_lora(adapted, r=4)
    everything, thin = training_cost(whole, x), training_cost(adapted, x)
    assert thin.share < 0.03
    assert thin.gradients + thin.moments < 0.04 * (everything.gradients + everything.moments)
    assert thin.flops < everything.flops
    assert thin.forward_flops > everything.forward_flops


def test_the_model_stays_as_it_is():
    model = tl.load("bundled", num_classes=5).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training_cost(model, torch.randn(2, 3, 64, 64))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(ValueError, match="Everything is frozen"):
        training_cost(model, torch.randn(2, 3, 64, 64))
