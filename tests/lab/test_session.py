import random
import threading
import time

import pytest

from tests.lab.conftest import small_network, until
from transferlab.lab.session import STATES, Session
from transferlab.records import Command


def test_start_works_at_once_and_leaves_a_run(make_session):
    session, heard = make_session(), []
    session.subscribe(heard.append)
    assert session.state == "ready"
    session.start()
    assert session.wait(60)
    assert session.state == "finished"
    (one,) = session.runs
    assert one.run.epochs[-1].epoch == 2
    assert session.log.run is one.run
    assert list(session.log.series["held_out"].y) == pytest.approx([e.held_out_accuracy for e in one.run.epochs])
    assert {"state", "records", "runs"} <= set(heard)
    assert len(session.snapshots) == 3  # before, and after each epoch


def test_the_same_settings_give_the_same_run(make_session):
    session = make_session(recipe="fine_tuning", length=0.1)
    for _ in range(2):
        session.start(blocking=True)
    one, other = session.runs
    assert one.run == other.run
    assert one.number, other.number == (1, 2)


def test_while_paused_steps_stand_still(make_session, slow_steps):
    session = make_session(epochs=50)
    session.start()
    until(lambda: session.state == "running" and session.log.steps > 2)
    session.pause()
    until(lambda: session.state == "paused")
    steps = session.log.steps
    time.sleep(0.1)
    assert session.log.steps == steps
    session.step()
    until(lambda: session.state == "paused" and session.log.steps == steps + 1)
    session.resume()
    until(lambda: session.log.steps > steps + 3)
    session.stop()
    assert session.wait(20)
    assert session.state == "stopped"
    assert session.runs[0].run.stopped


def test_step_before_a_run_trains_one_batch(make_session):
    session = make_session()
    session.step()
    until(lambda: session.state == "paused" and session.log.steps == 1)
    session.step()
    until(lambda: session.state == "paused" and session.log.steps == 2)


def test_line_and_rate_take_effect_in_the_run_and_are_marked(make_session, slow_steps):
    session = make_session(epochs=30)
    session.start()
    until(lambda: session.state == "running" and session.log.steps > 2)
    session.freeze_to("layer4")
    session.set_lr("fc", 5e-4)
    assert session.line_name == "layer4"  # at once, before the run has obeyed
    until(lambda: session.log.last("lr/layer4") is not None and session.log.last("lr/fc") == pytest.approx(5e-4))
    assert set(session.rates) == {"layer4", "fc"}
    session.stop()
    session.wait(20)
    run = session.runs[0].run
    assert [(one.what, one.stage, one.value) for one in run.commands] == [
        ("freeze_to", "layer4", None),
        ("set_lr", "fc", 5e-4),
    ]
    assert [mark.kind for mark in session.log.marks] == ["phase", "freeze_to", "set_lr"]
    assert session.settings.line is None  # what was done to the run is no setting for the next


def test_line_and_rate_before_a_run_make_a_recipe_of_ones_own(make_session):
    session = make_session(recipe="gradual_unfreezing")
    assert (session.line_name, session.rates) == ("fc", {"fc": 1e-3})
    session.freeze_to("layer3")
    assert session.settings.recipe == "mine"
    assert session.line_name == "layer3"
    session.set_lr("layer4", 3e-5)
    assert session.rates["layer4"] == 3e-5
    assert session.rates["fc"] == 1e-3


def test_what_is_asked_for_while_the_run_gets_ready_is_not_lost(make_session, monkeypatch):
    session = make_session()
    prepare = session._prepare

    def slowly(control):
        time.sleep(0.2)
        return prepare(control)

    monkeypatch.setattr(session, "_prepare", slowly)
    session.start()
    assert session.state == "preparing"
    session.freeze_to("layer4")
    session.set_lr("layer4", 2e-5)
    with pytest.raises(ValueError, match="Did you mean 'layer4'"):
        session.freeze_to("layre4")
    session.pause()
    until(lambda: session.state == "paused")
    assert session.log.steps == 0
    session.resume()
    assert session.wait(20)
    assert session.runs[0].run.commands == (Command(0, "freeze_to", "layer4"), Command(0, "set_lr", "layer4", 2e-5))


def test_norms_that_learn_on_do_not_move_the_line(make_session):
    session = make_session(recipe="feature_extraction", bn="train", length=0.1)
    assert (session.line_name, set(session.rates)) == ("fc", {"fc"})
    session.start(blocking=True)
    assert session.state == "finished"


def test_start_pressed_twice_is_one_run(make_session, slow_steps):
    session = make_session(epochs=20)
    session.start()
    with pytest.raises(ValueError, match="A run is on already"):
        session.start()
    session.stop()
    session.wait(20)
    assert len(session.runs) == 1


def test_settings_stay_while_a_run_is_on(make_session, slow_steps):
    session = make_session(epochs=20)
    session.start()
    with pytest.raises(ValueError, match="Stop it first"):
        session.choose(seed=1)
    until(lambda: session.state == "running")
    with pytest.raises(ValueError, match="frozen and has no learning rate"):
        session.set_lr("conv1", 1e-3)
    assert session.settings.seed == 0


def test_a_choice_that_fails_changes_nothing(make_session):
    session = make_session()
    before, plan = session.settings, session.plan
    for changes in ({"backbone": "nonesuch"}, {"line": "layre4"}, {"data": "no such folder"}, {"seed": -1}):
        with pytest.raises(ValueError, match=r"\w"):
            session.choose(**changes)
        assert session.settings is before
        assert session.plan is plan


def test_another_lab_that_starts_ends_the_run_of_the_first(make_session, slow_steps):
    first, second = make_session(epochs=50), make_session()
    first.start()
    until(lambda: first.state == "running")
    second.start()
    assert first.state == "stopped"
    assert second.wait(20)
    assert second.state == "finished"


