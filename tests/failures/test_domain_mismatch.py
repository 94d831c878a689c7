import copy
import functools

import pytest
import torch

from tests.failures import made_up
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.experiments import Results, sweep
from transferlab.failures.domain_mismatch import (
    domain_mismatch,
    recalibrated_accuracy,
    report_of,
    what_stages_know,
)
from transferlab.heads import replace_head
from transferlab.inference import model_input
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.stages import stages

STAGES = ("conv1", "layer1", "layer2", "layer3", "layer4")


def frozen(gap: str, accuracies: list[float], probes: list[float], recalibrated: float) -> list:
    columns = {f"probe gain {stage}": [value, value] for stage, value in zip(STAGES, probes, strict=True)}
    return made_up.rows(f"frozen, gap {gap}", accuracies, **columns, recalibrated=[recalibrated] * 2)


def table() -> Results:
    return Results(
        (
            *frozen("0", [0.8, 0.9], [0.1, 0.2, 0.3, 0.5, 0.6], 0.85),
            *made_up.rows("fine-tuned, gap 0", [0.85, 0.95]),
            *made_up.rows("scratch, gap 0", [0.25, 0.35]),
            *frozen("1", [0.3, 0.5], [0.05, 0.15, 0.2, 0.1, 0.1], 0.5),
            *made_up.rows("fine-tuned, gap 1", [0.45, 0.6]),
            *made_up.rows("scratch, gap 1", [0.2, 0.25]),
        )
    )


def test_effects_are_those_worked_out_by_hand():
    report = report_of(table(), (0.0, 1.0), per_class=10)
    found = {one.name: one.values for one in (*report.effects, *report.remedies)}
    # frozen gains 0.55, 0.55 near and 0.1, 0.25 afar; fine-tuned 0.6, 0.6 near and 0.25, 0.35 afar
    assert found["gain of frozen, gap 0 − gap 1"] == pytest.approx((0.45, 0.30))
    assert found["gain of fine-tuned, gap 0 − gap 1"] == pytest.approx((0.35, 0.25))
    # upper stages fall from 0.55 to 0.1, lower ones from 0.15 to 0.1; layer2 is in the middle and in neither
    assert found["fall of the probe gain, upper stages − lower stages"] == pytest.approx((0.4, 0.4))
    assert found["probe gain of the lower stages at gap 1"] == pytest.approx((0.1, 0.1))
    assert found["gain of fine-tuned at gap 1"] == pytest.approx((0.25, 0.35))
    assert found["everything fine-tuned − frozen, gap 1"] == pytest.approx((0.15, 0.1))
    assert found["BatchNorm recalibrated − frozen, gap 1"] == pytest.approx((0.2, 0.0))


def test_notes_and_figure_say_the_same():
    report = report_of(table(), (0.0, 1.0), per_class=10)
    assert "Lower stages are conv1 and layer1, upper ones layer3 and layer4" in report.notes[0]
    assert "conv1 +10 → +5, layer1 +20 → +15" in report.notes[1]
    assert "lower stages 67%, upper stages 18%" in report.notes[2]  # 0.1 of 0.15, and 0.1 of 0.55
    assert report.shown["gaps"] == [0.0, 1.0]
    near, far = report.shown["gains"]["frozen − scratch"]
    assert near == pytest.approx([0.55, 0.55])
    assert far == pytest.approx([0.1, 0.25])
    assert "domain gap 0, 1" in report.plot().alternative_text


def test_knobs_reach_the_sweep():
    columns = {f"probe gain {stage}": 0.0 for stage in STAGES} | {"recalibrated": 0.5}
    asked = made_up.Recorder(lambda arm, seed: {"measured": columns} if arm.startswith("frozen") else {})
    report = domain_mismatch(
        (1.0, 0.25), per_class=7, seeds=(3, 4), epochs=4, probe_seeds=(3, 5, 6), held_out_per_class=9, sweeping=asked
    )
    assert [one["data"].keywords["domain_gap"] for one in asked.asked] == [0.25, 0.25, 1.0, 1.0]
    assert {one["data"].keywords["held_out_per_class"] for one in asked.asked} == {9}
    assert [one["seeds"] for one in asked.asked] == [(3, 4, 5, 6), (3, 4)] * 2
    assert {one["budgets"] for one in asked.asked} == {(7,)}
    recipes = asked.asked[1]["arms"]
    assert recipes["fine-tuned, gap 0.25"].phases[-1].epochs == recipes["scratch, gap 0.25"].epochs == 4
    assert report.effects[0].values == (0.0, 0.0)  # by the two seeds that both have


@pytest.mark.parametrize("gaps", [(0.5,), (0.5, 0.5), (0.0, 1.5), (-0.1, 1.0)])
def test_gaps_that_are_none_are_refused(gaps):
    with pytest.raises(ValueError, match=r"gaps are two or more different numbers within 0…1"):
        domain_mismatch(gaps, sweeping=pytest.fail)


def test_one_seed_is_refused_at_once():
    with pytest.raises(ValueError, match="two seeds"):
        domain_mismatch(seeds=[0], sweeping=pytest.fail)


def test_measuring_leaves_the_model_as_it_was_and_repeats():
    data = worlds.target("objects", 4, held_out_per_class=3, domain_gap=1.0)
    model = load("bundled")
    replace_head(model, 8)
    before = copy.deepcopy(model.state_dict())
    found = what_stages_know(model, data, seed=0)
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())
    backbone = [stage.name for stage in list(stages(model))[:-1]]
    assert list(found) == [*(f"probe gain {name}" for name in backbone), "recalibrated"]
    assert found == what_stages_know(model, data, seed=0)


def test_recalibrating_is_what_torch_does_with_the_same_images():
    data = worlds.target("objects", 6, held_out_per_class=6, domain_gap=1.0)
    model, by_torch = load("bundled"), load("bundled")
    torch.optim.swa_utils.update_bn([model_input(by_torch, data.train.images)], by_torch)  # 48 images are one batch
    heads = [train_heads(head_features(one, data), [HeadSetting(seed=3)])[0] for one in (by_torch, model)]
    assert recalibrated_accuracy(model, data, seed=3) == pytest.approx(heads[0].accuracy, abs=1 / 47)  # one image
    assert not torch.allclose(heads[0].weight, heads[1].weight)


@pytest.mark.slow
def test_the_gain_falls_with_the_gap():
    report = domain_mismatch((0.0, 1.0), 10, range(3), sweeping=functools.partial(sweep, cache=False, progress=False))
    assert report.effect("gain of frozen, gap 0 − gap 1").low > 0
