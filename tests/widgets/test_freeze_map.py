import pytest

from tests.lab.conftest import until
from transferlab.freezing import freeze_to
from transferlab.stages import stages
from transferlab.widgets.freeze_map import FreezeMap


@pytest.fixture
def open_map(make_session, page):
    def make(**settings):
        session = make_session(**settings)
        opened = page(FreezeMap(session))
        opened.hello()
        return session, opened

    return make


def test_the_map_shows_every_stage_to_scale(open_map):
    session, opened = open_map(line="layer3")
    found = stages(session.model)
    assert [one["name"] for one in opened.state["stages"]] == list(found.names)
    assert [one["parameters"] for one in opened.state["stages"]] == [one.num_parameters for one in found]
    assert opened.state["goes_in"] == [3, 32, 32]
    assert opened.state["classes"] == 2
    assert opened.state["line"] == found.index("layer3")


def test_what_trains_is_what_freezing_there_leaves_trainable(open_map):
    session, opened = open_map(line="layer3")
    model = session.workshop.model(session.settings)
    freeze_to(model, "layer3")
    shown = sum(one["parameters"] for one in opened.state["stages"][opened.state["line"] :])
    assert shown == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert f"{shown:,} of" in opened.panel.in_words()
    assert "below layer3" in opened.panel.in_words()


def test_rates_are_shown_above_the_line_only(open_map):
    _, opened = open_map(line="layer4", stage_lrs={"fc": 1e-3, "layer4": 2e-4, "layer1": 1e-5})
    assert [one["rate"] for one in opened.state["stages"]] == [None, None, None, None, 2e-4, 1e-3]


def test_moving_the_line_makes_a_recipe_of_ones_own(open_map):
    session, opened = open_map(recipe="feature_extraction")
    opened.press("line", stage="layer2")
    assert (session.settings.recipe, session.settings.line) == ("mine", "layer2")
    assert opened.state["line"] == 2
    assert [phase["line"] for phase in opened.state["phases"]] == [2]


def test_the_costs_of_every_line_are_sent(open_map):
    session, opened = open_map()
    expected = [session.cost(i) for i in range(6)]
    assert opened.state["costs"] == [[one.first, one.further] for one in expected]
    further = [cost[1] for cost in opened.state["costs"]]
    assert further == sorted(further, reverse=True)  # the more is frozen, the less an epoch costs


def test_the_phases_of_a_recipe_move_the_line(open_map):
    _, opened = open_map(recipe="gradual_unfreezing")
    assert [phase["line"] for phase in opened.state["phases"]] == [5, 4, 2, 0]  # 1, 0.8, 0.5, 0 of five stages
    assert [phase["most"] for phase in opened.state["phases"]] == [True, False, False, False]


def test_a_stage_that_does_not_exist_is_refused_and_the_line_stays(open_map):
    session, opened = open_map(line="layer4")
    for wrong in ("layre3", None, 3):
        opened.press("line", stage=wrong)
        assert session.settings.line == "layer4"
        assert opened.state["line"] == 4
    assert "This model's stages are: conv1" in opened.sentences[0]


def test_batchnorm_is_chosen_and_a_wrong_mode_does_not_stay_on_view(open_map):
    session, opened = open_map()
    opened.press("bn", bn="train")
    assert session.settings.bn == "train"
    assert opened.state["bn"] == "train"
    opened.press("bn", bn="sometimes")
    assert session.settings.bn == "train"
    assert "sometimes" in opened.sentences[-1]
    assert [content["kind"] for content, _ in opened.sent[-3:]] == ["state", "sentence", "done"]


def test_a_click_on_a_stage_reaches_whoever_listens_until_they_no_longer_do(open_map):
    _, opened = open_map()
    assert not opened.state["opens"]
    clicked = []
    end = opened.panel.on_stage(clicked.append)
    assert opened.state["opens"]
    opened.press("stage", stage="layer2")
    end()
    opened.press("stage", stage="layer1")
    assert clicked == ["layer2"]
    assert not opened.state["opens"]


def test_a_listener_that_fails_is_a_sentence(open_map):
    _, opened = open_map()

    def fail(stage):
        raise RuntimeError("no picture")

    opened.panel.on_stage(fail)
    opened.press("stage", stage="layer2")
    assert "no picture" in opened.sentences[-1]


def test_in_a_run_the_line_moves_at_once_and_is_confirmed_when_a_batch_obeyed_it(open_map, slow_steps):
    session, opened = open_map(line="fc", epochs=40)
    session.start()
    until(lambda: session.log and session.log.steps > 2)
    session.pause()
    until(lambda: session.state == "paused")
    opened.press("line", stage="layer4")
    assert (opened.state["line"], opened.state["obeyed"]) == (4, False)
    assert session.settings.line == "fc"  # the run is steered, the settings stay
    session.step()
    until(lambda: opened.state["obeyed"] and session.state == "paused")
    assert opened.state["stages"][4]["rate"] is not None
    assert opened.state["phase"] == "mine"
    assert opened.state["training"]


def test_a_line_that_is_moved_while_the_run_gets_ready_stays_where_it_was_put(open_map, slow_steps):
    session, opened = open_map(line="fc", epochs=40)
    session.start(paused=True)
    opened.press("line", stage="layer3")
    assert opened.state["line"] == 3
    until(lambda: session.state == "paused")
    until(lambda: session.line == 3)
    opened.panel.refresh()
    assert opened.state["line"] == 3


def test_the_map_follows_a_recipe_that_moves_the_line_by_itself(open_map, slow_steps):
    session, opened = open_map(recipe="fine_tuning")
    session.start()
    until(lambda: session.log and session.log.phase == "head")
    assert opened.state["line"] == 5
    until(lambda: session.log.phase == "all")
    session.pause()
    until(lambda: session.state == "paused")
    until(lambda: opened.state["line"] == 0)
    assert opened.state["phase"] == "all"
    assert opened.state["obeyed"]
    session.stop()
    session.wait(60)
    assert opened.state["line"] == 5  # the next run begins with the first phase
    assert opened.state["phase"] == ""


def test_nothing_is_sent_where_nothing_changed_or_nobody_looks(make_session, page):
    session = make_session()
    opened = page(FreezeMap(session))
    session.tell("settings", "records", "state")
    assert not opened.sent
    opened.hello()
    session.tell("settings", "records", "state")
    assert len(opened.sent) == 1


def test_a_closed_map_no_longer_listens(make_session, page):
    session = make_session()
    opened = page(FreezeMap(session))
    opened.hello()
    opened.panel.close()
    before = len(opened.sent)
    session.choose(seed=4, bn="train")
    assert len(opened.sent) == before
