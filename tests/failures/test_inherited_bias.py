import functools

import pytest

from tests.failures import made_up
from transferlab.experiments import Results, sweep
from transferlab.failures.bias_measures import ADAPTED, gap_alone, last_layer_anew
from transferlab.failures.inherited_bias import inherited_bias, report_of


def source(name: str, *gaps_by_way: list[float]) -> list:
    gaps = dict(zip((f"gap {way}" for way in ADAPTED), gaps_by_way, strict=True))
    fair = {f"fair accuracy {way}": [0.7, 0.8] for way in ADAPTED}
    return made_up.rows(name, [0.5, 0.5], 20, **gaps, **fair)


def target(name: str, gaps: list[float], **columns: list[float]) -> list:
    return made_up.rows(name, [0.5, 0.5], **{"gap": gaps, "fair accuracy": [0.6, 0.6], **columns})


def table(*between: list) -> Results:
    return Results(
        (
            *source("biased source", [0.3, 0.2], [0.1, 0.1], [0.05, 0.0], [0.2, 0.1]),
            *source("fair source", [0.0, 0.1], [0.0, 0.0], [0.05, -0.1], [0.0, 0.0]),
            *target("target 0", [0.0, 0.05]),
            *(row for rows in between for row in rows),
            *target(
                "target 0.9", [0.4, 0.3],
                **{"gap last layer anew": [0.1, 0.2], "fair accuracy last layer anew": [0.5, 0.6]},
            ),
            *target("balanced sampling", [0.3, 0.1]),
            *target("more fair pictures", [0.2, 0.2]),
        )
    )  # fmt: skip


def test_effects_are_those_worked_out_by_hand():
    report = report_of(table())
    assert {one.name: one.values for one in report.effects} == {
        "gap of a biased − of a fair source, frozen": pytest.approx((0.3, 0.1)),
        "gap of a biased − of a fair source, fine-tuned": pytest.approx((0.0, 0.1)),
        "gap of a biased − of a fair source, frozen, another question": pytest.approx((0.2, 0.1)),
        "gap in the target: shortcut 0.9 − 0": pytest.approx((0.4, 0.25)),
    }
    assert {one.name: one.values for one in report.remedies} == {
        "of the source: 4 times the fair pictures": pytest.approx((0.2, 0.1)),
        "of the source: everything fine-tuned": pytest.approx((0.25, 0.2)),
        "of the target: balanced sampling": pytest.approx((0.1, 0.2)),
        "of the target: last layer anew": pytest.approx((0.3, 0.1)),
        "of the target: more fair pictures": pytest.approx((0.2, 0.1)),
    }


def test_whether_the_gap_grows_with_the_strength_is_asked_where_there_are_more_than_two():
    report = report_of(table(target("target 0.5", [0.1, 0.02])))
    # 0, 0.1, 0.4 grows; 0.05, 0.02, 0.3 has ranks 2, 1, 3: 1 − 6 · 2 / (3 · 8)
    ranks = report.effect("rank correlation of the gap in the target with the shortcut's strength")
    assert ranks.values == pytest.approx((1.0, 0.5))
    assert report.effect("gap in the target: shortcut 0.9 − 0").values == pytest.approx((0.4, 0.25))


def test_the_note_says_what_each_costs():
    (note,) = report_of(table()).notes
    assert note.startswith("Accuracy with tags that are drawn: biased source frozen 75%, ")
    assert "target 0.9 last layer anew 55%" in note


def test_the_figure_has_a_line_for_each_way():
    report = report_of(table())
    assert report.shown["gaps"]["biased source, frozen"] == [0.3, 0.2]
    assert report.shown["gaps"]["target, 0.9, balanced sampling"] == [0.3, 0.1]
    assert "biased source, frozen +25" in report.plot().alternative_text


def test_knobs_reach_the_sweep():
    def columns(arm, seed):
        if "source" in arm:
            return {"measured": {f"gap {way}": 0.1 for way in ADAPTED}}
        return {"measured": {"gap": 0.1, "gap last layer anew": 0.0}}

    asked = made_up.Recorder(columns)
    report = inherited_bias(
        0.8, (0.5,), per_class=3, seeds=(1, 2), epochs=4, source_per_class=6, target_per_class=2,
        target_seeds=(5, 6, 7), held_out_per_class=6, sweeping=asked,
    )  # fmt: skip
    by_arm = {arm: one for one in asked.asked for arm in one["arms"]}
    assert list(by_arm) == [
        "biased source", "fair source", "target 0", "target 0.5", "target 0.9", "balanced sampling",
        "more fair pictures",
    ]  # fmt: skip
    strengths = [one["data"].keywords["strength"] for one in by_arm.values()]
    assert strengths == [0.8, 0.0, 0.0, 0.5, 0.9, 0.9, 0.9]
    assert [one["data"].keywords["held_out_per_class"] for one in by_arm.values()] == [4] * 2 + [6] * 5
    assert [one["budgets"] for one in by_arm.values()] == [(6,)] * 2 + [(2,)] * 5
    assert [one["seeds"] for one in by_arm.values()] == [(1, 2)] * 2 + [(5, 6, 7)] * 5
    assert by_arm["target 0.9"]["measure"] is last_layer_anew
    assert by_arm["target 0"]["measure"] is by_arm["balanced sampling"]["measure"] is gap_alone
    assert by_arm["fair source"]["measure"].keywords == {"per_class": 3, "epochs": 4, "held_out_per_class": 6}
    assert report.effects[0].values == (0.0, 0.0)


def test_without_retraining_its_remedies_are_left_out():
    asked = made_up.Recorder(lambda arm, seed: {"measured": dict.fromkeys(
        ["gap", "gap last layer anew", *(f"gap {way}" for way in ADAPTED)], 0.1)})  # fmt: skip
    report = inherited_bias(strengths=(), seeds=(1, 2), retraining=False, sweeping=asked)
    assert [arm for one in asked.asked for arm in one["arms"]] == [
        "biased source", "fair source", "target 0", "target 0.9",
    ]  # fmt: skip
    assert [one.name for one in report.remedies if "target" in one.name] == ["of the target: last layer anew"]


def test_bad_knobs_are_refused_before_anything_is_computed():
    with pytest.raises(ValueError, match="two seeds"):
        inherited_bias(seeds=[0], sweeping=pytest.fail)
    with pytest.raises(ValueError, match="two seeds"):
        inherited_bias(target_seeds=[0], sweeping=pytest.fail)
    with pytest.raises(ValueError, match="strength lies within 0"):
        inherited_bias(source_strength=95, sweeping=pytest.fail)
    with pytest.raises(ValueError, match="strength lies within 0"):
        inherited_bias(strengths=(0, 0.5, 2), sweeping=pytest.fail)


@pytest.mark.slow
def test_a_planted_shortcut_is_recovered_and_a_source_hands_its_own_on():
    report = inherited_bias(seeds=range(2), sweeping=functools.partial(sweep, cache=False, progress=False))
    assert report.effect("gap in the target: shortcut 1 − 0").mean > 0.1
    assert report.effect("gap of a biased − of a fair source, frozen").mean > 0.05
