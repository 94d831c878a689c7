from collections import Counter

import pytest
import torch
from torch import nn

from transferlab.explain.working_copy import OneModuleACall, put, unshare, working_copy
from transferlab.freezing import freeze


class Shares(nn.Module):
    """One ReLU for two places."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.relu = nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.two(self.relu(self.one(x))))


def test_the_copy_is_still_and_in_place_nowhere_and_the_model_as_it_was():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True), nn.Dropout(0.5, inplace=True), nn.Linear(2, 2))
    freeze(model)
    model.train()
    inside = working_copy(model)
    assert not any(module.training for module in inside.modules())
    assert [inside[1].inplace, inside[2].inplace] == [False, False]
    assert not any(parameter.requires_grad for parameter in inside.parameters())
    assert [model[1].inplace, model[2].inplace] == [True, True]
    assert model[3].weight.requires_grad
    assert model.training


def test_each_call_of_a_shared_layer_gets_a_module_of_its_own():
    torch.manual_seed(0)
    model = Shares()
    x = torch.randn(5, 2)
    inside = working_copy(model)
    unshare(inside, Counter({"": 1, "one": 1, "two": 1, "relu": 2}))
    assert isinstance(inside.relu, OneModuleACall)
    seen = []
    for i, relu in enumerate(inside.relu.copies):
        relu.register_forward_hook(lambda *_, i=i: seen.append(i))
    assert torch.equal(inside(x), model(x))
    inside(x)
    assert seen == [0, 1, 0, 1]


def test_layers_with_weights_stay_shared():
    layer = nn.Linear(2, 2)
    inside = working_copy(nn.Sequential(layer, nn.ReLU(), layer))
    unshare(inside, Counter({"0": 2}))
    assert inside[0] is inside[2]


def test_put_replaces_a_layer_wherever_it_stands():
    relu = nn.ReLU()
    model = nn.Sequential(relu, nn.Sequential(relu))
    put(model, relu, nn.Tanh())
    assert isinstance(model[0], nn.Tanh)
    assert model[1][0] is model[0]


def test_a_model_that_cannot_be_copied_is_a_sentence():
    model = nn.Sequential(nn.Linear(2, 2))
    model.kept = model(torch.ones(1, 2))  # no leaf of the graph: deepcopy refuses
    with pytest.raises(ValueError, match="cannot be copied"):
        working_copy(model)
