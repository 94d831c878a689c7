import math

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.phases import begin, freeze_line, has_converged, learning_rates, one_cycle, plan
from transferlab.recipes import Phase, feature_extraction, fine_tuning, gradual_unfreezing

NAMES = ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"]


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(2, width=8)


@pytest.mark.parametrize(("share", "line"), [(1.0, 5), (0.8, 4), (0.6, 3), (0.5, 2), (0.0, 0)])
def test_the_freeze_line_counts_backbone_stages_from_the_stem(model, share, line):
    assert freeze_line(model, share) == line


def test_plan_describes_and_leaves_the_model_alone(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rows = plan(model, gradual_unfreezing(head_lr=2e-3))
    assert [row.stage for row in rows[0].stages] == NAMES
    assert [stage.lr is None for stage in rows[0].stages] == [True] * 5 + [False]
    assert [stage.lr is None for stage in rows[1].stages] == [True] * 4 + [False] * 2
    assert rows[1].stages[4].lr == pytest.approx(2e-4)
    assert rows[3].stages[0].lr == pytest.approx(2e-5)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_rates_grow_geometrically_from_the_stem_to_a_tenth_of_the_heads(model):
    rows = plan(model, fine_tuning(head_lr=1e-2))[1].stages  # 1e-4 at the stem to 1e-3 at layer4 in four steps
    assert [row.lr for row in rows] == pytest.approx([1e-4 * 10 ** (i / 4) for i in range(5)] + [1e-2])


def test_what_trained_before_keeps_its_optimizer_state(model):
    recipe = gradual_unfreezing()
    optimizer, _ = begin(model, recipe.phases[0], recipe, None)
    model(torch.rand(4, 3, 32, 32)).sum().backward()
    optimizer.step()
    average = optimizer.state[model.fc.weight]["exp_avg"].clone()
    again, row = begin(model, recipe.phases[1], recipe, optimizer)
    assert again is optimizer
    assert torch.equal(optimizer.state[model.fc.weight]["exp_avg"], average)
    known = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    assert {id(p) for p in model.layer4.parameters()} <= known
    assert row.stages[3].lr is None


def test_learning_rates_of_a_phase_without_a_backbone_rate():
    assert learning_rates(Phase("head", 1.0, 1, 1e-3)) == {"head_lr": 1e-3, "backbone_lr": pytest.approx(1e-4)}


def test_one_cycle_by_hand():
    assert one_cycle(0.0) == pytest.approx(0.1)
    assert one_cycle(0.15) == pytest.approx(1.0)
    assert one_cycle(0.575) == pytest.approx(0.5)  # halfway down the cosine
    assert one_cycle(1.0) == pytest.approx(0.0, abs=1e-12)
    assert max(one_cycle(i / 1000) for i in range(1001)) == pytest.approx(1.0)


def test_convergence_is_three_epochs_without_a_percent_of_progress():
    assert not has_converged([1.0, 0.9])
    assert not has_converged([1.0, 0.5, 0.499, 0.498, 0.40])
    assert has_converged([1.0, 0.5, 0.499, 0.498, 0.497])
    assert not has_converged([math.log(2)] * 3)


def test_feature_extraction_is_one_phase():
    assert len(plan(SmallResNet(2, width=8), feature_extraction())) == 1


def test_a_stage_s_own_rate_overrules_the_phase_s(model):
    phase = Phase("mine", 0.6, 1, 1e-3, backbone_lr=1e-4, stage_lrs={"layer4": 3e-5, "conv1": 1e-6})
    _, row = begin(model, phase, fine_tuning(), None)
    assert [stage.lr for stage in row.stages] == [None, None, None, 1e-4, 3e-5, 1e-3]  # conv1 is frozen


def test_stages_whose_norms_alone_learn_count_as_frozen(model):
    recipe = feature_extraction(bn="train")
    _, row = begin(model, recipe.phases[0], recipe, None)
    assert [stage.lr is None for stage in row.stages] == [True] * 5 + [False]
    assert plan(model, recipe)[0] == row