def test_a_run_that_breaks_off_says_why_and_the_lab_goes_on(make_session, monkeypatch):
    from transferlab.batch_gradient import BatchGradient

    session = make_session()
    with monkeypatch.context() as patch:
        patch.setattr(BatchGradient, "__call__", lambda self, index: 1 / 0)
        session.start()
        session.wait(20)
    assert session.state == "failed"
    assert "ZeroDivisionError" in session.failure.sentence
    assert "Traceback" in session.failure.details
    session.start()
    session.wait(20)
    assert session.state == "finished"
    assert session.failure is None


def test_a_loss_that_explodes_is_a_sentence(make_session):
    session = make_session(line="conv1", stage_lrs={"fc": 100.0, "layer4": 100.0}, epochs=20, schedule="constant")
    session.start()
    session.wait(60)
    assert session.state == "failed"
    assert "Training diverged" in session.failure.sentence
    assert "layer4" in session.failure.sentence


def test_the_model_is_looked_at_between_two_batches(make_session, slow_steps):
    session, seen = make_session(epochs=50), []
    trouble = []

    def look(model):
        seen.append((threading.current_thread().name, session.log.steps))
        return "seen"

    session.start()
    until(lambda: session.state == "running")
    session.do(look, seen.append, trouble.append)
    session.do(lambda model: 1 / 0, seen.append, trouble.append)
    until(lambda: len(seen) == 2 and trouble)
    assert seen[0][0] == "transferlab training"
    assert seen[1] == "seen"
    assert trouble == ["ZeroDivisionError: division by zero"]
    assert session.state == "running"
    with pytest.raises(ValueError, match="belongs to it"):
        _ = session.model
    session.stop()
    session.wait(20)
    session.do(look, seen.append, trouble.append)
    assert seen[2][0] == "MainThread"


def test_a_listener_that_fails_costs_nobody_anything(make_session):
    session, heard = make_session(), []
    session.subscribe(lambda event: 1 / 0)
    session.subscribe(heard.append)
    session.start()
    session.wait(20)
    assert session.state == "finished"
    assert "runs" in heard
    assert session.listener_failures


def test_unsubscribed_is_unsubscribed(make_session):
    session, heard = make_session(), []
    session.subscribe(heard.append)()
    session.tell("state")
    assert heard == []


def test_a_run_of_the_past_is_shown_until_the_next(make_session):
    session = make_session()
    for seed in (0, 1):
        session.choose(seed=seed)
        session.start(blocking=True)
    session.show(session.runs[0])
    assert session.log is session.runs[0].log
    assert "seed=0" in session.code()
    session.start(blocking=True)
    assert session.shown is None


def test_the_time_left_is_known_while_a_run_is_on(make_session, slow_steps):
    session = make_session(epochs=40)
    assert session.seconds_left is None
    session.start()
    until(lambda: session.log is not None and session.log.steps > 20)
    assert session.seconds_left > 0
    session.stop()
    session.wait(20)
    assert session.seconds_left is None


def test_no_thread_is_left(make_session):
    session = make_session()
    session.start()
    session.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("transferlab")]


def test_a_model_of_ones_own_stays_as_it_is(make_session):
    model = small_network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    session = make_session(model, line="conv1")
    session.start(blocking=True)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    assert model.fc.out_features == 5


def test_what_is_no_data_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'objects'"):
        Session(small_network(), "objekts")
    with pytest.raises(ValueError, match="you gave int"):
        Session(small_network(), 3)


def test_a_thousand_random_actions(make_session, slow_steps):
    """No exception but sentences, no deadlock, no orphan thread, always a named state, records that fit."""
    session, rng = make_session(epochs=3), random.Random(0)
    stages = session.stage_names
    unknown_states = []
    session.subscribe(lambda event: session.state in STATES or unknown_states.append(session.state))
    actions = {
        "start": session.start,
        "pause": session.pause,
        "resume": session.resume,
        "step": session.step,
        "stop": session.stop,
        "evaluate": session.evaluate,
        "line": lambda: session.freeze_to(rng.choice(stages)),
        "rate": lambda: session.set_lr(rng.choice(stages), 10 ** rng.uniform(-6, -2)),
        "rates": lambda: session.set_rates(dict.fromkeys(stages, 10 ** rng.uniform(-6, -2))),
        "seed": lambda: session.choose(seed=rng.randrange(3)),
        "recipe": lambda: session.choose(recipe=rng.choice(["mine", "feature_extraction"]), length=0.1),
        "look": lambda: session.do(lambda model: len(list(model.parameters())), lambda found: None, lambda why: None),
        "show": lambda: session.show(rng.choice([None, *session.runs])),
        "code": session.code,
        "left": lambda: session.seconds_left,
        "rest": lambda: time.sleep(0.004),
    }
    refused = 0
    for _ in range(1000):
        try:
            actions[rng.choice(list(actions))]()
        except ValueError:  # a sentence, such as "A run is on already"
            refused += 1
        assert session.state in STATES
    session.end()
    assert session.state in ("ready", "finished", "stopped", "failed")
    assert not unknown_states
    assert not session.listener_failures
    assert 0 < refused < 900
    assert session.runs
    assert not [one for one in threading.enumerate() if one.name == "transferlab training"]
    for one in session.runs:
        steps = len(one.log.series.get("loss", ()))
        assert steps == one.log.steps
        assert all(isinstance(command, Command) and 0 <= command.step <= steps for command in one.run.commands)
        assert [epoch.epoch for epoch in one.run.epochs] == list(range(len(one.run.epochs)))
