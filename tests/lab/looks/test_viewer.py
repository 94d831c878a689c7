import threading

import pytest

from tests.lab.conftest import until
from transferlab.explain.snapshot import model_at
from transferlab.lab.looks.subject import next_subject, subject_of
from transferlab.lab.looks.viewer import NOTHING, Viewer
from transferlab.lab.previews import Frame


class Sum:
    """A look that cannot be mistaken: the sum of all weights, and the thread that looked."""

    def __init__(self, subject, asked):
        self.asked, self.start, self.images = asked, subject.start, subject.data.held_out

    def __call__(self, model):
        total = sum(parameter.double().sum().item() for parameter in model.parameters())
        return Frame(facts={"asked": self.asked, "sum": total, "thread": threading.current_thread().name})

    def before(self):
        return self(self.start)


class Found(list):
    def __init__(self):
        super().__init__()
        self.sentences = []


def find(viewer, position):
    found = Found()
    viewer.find(position, found.append, found.sentences.append)
    return found


@pytest.fixture
def view():
    """A viewer of sums, whose choice can be changed: view(session).chosen[0] = …"""

    def make(session):
        chosen = [1]
        viewer = Viewer(session, "sum", lambda subject: Sum(subject, {"choice": chosen[0]}))
        viewer.chosen = chosen
        return viewer

    return make


def total(model):
    return sum(parameter.double().sum().item() for parameter in model.parameters())


def test_before_the_first_run_there_is_the_model_that_would_be_trained(make_session, view):
    session = make_session()
    viewer = view(session)
    assert viewer.positions == (0.0,)
    assert find(viewer, 0.0)[0].facts["sum"] == pytest.approx(total(session.model))
    assert find(viewer, 1.0).sentences == [NOTHING]


def test_a_run_that_is_followed_leaves_pictures_and_its_states_give_the_others(make_session, view):
    session = make_session(preview_share=1.0, epochs=3, line="layer4")
    viewer = view(session)
    viewer.follow(True)
    session.start(blocking=True)
    taken = viewer.known
    assert set(taken) > {0.0}
    assert set(viewer.positions) >= {*taken, 0.0, 1.0, 2.0, 3.0}
    for snapshot in session.snapshots:
        expected = total(model_at(session.workshop.pretrained(session.settings), snapshot))
        assert find(viewer, float(snapshot.epoch))[0].facts["sum"] == pytest.approx(expected)
    assert set(viewer.known) == set(viewer.positions)  # what was looked at is there the next time


def test_a_run_that_was_not_followed_can_be_looked_at_afterwards(make_session, view):
    session = make_session()
    session.start(blocking=True)
    viewer = view(session)
    assert viewer.known == {}
    assert [len(find(viewer, at)) for at in viewer.positions] == [1, 1, 1]
    assert find(viewer, 0.37).sentences == [NOTHING]


def test_while_a_run_is_on_it_is_the_training_thread_that_looks(make_session, view, slow_steps):
    session = make_session(epochs=50)
    viewer = view(session)
    session.start()
    until(lambda: len(session.snapshots) > 0)
    found = find(viewer, 0.0)
    until(lambda: found)
    assert found[0].facts["thread"] == "transferlab training"
    start = []
    viewer.before(start.append, print)
    until(lambda: start)
    assert start[0].facts["sum"] == pytest.approx(total(session.workshop.pretrained(session.settings)))


def test_other_choices_begin_anew_and_old_pictures_do_not_come_back(make_session, view):
    session = make_session(preview_share=1.0)
    viewer = view(session)
    viewer.follow(True)
    session.start(blocking=True)
    turn = viewer.turn
    viewer.known  # noqa: B018  # the run is on view
    assert viewer.turn == turn + 1
    viewer.chosen[0] = 2
    viewer.change()
    assert viewer.turn == turn + 2
    assert viewer.known == {}
    assert find(viewer, 1.0)[0].facts["asked"] == {"choice": 2}


def test_settings_that_change_neither_images_nor_start_cost_no_picture(make_session, view):
    session = make_session(preview_share=1.0)
    viewer = view(session)
    viewer.follow(True)
    session.start(blocking=True)
    known = viewer.known
    session.set_lr("fc", 1e-4)
    viewer.keep_up()
    assert viewer.known == known
    assert subject_of(session).settings is not next_subject(session).settings


def test_runs_of_the_past_have_pictures_of_their_own(make_session, view):
    session = make_session(preview_share=1.0)
    viewer = view(session)
    viewer.follow(True)
    for seed in (0, 1):
        session.choose(seed=seed)
        session.start(blocking=True)
    newest = viewer.known[0.0].facts["sum"]
    session.show(session.runs[0])
    assert viewer.known[0.0].facts["sum"] != newest  # another head
    assert find(viewer, 2.0)[0].facts["sum"] == pytest.approx(total(session.model))
    session.show(None)
    assert viewer.known[0.0].facts["sum"] == newest


def test_a_look_that_fails_is_a_sentence_and_is_tried_again(make_session):
    class Broken(Sum):
        def __call__(self, model):
            raise ValueError("There is nothing to see.")

    session = make_session(preview_share=1.0)
    viewer = Viewer(session, "sum", lambda subject: Broken(subject, {}))
    viewer.follow(True)
    session.start(blocking=True)
    assert session.state == "finished"
    assert viewer.trouble == "There is nothing to see."
    assert find(viewer, 1.0).sentences == ["There is nothing to see."]
    viewer.keep_up()
    assert "sum" in session.previews._views


def test_a_recorded_run_shows_what_was_recorded(make_session, view):
    class Playing:
        def __init__(self, session, frames):
            self.settings, self.stages = session.settings, session.stage_names
            self.log, self.frames = session.log, frames

        def stop(self):
            pass

    session = make_session()
    session.start(blocking=True)
    recorded = Frame(facts={"asked": {"choice": 99}, "sum": 7.0})
    session.play(Playing(session, {"sum": {0.0: recorded, 1.5: recorded}}))
    viewer = view(session)
    assert viewer.positions == (0.0, 1.5)
    assert find(viewer, 1.5) == [recorded]
    start = []
    viewer.before(start.append, print)
    assert start == [recorded]
    assert find(viewer, 1.0).sentences == [NOTHING]


def test_whoever_follows_no_longer_gets_no_pictures(make_session, view):
    session = make_session(preview_share=1.0)
    viewer = view(session)
    viewer.follow(True)
    viewer.follow(False)
    session.start(blocking=True)
    assert viewer.known == {}
