import struct

from transferlab.widgets.live_run import LiveRun


def points(page):
    """All points that a page has, as it would add them up."""
    series = {}
    for content, buffers in page.messages("points"):
        if content["reset"]:
            series = {}
        values = struct.unpack(f"{len(buffers[0]) // 4}f", buffers[0]) if buffers else ()
        at = 0
        for name, count in content["series"]:
            x, y = series.setdefault(name, ([], []))
            x += values[at : at + count]
            y += values[at + count : at + 2 * count]
            at += 2 * count
    return series


def test_the_page_gets_every_point_once(make_session, page):
    session = make_session()
    live = page(LiveRun(session))
    live.hello()
    live.press("start")
    assert session.wait(60)
    found = points(live)
    assert set(found) == set(session.log.series)
    for name, one in session.log.series.items():
        assert found[name] == (list(one.x), list(one.y)), name


def test_a_page_that_was_reloaded_gets_everything_again(make_session, page):
    session = make_session()
    live = page(LiveRun(session))
    live.press("start")
    session.wait(60)
    live.sent.clear()
    live.hello()
    assert live.messages("points")[0][0]["reset"]
    assert points(live)["loss"] == (list(session.log.series["loss"].x), list(session.log.series["loss"].y))


def test_another_run_begins_on_an_empty_chart(make_session, page):
    session = make_session()
    live = page(LiveRun(session))
    for seed in (0, 1):
        session.choose(seed=seed)
        live.press("start")
        session.wait(60)
    assert points(live)["loss"] == (list(session.log.series["loss"].x), list(session.log.series["loss"].y))


def test_buttons_do_what_they_say(make_session, page, slow_steps):
    from tests.lab.conftest import until

    session = make_session(epochs=50)
    live = page(LiveRun(session))
    live.press("start")
    until(lambda: session.state == "running")
    live.press("start")
    assert "A run is on already" in live.sentences[-1]
    live.press("pause")
    until(lambda: session.state == "paused")
    steps = session.log.steps
    live.press("step")
    until(lambda: session.state == "paused" and session.log.steps == steps + 1)
    live.press("resume")
    live.press("evaluate")
    until(lambda: session.log.steps > steps + 2)
    live.press("stop")
    assert session.wait(20)
    assert live.messages("progress")[-1][0]["state"] == "stopped"


def test_a_failure_can_be_read(make_session, page, monkeypatch):
    from transferlab.batch_gradient import BatchGradient

    monkeypatch.setattr(BatchGradient, "__call__", lambda self, index: 1 / 0)
    session = make_session()
    live = page(LiveRun(session))
    live.press("start")
    session.wait(20)
    assert "ZeroDivisionError" in live.messages("progress")[-1][0]["failure"]


def test_in_the_foreground_the_run_is_over_when_start_returns(make_session, page):
    session = make_session()
    live = page(LiveRun(session, blocking=True))
    live.press("start")
    assert session.state == "finished"
    live.press("pause")  # too late for anything, and no error


def test_the_run_in_words(make_session, page):
    session = make_session()
    live = page(LiveRun(session))
    assert live.panel.in_words() == "Training: no run yet."
    session.start(blocking=True)
    accuracy = session.runs[0].run.accuracy
    assert f"held-out accuracy {accuracy:.1%}" in live.panel.in_words()
