import pytest

from tests.lab.conftest import until
from transferlab.lab.rate_search import RateBand
from transferlab.lr_groups import stage_rates
from transferlab.stages import stages
from transferlab.widgets.learning_rates import LearningRates


@pytest.fixture
def open_rates(make_session, page):
    def make(**settings):
        session = make_session(**settings)
        opened = page(LearningRates(session))
        opened.hello()
        return session, opened

    return make


def rates_of(opened):
    return {one["name"]: one["rate"] for one in opened.state["stages"]}


def test_each_stage_has_its_rate_and_frozen_ones_say_so(open_rates):
    _, opened = open_rates(line="layer4", stage_lrs={"fc": 1e-3, "layer4": 2e-4, "layer1": 1e-5})
    assert [one["frozen"] for one in opened.state["stages"]] == [True] * 4 + [False] * 2
    assert list(rates_of(opened).values()) == [1e-4, 1e-5, 1e-4, 1e-4, 2e-4, 1e-3]  # without one a tenth of the head's


def test_a_frozen_stage_shows_the_rate_of_the_phase_that_thaws_it(open_rates):
    _, opened = open_rates(recipe="gradual_unfreezing")
    layer3, conv1 = opened.state["stages"][3], opened.state["stages"][0]
    assert (layer3["frozen"], layer3["later"], layer3["rate"]) == (True, "upper half", pytest.approx(1e-3 / 30))
    assert (conv1["later"], conv1["rate"]) == ("all", pytest.approx(1e-5))


def test_a_slider_makes_the_recipe_ones_own(open_rates):
    session, opened = open_rates(recipe="feature_extraction")
    opened.press("rate", stage="fc", lr=2e-3)
    assert session.settings.recipe == "mine"
    assert session.settings.stage_lrs["fc"] == 2e-3
    assert rates_of(opened)["fc"] == 2e-3


@pytest.mark.parametrize("wrong", [0, -1e-3, "abc", None, 1e9, float("nan"), True])
def test_what_is_no_rate_is_a_sentence_and_does_not_stay_on_view(open_rates, wrong):
    _, opened = open_rates(line="fc", stage_lrs={"fc": 1e-3})
    opened.press("rate", stage="fc", lr=wrong)
    assert opened.sentences
    assert not opened.panel.failures
    assert rates_of(opened)["fc"] == 1e-3


def test_a_stage_that_does_not_exist_is_named_with_those_that_do(open_rates):
    _, opened = open_rates()
    opened.press("rate", stage="layre4", lr=1e-3)
    assert "Did you mean 'layer4'?" in opened.sentences[-1]


def test_the_ratio_sets_every_stage_below_the_head(open_rates):
    _, opened = open_rates(line="conv1", stage_lrs={"fc": 1e-2})
    opened.press("ratio", ratio=20)
    assert list(rates_of(opened).values()) == [5e-4] * 5 + [1e-2]


def test_layer_decay_is_that_of_the_optimizer_groups(open_rates):
    session, opened = open_rates(line="conv1", stage_lrs={"fc": 1e-2})
    opened.press("decay", decay=0.5)
    expected = stage_rates(stages(session.model), head_lr=1e-2, layer_decay=0.5)
    assert list(rates_of(opened).values()) == pytest.approx(expected, rel=5e-3)  # three digits


@pytest.mark.parametrize(("what", "wrong"), [("ratio", 0.5), ("ratio", "ten"), ("decay", 0), ("decay", 1.5)])
def test_shortcuts_out_of_range_are_refused(open_rates, what, wrong):
    _, opened = open_rates(line="conv1", stage_lrs={"fc": 1e-2})
    before = rates_of(opened)
    opened.press(what, **{what: wrong})
    assert "lies within" in opened.sentences[-1]
    assert rates_of(opened) == before


def test_reset_brings_the_named_recipe_back_where_only_rates_were_touched(open_rates):
    session, opened = open_rates(recipe="fine_tuning")
    assert opened.state["reset"] == ""
    opened.press("rate", stage="fc", lr=5e-2)
    assert opened.state["reset"] == "Back to fine tuning"
    opened.press("reset")
    assert session.settings.recipe == "fine_tuning"
    assert rates_of(opened)["fc"] == 3e-3


def test_reset_keeps_a_line_that_was_moved(open_rates):
    session, opened = open_rates(recipe="gradual_unfreezing")
    session.freeze_to("layer2")
    opened.press("rate", stage="layer3", lr=5e-2)
    assert opened.state["reset"] == "Rates of gradual unfreezing"
    opened.press("reset")
    assert session.settings.line == "layer2"
    upper_half = [pytest.approx(1e-3 / 30)] * 3 + [1e-3]
    assert list(rates_of(opened).values())[2:] == upper_half


def test_reset_without_a_named_recipe_gives_the_usual_rates(open_rates):
    _, opened = open_rates(recipe="mine", line="layer4", stage_lrs={"fc": 0.5, "layer4": 0.5})
    opened.press("reset")
    assert list(rates_of(opened).values())[4:] == [1e-4, 1e-3]
    assert opened.state["reset"] == ""


