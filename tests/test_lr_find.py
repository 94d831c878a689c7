import copy
import math

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze, freeze_report
from transferlab.lr_find import LRCurve, lr_find, valley_of


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(2, width=8)


def test_the_valley_by_hand():
    # the longest descent goes over places 0 2 3 4 5
    assert valley_of((2.0, 2.0, 1.8, 1.5, 1.2, 1.1, 1.3, 9.0)) == 3
    # a bump on the way is stepped over: 0 1 3 4 5
    assert valley_of((5.0, 4.0, 4.5, 3.0, 2.0, 1.0, float("nan"))) == 3
    assert valley_of((1.0, 2.0, 3.0)) == 0  # it never falls


def test_band_and_valley_come_from_the_repeats():
    falling = (4.0, 3.0, 2.0, 1.0)
    curve = LRCurve((1.0, 2.0, 3.0, 4.0), (falling, (4.0, 3.0, 9.0, 9.0), (1.0, 1.0, 1.0, 1.0)), None)
    assert curve.valleys == (3.0, 2.0, 1.0)
    assert curve.valley == 2.0
    assert curve.band == (1.0, 3.0)
    assert str(curve) == "learning rate for everything that trains: 2.0e+00 (1.0e+00 … 3.0e+00 in 3 repeats)"


def test_the_model_the_random_numbers_and_the_disk_stay_as_they_are(model, two_colours, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    freeze(model)
    model.train()
    before, report = copy.deepcopy(model.state_dict()), freeze_report(model)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    curve = lr_find(model, two_colours, steps=12, repeats=2, batch_size=8)
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert freeze_report(model) == report
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert list(tmp_path.iterdir()) == []
    assert len(curve.losses) == 2
    assert curve == lr_find(model, two_colours, steps=12, repeats=2, batch_size=8)
    assert curve.losses != lr_find(model, two_colours, steps=12, repeats=2, batch_size=8, seed=9).losses


def test_the_rates_go_up_by_equal_factors_and_a_sweep_ends_where_it_explodes(model, two_colours):
    curve = lr_find(model, two_colours, lowest=1e-4, highest=100.0, steps=61, repeats=1, batch_size=8)
    assert curve.rates[0] == pytest.approx(1e-4)
    assert curve.rates[-1] == pytest.approx(100.0, rel=1e-4)
    assert curve.rates[31] / curve.rates[30] == pytest.approx(10 ** (6 / 60), rel=1e-4)
    losses = curve.losses[0]
    end = next(i for i, loss in enumerate(losses) if math.isnan(loss))
    assert losses[end - 1] > 4 * min(losses[:end])
    assert all(math.isnan(loss) for loss in losses[end:])
    assert 1e-4 < curve.valley < curve.rates[end - 1]


def test_the_first_loss_is_the_models_own_and_one_stage_moves_alone(model, two_colours):
    """At a rate of next to nothing nothing moves, so all repeats begin with the loss of the model on their batches."""
    curves = [lr_find(model, two_colours, stage, steps=10, repeats=1, batch_size=32) for stage in (None, "layer4")]
    assert curves[0].losses[0][0] == curves[1].losses[0][0]
    assert curves[0].losses != curves[1].losses
    assert curves[1].stage == "layer4"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"stage": "layre4"}, "Did you mean 'layer4'"),
        ({"stage": "layer4"}, r"'layer4' is frozen.*unfreeze\(model, 'layer4'\)"),
        ({"lowest": 1.0, "highest": 0.1}, "highest must be above lowest"),
        ({"steps": 3}, "steps is a whole number, 10 or more"),
        ({"repeats": 0}, "repeats is a whole number"),
        ({"device": "gpu"}, "No device"),
    ],
)
def test_what_cannot_be_swept_is_said(model, two_colours, wrong, sentence):
    freeze(model)
    with pytest.raises(ValueError, match=sentence):
        lr_find(model, two_colours, **wrong)
