import json

import pytest

from tests.experiments import tiny
from tests.experiments.curves import table
from transferlab.experiments.budget_curves import ARMS, RULE_OF_THUMB, STRATEGIES, budget_curve, read_curve
from transferlab.experiments.crossovers import crossover, examples_needed
from transferlab.experiments.results import Results
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch, last_stage, lora

FOUR = {
    "frozen": {5: (0.7, 0.72, 0.71), 50: (0.8, 0.8, 0.82), 500: (0.82, 0.83, 0.83)},
    "last stage": {5: (0.65, 0.66, 0.65), 50: (0.8, 0.82, 0.82), 500: (0.88, 0.88, 0.89)},
    "all": {5: (0.5, 0.52, 0.5), 50: (0.75, 0.77, 0.76), 500: (0.93, 0.95, 0.94)},
    "scratch": {5: (0.26, 0.25, 0.27), 50: (0.4, 0.42, 0.41), 500: (0.6, 0.62, 0.61)},
}


def tiny_curve(**settings):
    given = {"arms": {"frozen": tiny.ARMS["frozen"], "all": tiny.ARMS["all"]}, "budgets": (2, 4), "seeds": range(2)}
    return budget_curve(tiny.colours, tiny.tiny_net(), **{**given, "cache": False, "progress": False, **settings})


def test_it_is_the_sweep_of_its_arms():
    curve = tiny_curve(most_images=40)
    arms = {"frozen": tiny.ARMS["frozen"], "all": tiny.ARMS["all"]}
    assert curve.results == tiny.table(arms, seeds=range(2), most_images=40, curves=False)


def test_the_arms_are_five_strategies_in_the_order_of_how_much_they_leave():
    assert list(ARMS) == ["frozen", "last stage", "LoRA", "all", "scratch"]
    assert list(ARMS.values()) == [feature_extraction(), last_stage(), lora(), fine_tuning(), from_scratch()]
    assert list(STRATEGIES) == ["frozen", "last stage", "all", "scratch"]


def test_a_table_is_read_pair_by_pair():
    results = table(FOUR)
    curve = read_curve(results, share=0.8)
    pairs = [("frozen", "last stage"), ("frozen", "all"), ("frozen", "scratch"), ("last stage", "all")]
    assert [(one.arm, one.other) for one in curve.crossovers][:4] == pairs
    assert len(curve.crossovers) == 6
    assert curve.crossovers[1] == crossover(results, "frozen", "all")
    assert curve.needed == tuple(examples_needed(results, arm, 0.8) for arm in FOUR)


def test_it_is_read_as_a_text():
    text = str(read_curve(table(FOUR)))
    assert "all overtakes frozen at about" in text
    assert "90% of the way from chance to the best:" in text
    assert "  scratch: not reached within 5…500 images a class (for 87.1%); the rule of thumb says 100,000+" in text


def test_the_rule_of_thumb_is_as_it_is_told():
    assert [str(one) for one in RULE_OF_THUMB] == ["50–500", "1,000–10,000", "10,000+", "100,000+"]
    assert [one.arm for one in RULE_OF_THUMB] == list(STRATEGIES)


def test_one_seed_gives_lines_and_claims_nothing_more():
    curve = read_curve(table({"frozen": {5: (0.5,), 50: (0.7,)}, "all": {5: (0.4,), 50: (0.8,)}}))
    assert (curve.crossovers, curve.needed) == ((), ())
    assert curve.to_plain()["lines"][0] == {
        "arm": "frozen", "budgets": [5, 50], "values": [[0.5], [0.7]], "means": [0.5, 0.7],
        "lows": [None, None], "highs": [None, None],
    }  # fmt: skip


def test_an_arm_that_failed_everywhere_is_left_out_of_what_is_read():
    curve = read_curve(table({**FOUR, "scratch": dict.fromkeys((5, 50, 500), (None, None, None))}))
    assert {one.other for one in curve.crossovers} == {"last stage", "all"}
    assert [one.arm for one in curve.needed] == ["frozen", "last stage", "all"]
    empty = {"arm": "scratch", "budgets": [], "values": [], "means": [], "lows": [], "highs": []}
    assert curve.to_plain()["lines"][3] == empty
    assert "failed: scratch, 5 a class, seed 0" in str(curve)


def test_where_nothing_was_learned_no_example_helps():
    curve = read_curve(table({"frozen": {5: (0.25, 0.2), 50: (0.2, 0.25)}, "all": {5: (0.2, 0.2), 50: (0.2, 0.2)}}))
    assert curve.needed == ()


@pytest.mark.parametrize("results", [Results(()), table({"frozen": {5: (None, None)}}), table({"frozen": {5: (0.5,)}})])
def test_little_or_nothing_can_be_read_too(results):
    curve = read_curve(results)
    assert (curve.crossovers, curve.needed) == ((), ())
    json.dumps(curve.to_plain(), allow_nan=False)
    str(curve)


def test_the_plain_form_is_json_and_holds_the_intervals():
    results = table(FOUR)
    plain = json.loads(json.dumps(read_curve(results).to_plain(), allow_nan=False))
    assert plain["lines"][2]["means"] == pytest.approx([sum(seeds) / 3 for seeds in FOUR["all"].values()])
    assert plain["lines"][2]["lows"][0] == pytest.approx(results.interval("all", 5).low)
    assert (plain["chance"], plain["num_seeds"], plain["budgets"]) == (0.25, 3, [5, 50, 500])
    found = next(one for one in plain["crossovers"] if one["other"] == "all" and one["arm"] == "frozen")
    assert found["at"] == pytest.approx(crossover(results, "frozen", "all").at)
    assert [one["words"] for one in plain["rule"]] == [str(one) for one in RULE_OF_THUMB]
    assert (plain["needed"][3]["never"], plain["needed"][3]["images"]) == (3, None)


def test_a_bad_share_is_said_before_anything_is_trained(monkeypatch):
    def sweep(*_, **__):
        raise AssertionError("something was trained")

    monkeypatch.setattr("transferlab.experiments.budget_curves.sweep", sweep)
    for share in (0, 1.5, True, "all"):
        with pytest.raises(ValueError, match="share is a part of the ceiling"):
            tiny_curve(share=share)


def test_what_the_sweep_refuses_is_refused():
    with pytest.raises(ValueError, match="budgets are whole numbers of at least 1"):
        tiny_curve(budgets=(0, 5))
    with pytest.raises(ValueError, match="A budget of 7 images a class is more than there is"):
        budget_curve(tiny.colours(6, 0), tiny.tiny_net(), (2, 7), range(2), arms=tiny.HEADS, progress=False)
