import torch

from tests.lab.conftest import until
from transferlab.data.images import Splits
from transferlab.lab.looks.look_drift import DriftLook
from transferlab.lab.looks.subject import next_subject, subject_of


def test_a_run_stays_the_same_subject_when_it_is_over(make_session, slow_steps):
    session = make_session(epochs=5)
    assert subject_of(session).log is None
    session.start()
    until(lambda: session.log is not None and session.log.steps > 0)
    during = subject_of(session)
    assert (during.run, during.log) == (None, session.log)
    assert session.wait(30)
    after = subject_of(session)
    assert after.of is during.of
    assert after.run is session.runs[-1]
    session.start()
    until(lambda: session.log is not None and session.log is not after.log)
    assert subject_of(session).of is not during.of


def test_a_run_keeps_its_images_when_others_are_chosen(make_session, two_colours):
    session = make_session()
    session.start(blocking=True)
    session.choose(data=Splits(two_colours.held_out, two_colours.train))
    assert subject_of(session).data is two_colours
    assert next_subject(session).data.train is two_colours.held_out


def test_from_scratch_the_start_is_the_random_network(make_session):
    session = make_session("bundled", recipe="from_scratch", length=0.01, epochs=1)
    start = subject_of(session).start
    assert torch.equal(start.conv1.weight, session.workshop.model(session.settings).conv1.weight)
    frame = DriftLook(start, session.data.held_out)(session.workshop.model(session.settings))
    assert all(row["weights"] == 0 for row in frame.facts["stages"])


def test_what_changes_neither_images_nor_start_looks_alike(make_session):
    session = make_session()
    before = subject_of(session).looks_alike
    session.choose(epochs=3, seed=7)
    session.set_lr("fc", 1e-4)
    assert subject_of(session).looks_alike == before
    session.choose(recipe="fine_tuning", data=session.data)
    assert subject_of(session).looks_alike != before


def test_a_run_of_the_past_has_its_own_settings_and_states(make_session):
    session = make_session()
    for seed in (0, 1, 2):
        session.choose(seed=seed)
        session.start(blocking=True)
    session.show(session.runs[0])
    subject = subject_of(session)
    assert subject.settings.seed == 0
    assert [one.epoch for one in subject.snapshots] == [2]  # of an older run the last state is kept
    assert subject.frames == {}
