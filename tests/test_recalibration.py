import copy

import pytest
import torch

from tests.test_freezing import images, network, state, train_a_little
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze, recalibrate


def test_recalibrate_against_torchs_own():
    torch.manual_seed(0)
    model = network()
    oracle = copy.deepcopy(model).eval()
    batches = [images(6), images(6), images(6)]
    freeze(model, bn="recalibrate")
    before = state(model)
    assert recalibrate(model, batches) == 2

    for i in (3, 9):
        oracle[i].p = 0.0  # update_bn switches everything to train mode; we only BatchNorm
    torch.optim.swa_utils.update_bn(batches, oracle)
    for i in (1, 5):
        assert torch.allclose(model[i].running_mean, oracle[i].running_mean)
        assert torch.allclose(model[i].running_var, oracle[i].running_var)
        assert not torch.allclose(model[i].running_mean, before[f"{i}.running_mean"])
    now = model.state_dict()
    assert all(torch.equal(now[name], before[name]) for name in now if "running" not in name and "num_b" not in name)


def test_recalibrated_statistics_stand_still_afterwards():
    model = network()
    freeze(model, bn="recalibrate")
    x = images()
    recalibrate(model, [(x, torch.zeros(8))])  # batches as a loader gives them
    assert torch.allclose(model[1].running_mean, model[0](x).mean((0, 2, 3)), atol=1e-5)  # by hand
    assert model[1].momentum == 0.1
    before = state(model)
    train_a_little(model, x)
    assert torch.equal(model[1].running_mean, before["1.running_mean"])


@pytest.mark.parametrize(
    ("batches", "message"),
    [([], "There is no batch"), ([torch.randn(1, 3, 16, 16)], "A batch of one image has no statistics")],
)
def test_recalibrating_with_nothing(batches, message):
    model = network()
    freeze(model, bn="recalibrate")
    before = state(model)
    with pytest.raises(ValueError, match=message):
        recalibrate(model, batches)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not model[1].training
    assert model[1].momentum == 0.1


def test_recalibrating_what_is_not_frozen():
    model = SmallResNet(4, width=8)
    with pytest.raises(ValueError, match=r"There is no frozen BatchNorm layer to recalibrate\. Type freeze"):
        recalibrate(model, [images()])
