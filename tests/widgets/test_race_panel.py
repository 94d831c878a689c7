import json
import threading

import pytest

from tests.lab.conftest import until
from transferlab.lab import race as race_module
from transferlab.lab.data.data_choice import WorldData
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch
from transferlab.widgets.race_panel import RacePanel


@pytest.fixture(autouse=True)
def short(monkeypatch, tmp_path):
    arms = {"frozen": feature_extraction(1), "all": fine_tuning(1, 1), "scratch": from_scratch(1)}
    monkeypatch.setattr(race_module, "STRATEGIES", arms)
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path))


@pytest.fixture
def panel(make_session, page):
    opened = page(RacePanel(make_session()))
    opened.hello()
    return opened


def over(panel):
    until(lambda: not any(one.name == "transferlab race" for one in threading.enumerate()), 60)
    json.dumps(panel.state, allow_nan=False)


def test_it_opens_with_the_usual_budgets_and_nothing_measured(panel):
    state = panel.state
    assert (state["state"], state["usual"], state["budgets"]) == ("ready", "5, 10, 20, 50", [])
    assert (state["arms"], state["no_scratch"], state["about"]) == (["frozen", "all"], True, "two colours, 2 classes")
    assert [one["words"] for one in state["curve"]["rule"]] == ["50–500", "1,000–10,000", "10,000+", "100,000+"]
    assert panel.panel.in_words() == "Race: not run yet."


def test_points_arrive_one_after_the_other_and_the_guess_is_judged(panel):
    panel.press("start", budgets="4, 2", seeds=2, fewest="frozen", most="all", crossing=3)
    over(panel)
    states = [content["state"] for content, _ in panel.sent if content["kind"] == "state"]
    counts = [sum(map(len, (v for line in one["curve"]["lines"] for v in line["values"]))) for one in states]
    assert counts == sorted(counts)
    assert set(counts) >= {1, 2, 3, 4, 5, 6, 7, 8}
    assert {"arm": "frozen", "per_class": 2, "seed": 0} in [one["now"] for one in states]
    last = states[-1]
    assert (last["state"], last["done"], last["total"], last["now"], last["left"]) == ("finished", 8, 8, None, None)
    assert last["budgets"] == [2, 4]
    assert last["guess"] == {"fewest": "frozen", "most": "all", "crossing": 3}
    assert len(last["judged"]) == 3
    assert last["curve"]["lines"][0]["highs"][0] is not None
    assert panel.panel.in_words().startswith("Race: 8 of 8 runs.\naccuracy at images a class:")
    assert panel.panel.failures == []


def test_pause_resume_and_stop(panel, slow_steps):
    panel.press("start", budgets="2 16", seeds=2)
    panel.press("pause")
    until(lambda: panel.state["state"] == "paused")
    panel.press("resume")
    assert panel.state["state"] == "racing"
    panel.press("stop")
    assert panel.state["state"] == "stopped"
    assert panel.state["judged"] == []
    over(panel)


def test_a_run_of_the_lab_forbids_a_start_and_ends_a_race(panel, slow_steps):
    session = panel.panel.session
    panel.press("start", budgets="2, 16", seeds=2)
    session.start()
    assert panel.state["state"] == "stopped"
    until(lambda: panel.state["busy"])
    panel.press("start", budgets="2, 4", seeds=2)
    assert "A run is on, and the race would take its time" in panel.sentences[-1]
    assert session.wait(60)
    until(lambda: not panel.state["busy"])


def test_other_images_take_the_points_away(panel):
    panel.press("start", budgets="2, 4", seeds=2)
    over(panel)
    panel.panel.session.choose(data=WorldData("tissue", per_class=2))
    assert panel.state["curve"]["lines"] == []
    assert (panel.state["state"], panel.state["total"]) == ("ready", 0)
    assert panel.state["about"] == "tissue, 8 classes"


def test_what_failed_is_said_and_shortened(panel, monkeypatch):
    from transferlab.experiments import running

    def fail(*_):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(running, "_run", fail)
    panel.press("start", budgets="2, 4", seeds=2)
    over(panel)
    first = "all, 2 a class, seed 0: RuntimeError: out of luck"
    assert panel.state["failed"] == [first, first.replace("seed 0", "seed 1"), "… and 2 more"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"budgets": "five"}, "Budgets are whole numbers of images a class, such as 5, 10, 20, 50; you gave 'five'"),
        ({"budgets": "2.5, 5"}, "you gave '2.5, 5'"),
        ({"budgets": "-2, 5"}, "you gave '-2, 5'"),
        ({"budgets": "²"}, "Budgets are whole numbers"),
        ({"budgets": ""}, "you gave ''"),
        ({"budgets": None}, "you gave None"),
        ({"budgets": "5"}, "A race has 2 to 8 budgets"),
        ({"budgets": "2, 4000"}, "from 1 to 2,000; you gave 4000"),
        ({"budgets": "2, 17"}, "the smallest class has 16"),
        ({"budgets": "2, 4", "seeds": 1}, "one alone has no interval"),
        ({"budgets": "2, 4", "fewest": "frosen"}, "Did you mean 'frozen'"),
        ({"budgets": "2, 4", "fewest": ["frozen"]}, "No strategy"),
        ({"budgets": "2, 4", "crossing": 5}, "A crossing lies between two strategies"),
        ({"budgets": "2, 4", "fewest": "frozen", "most": "all", "crossing": "x"}, "you gave 'x'"),
    ],
)
def test_bad_input_is_a_sentence_and_starts_nothing(panel, content, sentence):
    panel.press("start", **content)
    assert sentence in panel.sentences[-1]
    assert panel.state["state"] == "ready"
    assert panel.panel.failures == []


def test_a_panel_that_is_closed_leaves_no_race(make_session, page, slow_steps):
    session = make_session()
    opened = page(RacePanel(session))
    opened.hello()
    opened.press("start", budgets="2, 16", seeds=2)
    opened.panel.close()
    assert not any(one.name == "transferlab race" for one in threading.enumerate())
    before = len(opened.sent)
    session.choose(seed=3)
    assert len(opened.sent) == before