def test_the_schedule_is_chosen_and_keeps_the_rates(open_rates):
    session, opened = open_rates(recipe="fine_tuning")
    assert opened.state["schedule"] == "one_cycle"
    opened.press("schedule", schedule="constant")
    assert (session.settings.recipe, session.settings.schedule) == ("mine", "constant")
    assert opened.state["schedule"] == "constant"
    assert rates_of(opened)["fc"] == 3e-3
    opened.press("schedule", schedule="zigzag")
    assert opened.state["schedule"] == "constant"
    assert "zigzag" in opened.sentences[-1]


def test_in_a_run_a_rate_reaches_the_next_batch(open_rates, slow_steps):
    session, opened = open_rates(line="layer4", stage_lrs={"fc": 1e-3, "layer4": 1e-4}, epochs=60)
    session.start()
    until(lambda: session.log and session.log.steps > 2)
    opened.press("rate", stage="layer4", lr=3.456e-5)
    assert rates_of(opened)["layer4"] == pytest.approx(3.456e-5, rel=0.02)  # at once
    until(lambda: session.log.last("lr/layer4") == pytest.approx(3.456e-5))
    opened.panel.refresh()
    layer4, fc = opened.state["stages"][4:]
    assert layer4["rate"] == layer4["now"] == pytest.approx(3.456e-5)
    assert fc["rate"] == 1e-3  # its peak, whatever the schedule makes of it now
    assert fc["now"] == pytest.approx(session.log.last("lr/fc"), rel=0.2)
    assert session.settings.stage_lrs == {"fc": 1e-3, "layer4": 1e-4}


def test_a_frozen_stage_cannot_be_given_a_rate_in_a_run(open_rates, slow_steps):
    session, opened = open_rates(line="fc", epochs=60)
    session.start()
    until(lambda: session.log and session.log.steps > 1)
    opened.press("rate", stage="layer1", lr=1e-4)
    assert "'layer1' is frozen" in opened.sentences[-1]


def test_a_stage_that_was_thawed_in_a_run_shows_the_rate_it_gets(open_rates, slow_steps):
    session, opened = open_rates(recipe="feature_extraction", length=5)
    session.start()
    until(lambda: session.log and session.log.steps > 1)
    session.freeze_to("layer4")
    assert rates_of(opened)["layer4"] == pytest.approx(3e-4)  # a tenth of the head's
    until(lambda: session.log.last("lr/layer4"))
    peak = max(session.log.series["lr/layer4"].y)
    assert peak <= 3e-4 * 1.001


def test_a_stage_that_is_thawed_gets_the_rate_that_was_shown(open_rates):
    session, opened = open_rates(recipe="feature_extraction")
    shown = rates_of(opened)["layer4"]
    session.freeze_to("layer4")
    assert session.rates["layer4"] == pytest.approx(shown)
    assert rates_of(opened)["layer4"] == pytest.approx(shown)


def test_suggestions_are_drawn_and_taken_over(open_rates):
    _, opened = open_rates(line="layer4", stage_lrs={"fc": 1e-3, "layer4": 1e-4})
    opened.press("use")
    assert "no suggestions yet" in opened.sentences[-1]
    opened.press("search")
    until(lambda: not opened.panel.search.is_on)
    opened.panel.refresh()
    bands = [one["band"] for one in opened.state["stages"]]
    assert bands[:4] == [None] * 4
    assert all(low <= valley <= high for low, valley, high in bands[4:])
    assert opened.state["search"]["missing"] == 0
    opened.press("use")
    assert list(rates_of(opened).values())[4:] == pytest.approx([band[1] for band in bands[4:]], rel=5e-3)


def test_a_search_is_refused_while_a_run_is_on(open_rates, slow_steps):
    session, opened = open_rates(epochs=60)
    session.start()
    opened.press("search")
    assert "A run is on" in opened.sentences[-1]
    assert not opened.state["search"]["on"]


def test_suggestions_may_be_taken_over_in_a_run(open_rates, slow_steps):
    session, opened = open_rates(line="fc", epochs=60)
    opened.panel.search.found = {"fc": RateBand(1e-3, 2.5e-3, 4e-3), "layer4": RateBand(1e-4, 1e-4, 1e-4)}
    session.start()
    until(lambda: session.log and session.log.steps > 1)
    opened.press("use")
    until(lambda: session.log.last("lr/fc") == pytest.approx(2.5e-3))  # the frozen one is passed over
    assert not opened.sentences


def test_a_closed_panel_no_longer_listens(make_session, page):
    session = make_session()
    opened = page(LearningRates(session))
    opened.hello()
    opened.panel.close()
    before = len(opened.sent)
    session.choose(seed=4, epochs=3)
    assert len(opened.sent) == before


def test_the_rates_in_words(open_rates):
    _, opened = open_rates(line="layer4", stage_lrs={"fc": 1e-3, "layer4": 1e-4})
    assert "layer4 1.0e-04, fc 1.0e-03" in opened.panel.in_words()
