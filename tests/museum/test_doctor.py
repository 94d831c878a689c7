"""The doctor knows the data and what each loop left behind, never which exhibit it was."""

import copy

import pytest
import torch

from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.museum import EXHIBITS, doctor
from transferlab.museum.symptoms import SYMPTOMS

# Few images, so that this takes seconds; whatever a student tries in a lesson is larger, and so is the slow test.
SIZES = [(0, 8), *(pytest.param(seed, size, marks=pytest.mark.slow) for seed, size in ((0, 10), (1, 10), (2, 20)))]


@pytest.fixture(scope="module")
def data():
    return worlds.target("objects", per_class=2, held_out_per_class=4)


@pytest.mark.parametrize(("seed", "per_class"), SIZES)
@pytest.mark.parametrize("name", EXHIBITS)
def test_the_broken_training_is_diagnosed_and_its_twin_is_sound(name, seed, per_class):
    data = worlds.target("objects", per_class=per_class, held_out_per_class=per_class, seed=seed)
    broken, repaired = EXHIBITS[name].broken(data, seed), EXHIBITS[name].repaired(data, seed)
    state = copy.deepcopy(broken.model.state_dict())
    report = doctor(broken, data)
    assert report.causes == (name,)  # this one, and nothing else
    assert report.findings[0].sure == "certain"
    assert report.findings[0].remedy
    assert not report.unexamined
    assert all(torch.equal(value, state[key]) for key, value in broken.model.state_dict().items())
    sound = doctor(repaired, data)
    assert sound.findings == ()
    assert sound.unexamined == ()
    assert set(sound.absent) == set(SYMPTOMS) == set(EXHIBITS)


def test_the_names_of_the_causes_are_those_of_the_exhibits():
    assert set(SYMPTOMS) == set(EXHIBITS)


def test_examining_leaves_everything_as_it_was(data):
    trained = EXHIBITS["eval_forgotten"].broken(data)  # whose predict moves the running statistics
    model = trained.model
    state, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    held, rates = copy.deepcopy(trained.optimizer.state_dict()), [g["lr"] for g in trained.optimizer.param_groups]
    random = torch.get_rng_state()
    first = doctor(trained, data)
    assert first.causes == ("eval_forgotten",)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(p.grad, gradients[name]) for name, p in model.named_parameters())
    assert [g["lr"] for g in trained.optimizer.param_groups] == rates
    assert str(trained.optimizer.state_dict()) == str(held)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in model.modules())
    assert doctor(trained, data) == first


def test_a_backbone_that_is_loaded_again_costs_no_random_numbers(data):
    model = load("bundled", num_classes=8)
    random = torch.get_rng_state()
    assert "statistics_drift" in doctor(model, data).absent  # which had to load it
    assert torch.equal(torch.get_rng_state(), random)


def test_a_bare_model_says_what_could_not_be_examined(data):
    report = doctor(load("bundled", num_classes=8), data)
    assert report.findings == ()
    needs = {one.cause: one.needs for one in report.unexamined}
    assert "predict=" in needs["eval_forgotten"]
    assert "optimizer=" in needs["lr_scale_ignored"]
    assert "loader=" in needs["sorted_batches"]
    assert str(report).startswith("Nothing found. Looked for in vain: ")
    assert "Not examined:\n  eval_forgotten: give predict=" in str(report)


def test_evidence_may_be_given_piece_by_piece(data):
    trained = EXHIBITS["softmax_twice"].broken(data)
    (finding,) = doctor(trained.model, data).findings
    assert (finding.cause, finding.sure) == ("softmax_twice", "suspected")
    (finding,) = doctor(trained.model, data, losses=trained.losses).findings
    assert finding.sure == "certain"


def test_a_predict_that_fails_is_no_traceback(data):
    def predict(images):
        raise KeyError("fc")

    report = doctor(load("bundled", num_classes=8), data, predict=predict)
    assert report.findings == ()
    assert [one.needs for one in report.unexamined if one.cause == "eval_forgotten"] == [
        "Your predict raised KeyError: 'fc'."
    ]


def test_what_cannot_be_examined_is_said(data):
    model = load("bundled", num_classes=8)
    with pytest.raises(ValueError, match="you gave ImageSet"):
        doctor(model, data.train)
    with pytest.raises(ValueError, match="you gave str"):
        doctor("bundled", data)
    with pytest.raises(ValueError, match="head 'fc' has 232 outputs and the data 8 classes"):
        doctor(load("bundled"), data)
    with pytest.raises(ValueError, match="Divide percent by 100"):
        doctor(model, data, reported=87.0)
    with pytest.raises(ValueError, match="another architecture"):
        doctor(model, data, before=torch.nn.Linear(2, 2))
