import pytest

from transferlab.backbones import load
from transferlab.experiments.computing import flops_by_stage, passes_after, passes_until
from transferlab.records import Epoch, PhaseRow, Run, StageRow

SHARES = {"stem": 0.25, "body": 0.5, "head": 0.25}


def run(phases, epochs) -> Run:
    """A made-up run on 100 images."""
    rows = tuple(
        Epoch(number, phase, None, None, 1.0, accuracy, None, {}, 1, 0.0)
        for number, (phase, accuracy) in enumerate(epochs)
    )
    return Run("r", "b", "d", ("a", "b"), 100, 50, 0, "cpu", {}, phases, rows)


def phase(name, thawed, kept_at):
    rates = tuple(StageRow(stage, 1, 1e-3 if stage in thawed else None) for stage in SHARES)
    return PhaseRow(name, 2, rates, kept_at)


def test_what_trains_costs_three_passes_and_what_is_kept_one_a_view():
    phases = (phase("head", ("head",), "head"), phase("all", ("stem", "body", "head"), None))
    found = run(phases, [("before", 0.1), ("head", 0.5), ("head", 0.6), ("all", 0.8)])
    # First epoch: 2 views × 100 × 0.75 frozen + 3 × 100 × 0.25; the second the head alone; the third 3 × 100.
    assert passes_after(found, SHARES) == [0.0, 225.0, 300.0, 600.0]
    assert passes_until(found, SHARES, 0.55) == 300.0
    assert passes_until(found, SHARES, 0.05) == 0.0
    assert passes_until(found, SHARES, 0.9) is None


def test_what_is_frozen_and_not_kept_runs_every_epoch():
    found = run((phase("head", ("head",), None),), [("before", 0.1), ("head", 0.5), ("head", 0.6)])
    assert passes_after(found, SHARES) == [0.0, 150.0, 300.0]  # 100 × 0.75 + 3 × 100 × 0.25, twice


def test_the_shares_are_those_of_the_multiplications():
    shares = flops_by_stage(load("bundled"))
    assert sum(shares.values()) == pytest.approx(1)
    # By hand, in multiplications: conv1 has 32·3·7·7 weights at 32×32 places, the head 256·outputs.
    card_outputs = load("bundled").fc.out_features
    conv1, head = 32 * 3 * 49 * 32 * 32, 256 * card_outputs
    assert shares["conv1"] / shares["fc"] == pytest.approx(conv1 / head)
    assert list(shares) == ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"]
