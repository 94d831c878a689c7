import functools

import pytest
import torch

from tests.failures import made_up
from transferlab.backbones import load
from transferlab.experiments import Results, sweep
from transferlab.failures.forgetting_map import (
    FEW_HELD_OUT,
    forgetting_by_rate,
    forgotten,
    halfway,
    report_of,
)
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.inference import predict
from transferlab.keep_methods import EWC, L2SP, Replay
from transferlab.meters import accuracy
from transferlab.wise_ft import wise_ft

RATES = (1e-4, 1e-3)


def arm(name: str, accuracies: list[list[float]], target: float = 0.5, measured: dict | None = None) -> list:
    return [
        made_up.row(
            name, seed, target, run=made_up.run_with_source(source), source_before=source[0], source_after=source[-1],
            measured=measured or {},
        )
        for seed, source in enumerate(accuracies)
    ]  # fmt: skip


def table() -> Results:
    return Results(
        (
            *arm("0.0001", [[0.9, 0.9, 0.8, 0.7], [0.9, 0.8, 0.9, 0.8]]),
            *arm(
                "0.001", [[0.9, 0.6, 0.5, 0.2], [0.9, 0.7, 0.3, 0.1]], 0.6,
                {"source halfway": 0.7, "target halfway": 0.55},
            ),
            *arm("0.001, Replay", [[0.9, 0.8, 0.8, 0.8], [0.9, 0.8, 0.8, 0.8]], 0.7),
            *arm("0.001, L2-SP", [[0.9, 0.5, 0.4, 0.2], [0.9, 0.5, 0.4, 0.2]], 0.5),
            *arm("0.001, EWC", [[0.9, 0.5, 0.4, 0.3], [0.9, 0.5, 0.4, 0.3]], 0.4),
        )
    )  # fmt: skip


def test_the_map_is_what_was_lost_after_each_epoch():
    found = forgotten(table(), RATES, seed=0)
    assert found.tolist() == [pytest.approx([0.0, 0.1, 0.2]), pytest.approx([0.3, 0.4, 0.7])]


def test_effects_are_those_worked_out_by_hand():
    report = report_of(table(), RATES)
    found = {one.name: one.values for one in (*report.effects, *report.remedies)}
    assert found["rank correlation of forgetting with the rate"] == pytest.approx((1.0, 1.0))
    # seed 0 grows at both rates; seed 1 loses 0.1, 0.0, 0.1 at the small one: ranks 2.5, 1, 2.5 against 1, 2, 3, which
    # is 0, and grows at the large one, which is 1
    assert found["rank correlation of forgetting with the steps"] == pytest.approx((1.0, 0.5))
    assert found["forgotten at the worst corner"] == pytest.approx((0.7, 0.8))
    assert found["source kept by Replay"] == pytest.approx((0.6, 0.7))
    assert found["source kept by L2-SP"] == pytest.approx((0.0, 0.1))
    assert found["source kept by EWC"] == pytest.approx((0.1, 0.2))
    assert found["source kept by WiSE-FT"] == pytest.approx((0.5, 0.6))
    assert found["target, Replay − none"] == pytest.approx((0.1, 0.1))
    assert found["target, WiSE-FT − none"] == pytest.approx((-0.05, -0.05))


def test_the_figure_has_steps_and_means_over_seeds():
    report = report_of(table(), RATES)
    assert report.shown["steps"] == [3, 6, 9]  # 80 images are batches of 32, 32 and 16
    assert report.shown["forgotten"][1] == pytest.approx([0.25, 0.5, 0.75])
    assert "from 90% to 15% and the target is at 60%" in report.notes[0]
    assert "at 0.001: 25, 50, 75" in report.plot().alternative_text


def test_knobs_reach_the_sweep():
    def columns(name, seed):
        run = made_up.run_with_source([0.9, 0.5, 0.4])
        halves = {"source halfway": 0.8, "target halfway": 0.5}
        return {"run": run, "source_before": 0.9, "source_after": 0.4, "measured": halves if name == "0.01" else {}}

    asked = made_up.Recorder(columns)
    forgetting_by_rate((1e-2, 1e-4, 1e-3), epochs=2, per_class=5, seeds=(7, 8), sweeping=asked)
    mapped, cornered, kept = asked.asked
    assert list(mapped["arms"]) == ["0.0001", "0.001"]
    assert list(cornered["arms"]) == ["0.01"]
    assert cornered["measure"] is halfway
    assert {name: type(one.keep) for name, one in kept["arms"].items()} == {
        "0.01, Replay": Replay, "0.01, L2-SP": L2SP, "0.01, EWC": EWC,
    }  # fmt: skip
    for one in asked.asked:
        assert (one["budgets"], one["seeds"], one["data"], one["forgetting"]) == ((5,), (7, 8), FEW_HELD_OUT, True)
        for name, recipe in one["arms"].items():
            (phase,) = recipe.phases
            rate = float(name.partition(",")[0])
            assert (phase.head_lr, phase.backbone_lr, phase.schedule, phase.epochs) == (rate, rate, "constant", 2)


@pytest.mark.parametrize(("rates", "epochs"), [((1e-3,), 5), ((1e-3, 1e-3), 5), ((1e-4, 1e-3), 1)])
def test_a_map_of_one_line_is_refused(rates, epochs):
    with pytest.raises(ValueError, match="two rates and two epochs or more"):
        forgetting_by_rate(rates, epochs, sweeping=pytest.fail)


def test_one_seed_is_refused_at_once():
    with pytest.raises(ValueError, match="two seeds"):
        forgetting_by_rate(seeds=(1,), sweeping=pytest.fail)


def test_halfway_is_the_mixture_of_before_and_after():
    data = FEW_HELD_OUT(per_class=1, seed=0)
    model = load("bundled")
    replace_head(model, 8, seed=0)
    with torch.no_grad():
        for parameter in model.layer4[1].parameters():
            parameter.mul_(-1)  # a backbone that is far from where it was
    found = halfway(model, data, seed=0)
    memory = remember(load("bundled"))
    mixed = wise_ft(load("bundled"), model, 0.5)
    assert found["source halfway"] == memory.measure(mixed) != memory.measure(model)
    assert found["target halfway"] == accuracy(predict(mixed, data.held_out), data.held_out.labels)


@pytest.mark.slow
def test_it_is_forgotten_more_at_a_higher_rate():
    quiet = functools.partial(sweep, cache=False, progress=False)
    report = forgetting_by_rate((1e-5, 1e-3), epochs=3, seeds=range(2), sweeping=quiet)
    assert report.effects[0].mean > 0.5
    assert report.effect("source kept by Replay").mean > 0
