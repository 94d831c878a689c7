import copy

import pytest
import torch
from torch import nn
from torchvision.models import resnet18, resnet34

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze
from transferlab.stages import finding, stages
from transferlab.stages.structure import is_plain, settings, structure


def test_equal_models_have_one_structure_and_others_another():
    assert structure(SmallResNet(5)) == structure(SmallResNet(5))
    assert structure(SmallResNet(5)) != structure(SmallResNet(6))
    assert structure(resnet18()) != structure(resnet34())


def test_weights_freezing_modes_and_cards_are_no_structure():
    model = SmallResNet(5)
    before = structure(model)
    with torch.no_grad():
        model.fc.weight.zero_()
    freeze(model)
    model.eval()
    model.card = object()
    assert structure(model) == before


def test_settings_types_and_shared_parameters_are_structure():
    def network():
        return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))

    base = structure(network())
    inplace, other, tied = network(), network(), network()
    inplace[1].inplace = True
    other[1] = nn.GELU()
    tied[2].weight = tied[0].weight
    assert len({base, structure(inplace), structure(other), structure(tied)}) == 4


def test_what_cannot_be_compared_has_none():
    model = SmallResNet(5)
    model.layer1.forward = lambda x: x
    assert settings(model.layer1) is None
    assert structure(model) is None


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, "a", [None, {2: torch.float32}]), True),
        (torch.ones(1), False),
        ([print], False),
        (torch.nn.functional.gelu, True),
    ],
)
def test_plain_is_what_its_repr_says(value, plain):
    assert is_plain(value) is plain


def test_a_forward_is_followed_once_and_again_after_a_change(monkeypatch):
    model, calls, order = SmallResNet(5), [], finding.run_order
    monkeypatch.setattr(finding, "run_order", lambda *arguments: calls.append(1) or order(*arguments))
    first, followed = stages(model), len(calls)
    assert stages(model) is first
    assert len(calls) == followed > 0
    model.fc = torch.nn.Linear(256, 9)
    assert stages(model).head.num_parameters == 256 * 9 + 9
    assert len(calls) == 2 * followed
    assert stages(copy.deepcopy(model)) == stages(model)


def test_a_model_that_cannot_be_compared_is_followed_each_time(monkeypatch):
    model, calls, order = SmallResNet(5), [], finding.run_order
    model.note = object()
    monkeypatch.setattr(finding, "run_order", lambda *arguments: calls.append(1) or order(*arguments))
    first, followed = stages(model), len(calls)
    assert stages(model) == first
    assert len(calls) == 2 * followed > 0
