"""No alarm on trainings of every recipe, with little evidence and with all of it."""

import copy

import pytest
import torch

from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.freezing import freeze, recalibrate, unfreeze
from transferlab.inference import model_input
from transferlab.museum import doctor
from transferlab.recipes import RECIPES
from transferlab.records import Step
from transferlab.training import fit


def examined_after(name, share, seed, task="kind", per_class=10):
    data = worlds.target("objects", per_class=per_class, held_out_per_class=per_class, seed=seed, task=task)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # a process begins with other random numbers each time
        model = load("bundled", num_classes=8, pretrained=name != "from_scratch")
    before = copy.deepcopy(model)
    *records, run = fit(model, data, RECIPES[name]().shortened(share), seed=seed)
    losses = [record.loss for record in records if isinstance(record, Step)]

    def predict(images):
        model.eval()
        with torch.no_grad():
            return model(model_input(model, images))

    for evidence in (
        {},
        {"model": model},
        {"model": model, "before": before, "losses": losses, "predict": predict},
    ):
        yield doctor(run, data, **evidence)
    yield doctor(model, data)


@pytest.mark.parametrize("name", RECIPES)
def test_a_short_run_gives_no_alarm(name):
    reports = list(examined_after(name, 0.05, seed=0, per_class=5))
    assert [report.findings for report in reports] == [()] * 4
    assert len(reports[2].absent) >= 9  # so that the above says something


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "task"), [(0, "kind"), (1, "orientation"), (2, "hue")])
@pytest.mark.parametrize("name", RECIPES)
def test_a_whole_run_gives_no_alarm(name, seed, task):
    assert [report.findings for report in examined_after(name, 1, seed, task)] == [()] * 4


def test_statistics_that_were_meant_to_move_give_no_alarm(two_colours):
    model, pretrained = load("bundled", num_classes=2), load("bundled")
    freeze(model, bn="recalibrate")
    recalibrate(model, [model_input(model, two_colours.train.images)])
    assert not torch.equal(model.bn1.running_mean, pretrained.bn1.running_mean)
    assert doctor(model, two_colours).findings == ()
    unfreeze(model)
    model.requires_grad_(False)  # now nothing says that they were meant to
    assert "statistics_drift" in doctor(model, two_colours).causes
