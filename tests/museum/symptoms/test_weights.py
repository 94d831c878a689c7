import pytest
import torch
from torch.optim import SGD

from tests.museum.nets import state, tiny
from transferlab.museum.evidence import Evidence
from transferlab.museum.report import Unexamined
from transferlab.museum.symptoms.weights import frozen_head, statistics_drift, unfrozen_too_late


def changed(model, *names):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith(names):
                parameter.add_(0.1)


def test_the_drift_of_frozen_statistics_is_measured(two_colours):
    model = tiny()
    model[1].running_var.fill_(4)
    before = state(model)
    model.requires_grad_(False)
    assert statistics_drift(Evidence(two_colours, model=model, before=before)) is None
    model[1].running_mean.fill_(1)  # from 0, where the spread is 2: half a standard deviation
    model[1].running_var.fill_(16)
    finding = statistics_drift(Evidence(two_colours, model=model, before=before))
    assert finding.numbers["layers"] == finding.numbers["of"] == 1
    assert finding.numbers["shift"] == pytest.approx(0.5, rel=1e-4)
    assert finding.numbers["factor"] == pytest.approx(4, rel=1e-4)
    model[1].requires_grad_(True)  # a layer that trains has every right to
    assert statistics_drift(Evidence(two_colours, model=model, before=before)) is None


def test_statistics_need_a_before_and_a_batch_norm(two_colours):
    model = tiny().requires_grad_(False)
    assert isinstance(statistics_drift(Evidence(two_colours, model=model)), Unexamined)
    assert isinstance(statistics_drift(Evidence(two_colours)), Unexamined)
    model[1] = torch.nn.Identity()
    assert statistics_drift(Evidence(two_colours, model=model)) is None


def test_thawed_parameters_that_no_optimizer_knows(two_colours):
    model = tiny()
    model[0].bias.requires_grad_(False)
    optimizer = SGD(model[5].parameters(), lr=0.1)
    finding = unfrozen_too_late(Evidence(two_colours, model=model, optimizer=optimizer))
    assert finding.sure == "certain"
    assert finding.numbers == {"tensors": 3, "parameters": 3 * 4 * 9 + 8}  # the kernels, and BatchNorm's two vectors
    model.requires_grad_(True)  # nothing was ever frozen: perhaps only the head was meant to learn
    assert unfrozen_too_late(Evidence(two_colours, model=model, optimizer=optimizer)).sure == "suspected"
    optimizer.add_param_group({"params": [*model[0].parameters(), *model[1].parameters()]})
    assert unfrozen_too_late(Evidence(two_colours, model=model, optimizer=optimizer)) is None


def test_what_an_optimizer_of_an_earlier_phase_trained_is_not_idle(two_colours):
    model = tiny()
    before, optimizer = state(model), SGD(model[5].parameters(), lr=0.1)
    changed(model, "0", "1")
    assert unfrozen_too_late(Evidence(two_colours, model=model, before=before, optimizer=optimizer)) is None


def test_without_an_optimizer_a_stage_that_stood_still_among_others_is_suspected(two_colours):
    model = tiny()
    before = state(model)
    evidence = Evidence(two_colours, model=model, before=before)
    assert unfrozen_too_late(evidence) is None  # nothing was trained at all
    changed(model, "5")
    assert unfrozen_too_late(evidence).sure == "suspected"
    changed(model, "0", "1")
    assert unfrozen_too_late(evidence) is None
    assert isinstance(unfrozen_too_late(Evidence(two_colours, model=tiny())), Unexamined)


def test_a_head_that_stood_still(two_colours):
    model = tiny()
    before = state(model)
    changed(model, "0")
    finding = frozen_head(Evidence(two_colours, model=model, before=before))
    assert (finding.sure, finding.numbers["tensors"]) == ("certain", 2)
    assert "requires_grad is False" not in finding.seen
    model[5].requires_grad_(False)
    assert "requires_grad is False" in frozen_head(Evidence(two_colours, model=model, before=before)).seen
    assert frozen_head(Evidence(two_colours, model=model)).sure == "suspected"
    changed(model, "5")
    assert frozen_head(Evidence(two_colours, model=model, before=before)) is None
