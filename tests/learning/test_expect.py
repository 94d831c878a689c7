import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze, freeze_to
from transferlab.learning import expect


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(3, width=8)


def unmet(words):
    return pytest.raises(expect.Unmet, match=words)


def test_frozen_means_gradients_and_statistics(model):
    with unmet("still trains"):
        expect.frozen(model, "conv1")
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("fc")
    with unmet("BatchNorm would still move"):
        expect.frozen(model, "layer1")
    freeze(model)
    expect.frozen(model)
    expect.trains(model, "fc")
    freeze_to(model, "layer4")
    expect.frozen(model, "conv1", "layer3")
    with unmet("still trains"):
        expect.frozen(model, "layer4")
    with unmet("is frozen"):
        expect.trains(model, "layer3")
    with unmet("no stage 'layer9'; its stages are: conv1"):
        expect.trains(model, "layer9")


def test_numbers(model):
    expect.number(1, "x", 0, 2)
    wrong = (("a", "should be a number"), (float("nan"), "should be a number"), (True, "number"), (3, "at most 2"))
    for value, words in wrong:
        with unmet(words):
            expect.number(value, "x", 0, 2)
    with unmet("too low"):
        expect.close(0.5, 1, 0.1, "x")


def test_models(model):
    expect.outputs(model, 3)
    with unmet("3 outputs, and there are 8 classes"):
        expect.outputs(model, 8)
    with unmet("should be a Module; it is a int"):
        expect.outputs(5, 8)
    other = SmallResNet(3, width=8)
    expect.same_weights(model, model, "conv1")
    with unmet("no longer what it was"):
        expect.same_weights(model, other, "conv1")
    expect.finite(model)
    with torch.no_grad():
        model.fc.weight[0, 0] = torch.nan
    with unmet("far too high"):
        expect.finite(model)
    with unmet("said"):
        expect.true(False, "said")
    assert isinstance(model, nn.Module)
