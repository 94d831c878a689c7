import time
from dataclasses import replace

import pytest

from tests.lab.conftest import until
from transferlab.lab.past.replay import Replay, progress, replay_of
from transferlab.lab.previews import Frame


@pytest.fixture
def session(make_session):
    session = make_session(epochs=4)
    session.previews.share = 1.0
    session.previews.watch("view", lambda model: Frame(facts={"a": 1}))
    session.start(blocking=True)
    return session


def slowed(finished, seconds):
    """The same run, as if it had taken so long."""
    epochs = tuple(replace(one, seconds=seconds / 4 if one.epoch else 0.0) for one in finished.run.epochs)
    return replace(finished, run=replace(finished.run, epochs=epochs))


def test_as_fast_as_possible_everything_comes(session):
    finished, heard = session.runs[0], []
    session.subscribe(heard.append)
    replay = Replay(session, finished, speed=float("inf"))
    replay.start()
    assert session.state == "replaying"
    assert replay_of(session) is replay
    assert replay.wait(20)
    until(lambda: session.shown is finished)  # and stays on view
    assert session.state == "finished"
    assert replay.log.to_plain() == finished.log.to_plain()
    assert replay.log.run is finished.run
    assert replay.frames == finished.frames
    assert {"state", "records", "frames"} <= set(heard)


def test_halfway_there_is_half_of_it(session):
    finished = slowed(session.runs[0], 40.0)
    replay = Replay(session, finished, speed=1000)
    replay.seconds = 20.0  # 2 of 4 epochs
    assert replay.position == pytest.approx(2.0)
    replay._publish()
    assert [x for x in replay.log.series["held_out"].x if x > 2] == []
    assert replay.log.series["held_out"].x[-1] == 2.0
    assert len(replay.log.series["loss"]) == 2 * finished.log.batches_per_epoch
    assert replay.log.steps == 2 * finished.log.batches_per_epoch
    assert max(replay.frames["view"]) <= 2.0
    assert replay.log.run is None
    assert finished.log.last("held_out") is not None  # the original stays whole


def test_pause_speed_and_stop(session):
    session.show(None)
    before = session.log
    replay = Replay(session, slowed(session.runs[0], 400.0), speed=16)
    replay.start()
    until(lambda: replay.position > 0)
    replay.pause()
    assert progress(replay)["paused"]
    time.sleep(0.25)
    stood = replay.position
    time.sleep(0.25)
    assert replay.position == stood
    replay.speed = 4
    replay.resume()
    until(lambda: replay.position > stood)
    session.stop()
    assert replay.wait(20)
    assert session.playing is None
    assert session.log is before
    assert session.shown is None


def test_times_as_fast_as_it_trained(session):
    replay = Replay(session, slowed(session.runs[0], 4.0), speed=8)
    began = time.monotonic()
    replay.start()
    assert replay.wait(20)
    assert time.monotonic() - began >= 0.5 - 0.01  # 4 s at 8 times; how much later depends on the machine


def test_one_thing_at_a_time(session, slow_steps):
    replay = Replay(session, slowed(session.runs[0], 4000.0))
    replay.start()
    with pytest.raises(ValueError, match="A run is on"):
        Replay(session, session.runs[0]).start()
    session.start()  # ends the replay
    assert session.playing is None
    assert replay.wait(20)
    with pytest.raises(ValueError, match="A run is on"):
        Replay(session, session.runs[0]).start()
    session.end()


@pytest.mark.parametrize("speed", [0, -1, "fast", None, True, float("nan")])
def test_no_speed(session, speed):
    with pytest.raises(ValueError, match="speed is a number above 0"):
        Replay(session, session.runs[0], speed)
