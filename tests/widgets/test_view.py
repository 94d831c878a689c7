import threading

import pytest

from tests.lab.conftest import until
from transferlab.lab.looks.scrub import Scrub
from transferlab.widgets.attribution_view import AttributionView
from transferlab.widgets.drift_view import DriftView
from transferlab.widgets.filter_view import FilterView

VIEWS = (FilterView, AttributionView, DriftView)


def frames(page):
    """The pictures that a page has, by position, as it would keep them; of another turn they are dropped."""
    turn = page.state["turn"]
    return {c["position"]: (c, buffers) for c, buffers in page.messages("frame") if c["turn"] == turn}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_that_nobody_sees_costs_a_run_nothing(make_session, page, view):
    session = make_session(preview_share=1.0)
    shown = page(view(session))
    shown.hello()
    session.start(blocking=True)
    assert session.previews.seconds == 0
    assert shown.messages("frame") == []


@pytest.mark.parametrize("view", VIEWS)
def test_pictures_go_to_the_page_while_the_run_trains(make_session, page, view):
    session = make_session(preview_share=1.0, line="layer4")
    shown = page(view(session))
    shown.hello()
    shown.press("visible", on=True)
    session.start(blocking=True)
    found = frames(shown)
    assert set(found) == set(session.previews.frames[view.name])
    assert 0.0 in found
    for content, buffers in found.values():
        assert all(picture[:4] == b"\x89PNG" for picture in buffers)
        assert len(buffers) == len(content["names"])
    assert shown.state["positions"] == [0.0, *sorted({*found, 1.0, 2.0} - {0.0})]
    positions = [c["position"] for c, _ in shown.messages("frame") if c["turn"] == shown.state["turn"]]
    assert len(positions) == len(set(positions))  # each once
    assert shown.panel.failures == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_gets_what_it_lacks(make_session, page, view):
    session = make_session()
    session.start(blocking=True)
    shown = page(view(session))
    shown.hello()
    for position in (0.0, 2.0, None):
        shown.press("look", position=position)
        assert position in frames(shown)
    shown.press("look", position=0.7)
    assert "no picture of this moment" in shown.messages("nothing")[-1][0]["text"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_that_was_reloaded_gets_all_pictures_again(make_session, page, view):
    session = make_session(preview_share=1.0)
    shown = page(view(session))
    shown.hello()
    shown.press("visible", on=True)
    session.start(blocking=True)
    before = set(frames(shown))
    shown.sent.clear()
    shown.hello()
    assert set(frames(shown)) == before


def test_views_with_one_scrub_are_dragged_together(make_session, page):
    session, scrub = make_session(), Scrub()
    one, other, alone = page(FilterView(session, scrub)), page(DriftView(session, scrub)), page(DriftView(session))
    one.press("scrub", at=1.5)
    assert other.messages("scrub")[-1][0] == {"at": 1.5}
    assert one.messages("scrub") == alone.messages("scrub") == []  # its own page is there already
    assert other.hello()[0][0]["state"]["at"] == 1.5
    one.press("scrub", at="there")
    assert "number of epochs" in one.sentences[-1]


def test_not_following_takes_no_pictures_and_following_again_does(make_session, page):
    session = make_session(preview_share=1.0)
    shown = page(FilterView(session))
    shown.press("visible", on=True)
    shown.press("follow", on=False)
    session.start(blocking=True)
    assert session.previews.frames.get("filters", {}) == {}
    shown.press("follow", on=True)
    session.start(blocking=True)
    assert session.previews.frames["filters"]
    assert shown.state["follows"] is True


def test_a_choice_that_is_refused_does_not_stay_on_view(make_session, page):
    session = make_session()
    shown = page(AttributionView(session))
    shown.hello()
    shown.press("choose", method="grad_cm")
    assert "Did you mean 'grad_cam'" in shown.sentences[-1]
    assert shown.state["chosen"]["method"] == "grad_cam"
    shown.press("choose", methode="saliency")
    assert "Did you mean 'method'" in shown.sentences[-1]
    shown.press("choose", turn=-1)
    assert "whole number" in shown.sentences[-1]
    shown.press("choose", method="saliency", target="blue")
    assert (shown.state["chosen"]["method"], shown.state["chosen"]["target"]) == ("saliency", "blue")


def test_a_look_during_a_run_is_answered_from_the_training_thread(make_session, page, slow_steps):
    session = make_session(epochs=50)
    shown = page(FilterView(session))
    threads = []
    send = shown.panel.send
    shown.panel.send = lambda content, buffers=None: (
        threads.append((content.get("name"), threading.current_thread().name)), send(content, buffers)
    )  # fmt: skip
    session.start()
    until(lambda: session.log is not None and session.log.steps > 2)
    shown.press("look", position=0.0)
    until(lambda: shown.messages("frame"))
    assert ("frame", "transferlab training") in threads


def test_which_run_it_is_is_said(make_session, page):
    session = make_session()
    shown = page(DriftView(session))
    shown.press("visible", on=True)
    assert shown.state["which"] == "before the first run"
    for _ in range(2):
        session.start(blocking=True)
    assert shown.state["which"] == "run 2"
    session.show(session.runs[0])
    assert shown.state["which"] == "run 1"
    assert "seen at epochs 0" in shown.panel.in_words() or "nothing seen yet" in shown.panel.in_words()


def test_a_view_that_is_closed_is_told_nothing_and_takes_nothing(make_session, page):
    session = make_session(preview_share=1.0)
    view = FilterView(session)
    shown = page(view)
    shown.press("visible", on=True)
    view.close()
    count = len(shown.sent)
    session.start(blocking=True)
    view.scrub.move(1.0)
    assert len(shown.sent) == count
    assert session.previews.seconds == 0
    assert session.listener_failures == []
