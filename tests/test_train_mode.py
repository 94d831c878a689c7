import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze_to
from transferlab.train_mode import TrainMode


def modes(model):
    return {name: module.training for name, module in model.named_modules()}


def test_what_is_thawed_trains_and_what_is_frozen_sleeps():
    model = SmallResNet(2, width=8)
    freeze_to(model, "layer4")
    TrainMode(model, hold=False)()
    assert not model.layer3[0].bn1.training
    assert model.layer4[0].bn1.training
    assert model.fc.training


def test_with_hold_batch_norm_keeps_its_statistics_everywhere():
    model = SmallResNet(2, width=8)
    before = model.layer4[0].bn1.running_mean.clone()
    TrainMode(model, hold=True)()
    model(torch.randn(4, 3, 32, 32))
    assert model.layer4[0].training
    assert torch.equal(model.layer4[0].bn1.running_mean, before)


def test_a_caller_who_changed_a_mode_does_not_disturb_the_next_batch():
    model = SmallResNet(2, width=8)
    enter = TrainMode(model, hold=True)
    enter()
    expected = modes(model)
    model.eval()
    enter()
    assert modes(model) == expected
    model.layer4[0].bn1.train()
    enter()
    assert modes(model) == expected


def test_where_nothing_changed_nothing_is_called():
    class Counting(nn.Linear):
        calls = 0

        def train(self, mode=True):
            Counting.calls += 1
            return super().train(mode)

    enter = TrainMode(nn.Sequential(Counting(2, 2)).eval(), hold=False)
    for _ in range(3):
        enter()
    assert Counting.calls == 2  # eval() above, and the first time
