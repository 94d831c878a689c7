from dataclasses import replace

import pytest

from tests.lab.conftest import until
from transferlab.lab.past.replay import replay_of
from transferlab.widgets.replay_panel import ReplayPanel


@pytest.fixture
def session(make_session):
    session = make_session(epochs=2)
    session.start(blocking=True)
    return session


@pytest.fixture
def panel(session, page):
    panel = page(ReplayPanel(session))
    panel.hello()
    return panel


def slowly(session):
    """Let the session's only run look as if it had taken 400 seconds."""
    (one,) = session.runs
    epochs = tuple(replace(epoch, seconds=200.0) for epoch in one.run.epochs)
    session.history.runs = (replace(one, run=replace(one.run, epochs=epochs)),)


def test_play_pause_go_on_stop(panel, session):
    slowly(session)
    panel.press("speed", speed=16)
    panel.press("play", number=1)
    until(lambda: panel.messages("progress"))
    assert panel.state["playing"]["speed"] == 16
    panel.press("pause")
    assert panel.state["playing"]["paused"]
    panel.press("play", number=1)
    assert not panel.state["playing"]["paused"]
    panel.press("speed", speed=1)
    assert replay_of(session).speed == 1
    panel.press("stop")
    assert panel.state["playing"] is None
    assert session.state == "finished"


def test_as_fast_as_possible_is_sent_as_a_word(panel, session):
    panel.press("speed", speed="fastest")
    assert replay_of(session) is None
    panel.press("play", number=1)
    until(lambda: session.shown is session.runs[0])
    assert panel.messages("progress")[-1][0]["speed"] == "fastest"  # infinity is no JSON
    panel.press("speed", speed=3)
    assert panel.sentences[-1] == "No speed 3. The speeds are: 1, 4, 16, fastest."


def test_going_on_is_a_new_run(panel, session):
    panel.press("go_on", number=1, epochs=1)
    assert session.wait(60)
    assert len(session.runs) == 2
    assert "Training goes on from the end of run 1" in panel.sentences[-1]
    assert [one["number"] for one in panel.state["runs"]] == [1, 2]


def test_what_cannot_be_is_a_sentence(panel, session):
    panel.press("play", number=7)
    assert panel.sentences[-1] == "There is no run 7. The runs are: 1."
    panel.press("go_on", number=1, epochs="many")
    assert "epochs is a whole number" in panel.sentences[-1]
    for name in ("pause", "stop"):  # nothing is played: too late for anything, and no error
        panel.press(name)
    assert panel.panel.failures == []


def test_closing_ends_the_replay(panel, session):
    slowly(session)
    panel.press("play", number=1)
    replay = replay_of(session)
    panel.panel.close()
    assert replay.wait(20)
    assert session.state == "finished"
    assert "1 runs to watch" in panel.panel.in_words()
