import functools

import pytest

from tests.failures import made_up
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.experiments import Results, sweep
from transferlab.failures.incompatible_task import CHOSEN, LAST, incompatible_task, known, report_of
from transferlab.layer_probes import layer_probes

PROBES = {
    "probe conv1, pretrained": [0.4, 0.5], "probe layer4, pretrained": [0.1, 0.2],
    "probe conv1, random": [0.3, 0.3], "probe layer4, random": [0.2, 0.2], CHOSEN: [0.4, 0.5], LAST: [0.1, 0.2],
}  # fmt: skip


def table(budgets: tuple[int, ...] = (20,)) -> Results:
    found = made_up.rows("frozen, kind", [0.8, 0.9], 20) + made_up.rows("scratch, kind", [0.3, 0.2], 20)
    for number, budget in enumerate(budgets):
        less = 0.2 * number  # with more images scratch is less ahead
        found += made_up.rows("frozen, hue", [0.15, 0.1], budget, **PROBES)
        found += made_up.rows("all, hue", [0.25, 0.3], budget)
        found += made_up.rows("high rate, hue", [0.55, 0.5], budget)
        found += made_up.rows("scratch, hue", [0.5 - less, 0.6 - less], budget)
    return Results(tuple(found))


def test_effects_are_those_worked_out_by_hand():
    report = report_of(table())
    found = {one.name: one.values for one in (*report.effects, *report.remedies)}
    assert found == {
        "scratch − all, hue": pytest.approx((0.25, 0.3)),
        "scratch − frozen, hue": pytest.approx((0.35, 0.5)),
        "scratch − all at its rate (0.001), hue": pytest.approx((-0.05, 0.1)),
        "frozen − scratch, kind, the same pictures": pytest.approx((0.5, 0.7)),
        "a lower cut: probe of the chosen stage − of the last": pytest.approx((0.3, 0.3)),
        "every stage at 0.001 − fine-tuning's rates": pytest.approx((0.3, 0.2)),
    }


def test_a_larger_budget_says_where_it_ends():
    report = report_of(table((20, 80)))
    assert report.effect("scratch − all, hue, 80 a class").values == pytest.approx((0.05, 0.1))
    assert report.effect("scratch − all, hue").values == pytest.approx((0.25, 0.3))


def test_the_note_compares_with_a_random_network():
    assert report_of(table()).notes[0].endswith("network: conv1 45% (30%), layer4 15% (20%).")


def test_the_figure_shows_both_questions():
    report = report_of(table())
    assert report.shown["accuracies"]["kind"] == {"frozen": [0.8, 0.9], "scratch": [0.3, 0.2]}
    assert report.shown["chance"] == 1 / 8
    assert "hue scratch 55 %" in report.plot().alternative_text


def test_knobs_reach_the_sweep():
    columns = {name: values[0] for name, values in PROBES.items()}
    asked = made_up.Recorder(lambda arm, seed: {"measured": columns} if arm == "frozen, hue" else {})
    incompatible_task((40, 10), seeds=(1, 2), epochs=6, probe_seeds=(2, 3), held_out_per_class=9, sweeping=asked)
    by_arm = {arm: one for one in asked.asked for arm in one["arms"]}
    assert by_arm["frozen, hue"]["seeds"] == (1, 2, 3)
    assert by_arm["all, hue"]["seeds"] == (1, 2)
    assert by_arm["all, hue"]["budgets"] == (10, 40)
    assert by_arm["scratch, kind"]["budgets"] == (10,)  # the control is at the smallest budget alone
    assert {arm: one["data"].keywords["task"] for arm, one in by_arm.items()} == {
        arm: arm.partition(", ")[2] for arm in by_arm
    }
    assert {one["data"].keywords["held_out_per_class"] for one in asked.asked} == {9}
    trained = [by_arm[arm]["arms"][arm] for arm in ("all, hue", "high rate, hue", "scratch, hue", "scratch, kind")]
    assert [recipe.phases[-1].epochs for recipe in trained] == [6, 6, 6, 6]


def test_bad_knobs_are_refused_before_anything_is_computed():
    with pytest.raises(ValueError, match="There is no budget"):
        incompatible_task((), sweeping=pytest.fail)
    with pytest.raises(ValueError, match="two seeds"):
        incompatible_task(seeds=[0], sweeping=pytest.fail)
    with pytest.raises(ValueError, match="two seeds"):
        incompatible_task(probe_seeds=[0], sweeping=pytest.fail)


def test_both_questions_are_asked_of_the_same_pictures():
    hue, kind = (worlds.target("objects", 2, seed=4, task=task, held_out_per_class=1) for task in ("hue", "kind"))
    assert hue.train.images.equal(kind.train.images)
    assert not hue.train.labels.equal(kind.train.labels)


def test_the_chosen_stage_is_chosen_on_training_images():
    data = worlds.target("objects", 6, task="hue", held_out_per_class=4)
    model = load("bundled")
    found = known(model, data, seed=0)
    probes = layer_probes(model, data)
    best = max(probes, key=lambda one: one.train_accuracy)
    assert found[CHOSEN] == best.accuracy
    assert found[LAST] == probes[-1].accuracy == found[f"probe {probes[-1].stage}, pretrained"]
    assert found == known(model, data, seed=0)
    assert found["probe conv1, random"] != known(model, data, seed=1)["probe conv1, random"]


@pytest.mark.slow
def test_random_weights_win_where_the_question_contradicts():
    report = incompatible_task((20,), range(3), 8, sweeping=functools.partial(sweep, cache=False, progress=False))
    assert report.effect("scratch − frozen, hue").low > 0
    assert report.effect("frozen − scratch, kind, the same pictures").low > 0
