import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.inference import evaluating, predict


def test_predictions_do_not_depend_on_the_batch_and_change_nothing(two_colours):
    model = SmallResNet(2, width=8).train()
    model.layer1.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    logits = predict(model, two_colours.train, batch_size=5)
    assert torch.allclose(logits, predict(model, two_colours.train, batch_size=32), atol=1e-5)
    assert logits.shape == (32, 2)
    assert not logits.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert not model.layer1.training
    assert not model.layer1[0].bn1.training


def test_the_mode_comes_back_after_an_error():
    model = nn.Sequential(nn.Dropout(), nn.Linear(2, 2)).train()
    model[0].eval()
    seen = []

    def fail():
        with evaluating(model):
            seen.append(model.training)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert seen == [False]
    assert model.training
    assert not model[0].training
    assert model[1].training
