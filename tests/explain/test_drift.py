import copy

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.drift import stage_drift
from transferlab.heads import replace_head
from transferlab.recipes import fine_tuning
from transferlab.training import train


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(5, width=8)


def test_a_model_has_not_drifted_from_itself(model, two_colours):
    other = copy.deepcopy(model)
    replace_head(other, 2)
    rows = stage_drift(model, other, two_colours.held_out)
    assert [row.stage for row in rows] == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    assert all(row.weights == 0 for row in rows)
    assert all(row.similarity == pytest.approx(1.0) for row in rows)


def test_weights_drift_by_hand_and_similarity_only_from_there_on(model, two_colours):
    other = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in other.layer3.parameters():
            parameter *= 1.5
        torch.manual_seed(1)
        other.layer4[0].conv1.weight.normal_()
    rows = {row.stage: row for row in stage_drift(model, other, two_colours.held_out)}
    assert rows["layer3"].weights == pytest.approx(0.5)
    assert rows["layer2"].weights == 0
    assert rows["layer2"].similarity == pytest.approx(1.0)
    assert rows["layer4"].similarity < 0.99


def test_what_was_frozen_has_not_drifted(model, two_colours):
    tuned = copy.deepcopy(model)
    replace_head(tuned, 2)
    train(tuned, two_colours, fine_tuning(epochs=2, head_epochs=1), progress=False)
    assert all(row.weights > 0 for row in stage_drift(model, tuned, two_colours.held_out))
    modes = [module.training for module in tuned.modules()]
    stage_drift(model, tuned, two_colours.held_out)
    assert [module.training for module in tuned.modules()] == modes


def test_what_cannot_be_compared_is_said(model, two_colours):
    with pytest.raises(ValueError, match="two different architectures"):
        stage_drift(model, SmallResNet(5, width=16), two_colours.held_out)
    with pytest.raises(ValueError, match="four or more"):
        stage_drift(model, model, two_colours.held_out.subset(range(3)))
