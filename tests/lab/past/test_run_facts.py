from dataclasses import replace

import pytest

from transferlab.lab.past.run_facts import run_facts
from transferlab.records import Command


@pytest.fixture
def finished(make_session):
    session = make_session(line="layer3", stage_lrs={"layer3": 1e-4, "fc": 2e-3}, epochs=1, seed=3)
    session.start(blocking=True)
    return session.runs[0]


def test_the_row_of_a_run(finished):
    facts = run_facts(finished)
    assert facts["trained"] == "layer3 and above"
    assert facts["depth"] == 3  # layer3, layer4, fc
    assert facts["rates"] == [1e-4, 2e-3]
    assert (facts["epochs"], facts["seed"], facts["recipe"], facts["data"]) == (1, 3, "My own", "two colours")
    assert facts["backbone"] == "SmallResNet"
    assert (facts["held_out"], facts["num_held_out"]) == (finished.run.accuracy, 16)
    assert facts["has_state"]


def test_the_interval_is_wilsons(finished):
    run = finished.run
    epochs = (*run.epochs[:-1], replace(run.epochs[-1], held_out_accuracy=0.5))
    facts = run_facts(replace(finished, run=replace(run, epochs=epochs, num_held_out=100)))
    assert facts["interval"] == pytest.approx([0.404, 0.596], abs=5e-4)  # Wilson 1927, by hand


def test_what_was_done_by_hand_counts(finished):
    commands = (Command(1, "freeze_to", "conv1"), Command(2, "set_lr", "fc", 5e-1))
    facts = run_facts(replace(finished, run=replace(finished.run, commands=commands)))
    assert facts["trained"] == "everything"
    assert facts["rates"] == [1e-4, 5e-1]
    assert facts["by_hand"] == 2


def test_a_phase_that_was_never_reached_did_not_train(make_session):
    session = make_session(recipe="fine_tuning", length=0.1)
    session.start(blocking=True)
    whole = session.runs[0]
    assert run_facts(whole)["trained"] == "everything"
    head_only = tuple(one for one in whole.run.epochs if one.phase in ("before", whole.run.phases[0].name))
    early = replace(whole, run=replace(whole.run, epochs=head_only, stopped=True))
    assert run_facts(early)["trained"] == "head only"
