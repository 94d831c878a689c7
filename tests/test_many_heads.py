import copy
import dataclasses

import pytest
import torch

from transferlab.backbones import load
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.heads import replace_head
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.recipes import feature_extraction
from transferlab.training import train


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(5, width=16)


@pytest.mark.parametrize("label_safe", [("flip",), ()])
def test_each_head_is_what_training_it_alone_gives(model, two_colours, label_safe):
    """The oracle is `fit`: autograd, torch's AdamW and the cache at the freeze line, one head at a time."""
    data = dataclasses.replace(two_colours, train=dataclasses.replace(two_colours.train, label_safe=label_safe))
    settings = [HeadSetting(), HeadSetting(lr=1e-2, seed=1), HeadSetting(lr=1e-3, weight_decay=0.5, seed=2)]
    results = train_heads(head_features(model, data), settings, epochs=5, batch_size=12)
    for setting, result in zip(settings, results, strict=True):
        alone = copy.deepcopy(model)
        replace_head(alone, 2, seed=setting.seed)
        recipe = feature_extraction(5, setting.lr, batch_size=12, weight_decay=setting.weight_decay)
        run = train(alone, data, recipe, seed=setting.seed, progress=False)
        assert torch.allclose(result.weight, alone.fc.weight, atol=1e-5)
        assert torch.allclose(result.bias, alone.fc.bias, atol=1e-5)
        assert result.accuracy == run.accuracy
        assert result.train_loss == pytest.approx(run.epochs[-1].train_loss, rel=1e-4)


def test_the_model_stays_as_it_is_and_the_backbone_runs_once(model, two_colours):
    before = copy.deepcopy(model.state_dict())
    features = head_features(model, two_colours)
    assert features.train.shape == (2, 32, 128)
    assert features.held_out.shape == (16, 128)
    seen = []
    features.model.layer1.register_forward_hook(lambda *_: seen.append(1))
    train_heads(features, [HeadSetting(seed=seed) for seed in range(4)], epochs=2)
    train_heads(features.subset(range(10)), [HeadSetting()], epochs=2)
    assert not seen
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_smaller_budget_sees_its_own_images_only(model, two_colours):
    features = head_features(model, two_colours)
    small = features.subset(range(8))
    features.train[:, 8:] = float("nan")
    assert train_heads(small, [HeadSetting()], epochs=1)[0].train_loss < 10


def test_what_cannot_be_trained_is_said(model, two_colours):
    features = head_features(model, two_colours)
    with pytest.raises(ValueError, match="There are no settings"):
        train_heads(features, [])
    with pytest.raises(ValueError, match="at most 100"):
        train_heads(features, [HeadSetting(lr=1e9)])
    with pytest.raises(ValueError, match="epochs"):
        train_heads(features, [HeadSetting()], epochs=0)
    with pytest.raises(ValueError, match="head is not one linear layer"):
        head_features(load("torchvision/squeezenet1_1", num_classes=4, pretrained=False), two_colours)
