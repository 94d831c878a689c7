import threading

import pytest
import torch

from tests.lab.conftest import until
from transferlab.explain.snapshot import model_at
from transferlab.lab.looks.mixing import COARSE, Mixer, why_not
from transferlab.lab.looks.subject import subject_of
from transferlab.wise_ft import between, wise_ft


@pytest.fixture
def make_mixer(make_session):
    made = []

    def make(**settings):
        session = make_session(**{"line": "layer4", "stage_lrs": {"layer4": 1e-2, "fc": 1e-2}, **settings})
        sentences = []
        mixer = Mixer(session, lambda: None, sentences.append)
        mixer.sentences = sentences
        made.append(mixer)
        return mixer

    yield make
    for mixer in made:
        mixer.close()
    assert not [one for one in threading.enumerate() if one.name == "transferlab mixtures"]


def test_mixtures_are_those_of_wise_ft(make_mixer):
    mixer = make_mixer()
    session = mixer.session
    session.start(blocking=True)
    mixer.want(*COARSE)
    assert mixer.wait(60)
    workshop, settings = session.workshop, session.settings
    pretrained = workshop.pretrained(settings)
    tuned = model_at(pretrained, session.snapshots[-1])
    expected = between(pretrained, tuned, session.data, workshop.memory(settings))
    assert tuple(mixer.mixing.points[alpha] for alpha in COARSE) == expected
    assert expected[-1].held_out_accuracy == session.runs[-1].run.accuracy
    mixed = mixer.mixing.model(0.37)
    for name, value in wise_ft(pretrained, tuned, 0.37).state_dict().items():
        assert torch.equal(mixed.state_dict()[name], value)


def test_what_is_asked_for_last_comes_first_and_nothing_twice(make_mixer, monkeypatch):
    from transferlab.lab.looks import mixing

    mixer = make_mixer()
    mixer.session.start(blocking=True)
    go, order = threading.Event(), []

    def slowly(pretrained, tuned, data, memory, alphas):
        order.extend(alphas)
        go.wait(20)
        return between(pretrained, tuned, data, memory, alphas)

    monkeypatch.setattr(mixing, "between", slowly)
    mixer.want(0.1, 0.2)
    until(lambda: order)
    mixer.want(0.3)
    mixer.want(0.2, 0.1)
    go.set()
    assert mixer.wait(60)
    assert order == [0.1, 0.2, 0.3]


def test_a_frozen_backbone_is_not_measured_since_nothing_moved(make_mixer):
    mixer = make_mixer(line="fc", stage_lrs={"fc": 1e-2})
    mixer.session.start(blocking=True)
    mixer.want(*COARSE)
    assert mixer.wait(60)
    assert not mixer.mixing.moved
    assert mixer.mixing.points == {}
    assert mixer.sentences == []


def test_another_run_is_another_mixing(make_mixer):
    mixer = make_mixer()
    session = mixer.session
    for seed in (0, 1):
        session.choose(seed=seed)
        session.start(blocking=True)
        mixer.look()
        assert mixer.mixing is None
        mixer.want(1.0)
        assert mixer.wait(60)
        assert mixer.mixing.points[1.0].held_out_accuracy == session.runs[-1].run.accuracy
    session.show(session.runs[0])
    mixer.want(1.0)
    assert mixer.wait(60)
    assert mixer.mixing.points[1.0].held_out_accuracy == session.runs[0].run.accuracy


def test_why_nothing_can_be_mixed(make_mixer, slow_steps):
    mixer = make_mixer(epochs=50)
    session = mixer.session
    with pytest.raises(ValueError, match="before the first run"):
        mixer.want(0.5)
    session.start()
    until(lambda: session.log is not None and session.log.steps > 3)
    with pytest.raises(ValueError, match="until the run is over"):
        mixer.want(0.5)
    session.stop()
    session.wait(20)
    for alpha in (1.5, -0.1, "half", True):
        with pytest.raises(ValueError, match="alpha lies within 0"):
            mixer.want(alpha)
    mixer.want(0.5)  # of a run that was stopped there is a state too
    assert mixer.wait(60)
    assert list(mixer.mixing.points) == [0.5]


def test_random_weights_have_nothing_to_be_mixed_with(make_session):
    session = make_session("bundled", recipe="from_scratch", length=0.01)
    session.start(blocking=True)
    assert "random weights" in why_not(subject_of(session), session.is_training)


def test_a_run_that_starts_ends_the_measuring(make_mixer, slow_steps, monkeypatch):
    from transferlab.lab.looks import mixing

    mixer = make_mixer(epochs=1)
    session = mixer.session
    session.start(blocking=True)
    go, order = threading.Event(), []

    def slowly(pretrained, tuned, data, memory, alphas):
        order.extend(alphas)
        go.wait(20)
        return between(pretrained, tuned, data, memory, alphas)

    monkeypatch.setattr(mixing, "between", slowly)
    mixer.want(*COARSE)
    until(lambda: order)
    session.choose(epochs=50)
    session.start()
    go.set()
    assert mixer.wait(20)
    assert order == [0.0]
    session.stop()
    session.wait(20)


def test_what_goes_wrong_in_the_thread_is_a_sentence(make_mixer, monkeypatch):
    from transferlab.lab.looks import mixing

    mixer = make_mixer()
    mixer.session.start(blocking=True)
    monkeypatch.setattr(mixing, "between", lambda *_: 1 / 0)
    mixer.want(0.5)
    assert mixer.wait(20)
    assert mixer.sentences == ["ZeroDivisionError: division by zero"]
    monkeypatch.undo()
    mixer.want(0.5)
    assert mixer.wait(20)
    assert 0.5 in mixer.mixing.points
