"""Failure 3: too high a rate for too many steps, and the source task is gone. A map of how much, and what helps.

    report = forgetting_by_rate(rates=(3e-5, 1e-4, 3e-4, 1e-3))
    print(report)
    report.plot()

Everything trains at one constant rate, so that one run gives all numbers of steps: forgetting after each epoch. Whether
it grows is asked by Spearman's rank correlation, with the rate at each number of steps and with the steps at each rate,
and the mean of those. Remedies, at the map's worst corner: rehearsal, L2-SP, EWC (see `keep_methods`), and the mixture
halfway between before and after (see `wise_ft`). Source: McCloskey & Cohen, "Catastrophic interference in connectionist
networks" (1989). Left out: forgetting of a head that keeps training, and other backbones than the bundled one.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import nn

from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments import Results, effect, sweep
from transferlab.experiments.results import Row, joined
from transferlab.failures.report import FailureReport, Sweep, at_least_two, complete, mean_rank, minus
from transferlab.forgetting import remember
from transferlab.inference import predict
from transferlab.keep_methods import EWC, L2SP, KeepMethod, Replay
from transferlab.meters import accuracy
from transferlab.plots.failures import forgetting_map
from transferlab.recipes import Phase, Recipe
from transferlab.wise_ft import wise_ft

KEPT, TARGET = "source halfway", "target halfway"
METHODS: dict[str, KeepMethod] = {"Replay": Replay(), "L2-SP": L2SP(), "EWC": EWC()}  # their papers' strengths
FEW_HELD_OUT = functools.partial(worlds.target, "objects", held_out_per_class=10)  # asked after every epoch


def forgetting_by_rate(
    rates: Iterable[float] = (3e-5, 1e-4, 3e-4, 1e-3), epochs: int = 6, per_class: int = 10,
    seeds: Iterable[int] = range(3), keep: Mapping[str, KeepMethod] = METHODS, sweeping: Sweep = sweep,
) -> FailureReport:  # fmt: skip
    """How much of the source task is lost at each rate after each epoch, and what each remedy keeps of it.

        >>> print(forgetting_by_rate(epochs=10, keep={"firm EWC": EWC(strength=1e5)}))

    The target is the drawn "objects", `per_class` images of each kind. `keep` are remedies by name. `sweeping`
    carries the runs out.

    Raises:
        ValueError: fewer than two seeds, rates or epochs, which nothing can be correlated with.
    """
    rates, seeds = tuple(sorted(set(rates))), at_least_two(seeds)
    if len(rates) < 2 or epochs < 2:
        raise ValueError(
            f"A map needs two rates and two epochs or more; you gave {len(rates)} and {epochs}. Type "
            "rates=(1e-4, 1e-3), epochs=6."
        )
    worst = rates[-1]
    arms = {f"{rate:g}": everything_at(rate, epochs) for rate in rates[:-1]}
    remedies = {f"{worst:g}, {name}": everything_at(worst, epochs, method) for name, method in keep.items()}
    settings = {"budgets": (per_class,), "seeds": seeds, "data": FEW_HELD_OUT, "forgetting": True}
    mapped = sweeping(arms, curves=True, **settings)
    cornered = sweeping({f"{worst:g}": everything_at(worst, epochs)}, measure=halfway, curves=True, **settings)
    kept = [sweeping(remedies, **settings)] if remedies else []
    return report_of(complete(joined([mapped, cornered, *kept])), rates)


def everything_at(lr: float, epochs: int, keep: KeepMethod | None = None) -> Recipe:
    """Everything trains at one constant rate, the new head too.

    >>> everything_at(1e-3, epochs=6)
    """
    phase = Phase("all", 0.0, epochs, lr, backbone_lr=lr, schedule="constant")
    return Recipe("everything", (phase,), keep=keep)


def halfway(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """Source and target accuracy of the mixture halfway between the pretrained backbone and this one.

    >>> halfway(tuned, data, seed=0)
    {'source halfway': 0.87, 'target halfway': 0.71}
    """
    pretrained = load("bundled")
    memory = remember(pretrained)
    mixed = wise_ft(pretrained, model, 0.5)
    return {KEPT: memory.measure(mixed), TARGET: accuracy(predict(mixed, data.held_out), data.held_out.labels)}


def report_of(results: Results, rates: Sequence[float]) -> FailureReport:
    """The effects in a table whose arms are called "0.001" and "0.001, Replay".

    >>> report_of(results, rates=(1e-4, 1e-3)).effect("rank correlation of forgetting with the rate")
    """
    (per_class,) = results.budgets
    worst = f"{rates[-1]:g}"
    maps = {seed: forgotten(results, rates, seed) for seed in results.seeds}
    effects = (
        effect("rank correlation of forgetting with the rate", {seed: mean_rank(one.T) for seed, one in maps.items()}),
        effect("rank correlation of forgetting with the steps", {seed: mean_rank(one) for seed, one in maps.items()}),
        effect("forgotten at the worst corner", {seed: float(one[-1, -1]) for seed, one in maps.items()}),
    )
    source, target = (results.values(worst, per_class, column) for column in ("source_after", "accuracy"))
    after = {
        arm.removeprefix(f"{worst}, "): tuple(
            results.values(arm, per_class, one) for one in ("source_after", "accuracy")
        )
        for arm in results.arms
        if arm.startswith(f"{worst}, ")
    }
    after["WiSE-FT"] = tuple(results.values(worst, per_class, column) for column in (KEPT, TARGET))
    remedies = [effect(f"source kept by {name}", minus(one, source)) for name, (one, _) in after.items()]
    costs = [effect(f"target, {name} − none", minus(one, target)) for name, (_, one) in after.items()]
    steps = [epoch * _steps(results) for epoch in range(1, len(maps[results.seeds[0]][0]) + 1)]
    mean = torch.stack(list(maps.values())).mean(0)
    return FailureReport(
        "Catastrophic forgetting: source accuracy lost, by learning rate and steps",
        results, effects, (*remedies, *costs),
        (
            f"Trained at {worst} the source task goes from {_share(results, worst, 'source_before')} to "
            f"{_share(results, worst, 'source_after')} and the target is at {_share(results, worst, 'accuracy')}.",
        ),
        {"rates": list(rates), "steps": steps, "forgotten": mean.tolist()}, forgetting_map,
    )  # fmt: skip


def forgotten(results: Results, rates: Sequence[float], seed: int) -> torch.Tensor:
    """Source accuracy lost by one seed, `(rates, epochs)`.

    >>> forgotten(results, (1e-4, 1e-3), seed=0).shape
    torch.Size([2, 6])
    """
    rows = {row.arm: row for row in results.rows if row.seed == seed}
    return torch.tensor([_lost(rows[f"{rate:g}"]) for rate in rates])


def _lost(row: Row) -> list[float]:
    assert row.run is not None, "a run that trains everything keeps its epochs"
    first, *later = [epoch.source_accuracy for epoch in row.run.epochs]
    return [(first or 0.0) - (one or 0.0) for one in later]


def _steps(results: Results) -> int:
    row = results.rows[0]
    return everything_at(1e-3, 1).batches_per_epoch(row.num_train)


def _share(results: Results, arm: str, column: str) -> str:
    values = results.values(arm, results.budgets[0], column)
    return f"{sum(values.values()) / len(values):.0%}"
