import pytest

from tests.lab.conftest import until
from transferlab.lab.looks.mixing import COARSE
from transferlab.widgets.forgetting_panel import ForgettingPanel
from transferlab.wise_ft import wise_ft

FAST = {"line": "layer4", "stage_lrs": {"layer4": 1e-2, "fc": 1e-2}}


def newest(page):
    """The state as the page knows it."""
    last = [content for content, _ in page.sent if content["kind"] in ("state", "message")][-1]
    return last["state"] if last["kind"] == "state" else last["content"].get("now", last["content"])


def curves(page):
    series = {}
    for content, _ in page.messages("points"):
        if content["reset"]:
            series = {}
        for name, (x, y) in content["series"].items():
            known = series.setdefault(name, ([], []))
            known[0].extend(x)
            known[1].extend(y)
    return series


def test_the_page_gets_both_curves_once(make_session, page):
    session = make_session(**FAST)
    shown = page(ForgettingPanel(session))
    shown.hello()
    session.start(blocking=True)
    found = curves(shown)
    assert set(found) == {"held_out", "source"}
    for name, (x, y) in found.items():
        assert (x, y) == (list(session.log.series[name].x), list(session.log.series[name].y))
    assert newest(shown)["kind"] == "agreement"
    shown.hello()
    assert curves(shown) == found


def test_mixtures_are_measured_after_a_run_that_is_on_screen(make_session, page):
    session = make_session(**FAST)
    panel = ForgettingPanel(session)
    shown = page(panel)
    shown.press("visible", on=True)
    session.start(blocking=True)
    until(lambda: panel.mixer.mixing is not None)
    assert panel.mixer.wait(60)
    until(lambda: not newest(shown)["measuring"])
    mixtures = newest(shown)["mixtures"]
    assert [one[0] for one in mixtures] == list(COARSE)
    assert mixtures[-1][1] == session.runs[-1].run.accuracy


def test_unseen_nothing_is_measured_until_it_is_asked_for(make_session, page):
    session = make_session(**FAST)
    panel = ForgettingPanel(session)
    shown = page(panel)
    shown.hello()
    session.start(blocking=True)
    assert panel.mixer.mixing is None
    shown.press("measure", alpha=0.37)
    assert panel.mixer.wait(60)
    until(lambda: newest(shown)["mixtures"])
    assert [one[0] for one in newest(shown)["mixtures"]] == [0.37]


def test_a_mixture_can_be_kept(make_session, page):
    session = make_session(**FAST)
    panel = ForgettingPanel(session)
    shown = page(panel)
    session.start(blocking=True)
    shown.press("keep", alpha=0.5)
    expected = wise_ft(session.workshop.pretrained(session.settings), session.model, 0.5).state_dict()
    assert all(value.equal(expected[name]) for name, value in panel.mixed.state_dict().items())
    assert "panel.mixed" in shown.sentences[-1]
    kept = panel.mixed
    for alpha in (7, None, "x"):
        shown.press("keep", alpha=alpha)
        assert "alpha lies within" in shown.sentences[-1]
    assert panel.mixed is kept
    assert panel.failures == []


@pytest.mark.parametrize("name", ["measure", "keep"])
def test_before_a_run_and_during_one_it_says_why_not(make_session, page, slow_steps, name):
    session = make_session(epochs=50)
    shown = page(ForgettingPanel(session))
    shown.press(name, alpha=0.5)
    assert "before the first run" in shown.sentences[-1]
    session.start()
    until(lambda: session.state == "running")
    shown.press(name, alpha=0.5)
    assert "until the run is over" in shown.sentences[-1]


def test_a_frozen_backbone_is_said_to_be_one(make_session, page):
    session = make_session(line="fc")
    panel = ForgettingPanel(session)
    shown = page(panel)
    shown.press("visible", on=True)
    session.start(blocking=True)
    until(lambda: panel.mixer.mixing is not None)
    assert panel.mixer.wait(60)
    until(lambda: "The backbone was frozen" in (newest(shown)["why_not"] or ""))
    assert newest(shown)["mixtures"] == []


def test_the_panel_in_words(make_session, page):
    session = make_session(**FAST)
    panel = page(ForgettingPanel(session)).panel
    assert "no run yet" in panel.in_words()
    session.start(blocking=True)
    run = session.runs[-1].run
    assert panel.in_words().endswith(f"target {run.accuracy:.1%}, source {run.source_after:.1%}.")


def test_a_panel_that_is_closed_measures_no_more(make_session, page):
    session = make_session(**FAST)
    panel = ForgettingPanel(session)
    shown = page(panel)
    session.start(blocking=True)
    shown.press("measure")
    panel.close()
    assert not panel.mixer.is_measuring
    count = len(shown.sent)
    session.start(blocking=True)
    assert len(shown.sent) == count
