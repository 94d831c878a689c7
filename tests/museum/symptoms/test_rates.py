import math

import pytest
import torch
from torch.optim import SGD

from tests.museum.nets import state, tiny
from transferlab.museum.evidence import Evidence
from transferlab.museum.report import Unexamined
from transferlab.museum.symptoms.rates import lr_scale_ignored, rate_too_high

GUESSING = math.log(2)


def test_losses_that_leap_are_suspected_and_others_are_not(two_colours):
    def seen(*losses):
        return rate_too_high(Evidence(two_colours, losses=losses))

    assert seen(0.7, 3.0, 0.6).sure == "suspected"
    assert seen(0.7, 3.0, 0.6).numbers == {"guessing": GUESSING, "first": 0.7, "peak": 3.0}
    assert seen(0.7, math.nan).sure == "certain"
    assert seen(0.7, 1.2, 0.6) is None
    assert seen(5.0, 4.0, 0.5) is None  # a bad head to begin with
    assert isinstance(seen(), Unexamined)


def test_a_backbone_that_went_far_and_knows_less_is_certain(two_colours):
    model = tiny()
    before = state(model)
    evidence = Evidence(two_colours, model=model, before=before, losses=[0.7, 0.6])
    assert rate_too_high(evidence) is None
    with torch.no_grad():
        model[0].weight.mul_(4)
        model[0].bias.mul_(4)
        model[1].weight.mul_(4)
    assert rate_too_high(evidence) is None  # far, but BatchNorm and probe see the same: none the worse for it
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.fill_(7)
    found = rate_too_high(Evidence(two_colours, model=model, before=before, losses=[0.7, 0.6]))
    assert found.sure == "certain"
    assert found.numbers["before"] == 1
    assert found.numbers["after"] <= 0.5
    old = torch.cat([before[name].flatten() for name in ("0.weight", "0.bias", "1.weight", "1.bias")])
    new = torch.cat([model[0].weight.flatten(), model[0].bias, model[1].weight, model[1].bias])
    assert found.numbers["drift"] == pytest.approx(((new - old).norm() / old.norm()).item(), rel=1e-5)


def test_weights_that_are_not_finite_are_certain(two_colours):
    model = tiny()
    before = state(model)
    with torch.no_grad():
        model[0].weight[0] = math.inf
    assert rate_too_high(Evidence(two_colours, model=model, before=before)).sure == "certain"


def grouped(model, *rates_and_scales):
    groups = [
        {"params": [p], "lr": lr} | ({} if scale is None else {"lr_scale": scale})
        for p, (lr, scale) in zip(model.parameters(), rates_and_scales, strict=False)
    ]
    return SGD(groups, lr=1)


def test_a_scale_that_is_not_in_the_rate(two_colours):
    def seen(*rates_and_scales):
        return lr_scale_ignored(Evidence(two_colours, optimizer=grouped(tiny(), *rates_and_scales)))

    found = seen((0.1, 0.25), (0.1, 0.5), (0.1, 1.0))
    assert found.numbers == {"groups": 3, "lowest_scale": 0.25, "highest_scale": 1.0, "lr": 0.1}
    assert seen((0.025, 0.25), (0.05, 0.5), (0.1, 1.0)) is None
    assert seen((0.1, 1.0), (0.1, 1.0)) is None
    assert seen((0.1, None), (0.1, None)) is None
    assert isinstance(seen((0.0, 0.25), (0.0, 1.0)), Unexamined)  # the end of a schedule: nobody can tell
    assert isinstance(lr_scale_ignored(Evidence(two_colours)), Unexamined)


def test_the_groups_that_timm_really_makes(two_colours):
    timm = pytest.importorskip("timm")
    from timm.optim import create_optimizer_v2

    optimizer = create_optimizer_v2(timm.create_model("test_resnet", num_classes=2), "adamw", lr=1e-3, layer_decay=0.5)
    assert lr_scale_ignored(Evidence(two_colours, optimizer=optimizer)).numbers["lr"] == 1e-3
