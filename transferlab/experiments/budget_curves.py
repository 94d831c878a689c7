"""The data-budget curve: accuracy against images a class for five strategies, and the rule of thumb beside it.

    curve = budget_curve("objects", budgets=(5, 20, 50), seeds=range(3))
    print(curve)
    curve.draw().figure.savefig("budget.png")

Frozen, last stage, LoRA, all and scratch learn the same images; no phase of any of them may show the network more than
`most_images`, so that none wins by computing longer. The rule of thumb knows the four `STRATEGIES` and is older than
LoRA. Left out: other arms, which `arms=` takes; budgets of tens of thousands, where the rule of thumb has its upper
half, which a drawn world and a laptop do not reach.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from transferlab.data.images import Splits
from transferlab.experiments.cells import DataMaker
from transferlab.experiments.crossovers import (
    Crossover,
    ExamplesNeeded,
    best_accuracy,
    chance_of,
    compared_budgets,
    crossover,
    examples_needed,
    in_digits,
)
from transferlab.experiments.effects import effect
from transferlab.experiments.results import Results
from transferlab.experiments.sweeps import sweep
from transferlab.recipes import Recipe, feature_extraction, fine_tuning, from_scratch, last_stage, lora

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From what leaves most as it is to what leaves nothing; the recipes with their own numbers.
ARMS: Mapping[str, Recipe] = {
    "frozen": feature_extraction(),
    "last stage": last_stage(),
    "LoRA": lora(),
    "all": fine_tuning(),
    "scratch": from_scratch(),
}
STRATEGIES: Mapping[str, Recipe] = {arm: recipe for arm, recipe in ARMS.items() if arm != "LoRA"}
BUDGETS = (5, 20, 50, 200, 2000)
MOST_IMAGES = 12_000  # an epoch of the largest budget, and what keeps a curve of three seeds within an hour on one core


@dataclass(frozen=True)
class RuleOfThumb:
    """From how many images a class a strategy is said to be right, and up to how many; None is an open end."""

    arm: str
    least: int
    most: int | None

    def __str__(self) -> str:
        return f"{self.least:,}+" if self.most is None else f"{self.least:,}–{self.most:,}"


# Said by practitioners of photographs and of networks pretrained on a million of them; no experiment is named.
RULE_OF_THUMB = (
    RuleOfThumb("frozen", 50, 500),
    RuleOfThumb("last stage", 1_000, 10_000),
    RuleOfThumb("all", 10_000, None),
    RuleOfThumb("scratch", 100_000, None),
)
RULE_SOURCE = "rule of thumb of practitioners, images a class"


@dataclass(frozen=True)
class BudgetCurve:
    """A sweep over budgets and what can be read off it; see `read_curve`.

    `crossovers` has each pair of arms whose budgets allow one, the one that changes less first; `needed` each arm
    with two seeds or more.
    """

    results: Results
    crossovers: tuple[Crossover, ...]
    needed: tuple[ExamplesNeeded, ...]

    def draw(self, ax: Axes | None = None) -> Axes:
        """Accuracy against images a class, with intervals, crossovers and the rule of thumb.

        >>> curve.draw().figure.savefig("budget.png")
        """
        from transferlab.plots.budget import budget_axes

        return budget_axes(self.to_plain(), ax)

    def to_plain(self) -> dict[str, Any]:
        """What figures and panels are drawn from, in JSON's types; accuracies within 0…1, None where nothing is known.

        >>> curve.to_plain()["lines"][0]
        {'arm': 'frozen', 'budgets': [5, 20], 'values': [[0.70, 0.78], …], 'means': [0.74, 0.85], 'lows': …}
        """
        results = self.results
        there = any(row.error is None for row in results.rows)
        return {
            "data": next((row.data for row in results.rows), ""),
            "backbone": next((row.backbone for row in results.rows), ""),
            "num_seeds": len(results.seeds),
            "budgets": list(results.budgets),
            "chance": chance_of(results) if there else None,
            "target": self.needed[0].target if self.needed else None,
            "lines": [_line(results, arm) for arm in results.arms],
            "crossovers": [
                {
                    "arm": one.arm, "other": one.other, "state": one.state, "at": one.at, "low": one.low,
                    "high": one.high, "sure": one.is_sure, "words": str(one),
                    "throughout": one.is_sure_throughout,
                    "about": in_digits(one.at) if one.at else None,
                }
                for one in self.crossovers
            ],
            "needed": [
                {
                    "arm": one.arm, "images": one.images, "low": one.low, "high": one.high, "words": str(one),
                    "too_soon": one.too_soon, "never": one.never, "num_seeds": len(one.values),
                    "about": in_digits(one.images) if one.images else None, "interval": one.interval,
                }
                for one in self.needed
            ],
            "rule": [
                {"arm": one.arm, "least": one.least, "most": one.most, "words": str(one)} for one in RULE_OF_THUMB
            ],
            "rule_source": RULE_SOURCE,
        }  # fmt: skip

    def __str__(self) -> str:
        parts = [str(self.results)]
        if self.crossovers:
            parts.append("\n".join(str(one) for one in self.crossovers))
        if self.needed:
            rules = {one.arm: f"; the rule of thumb says {one}" for one in RULE_OF_THUMB}
            share = f"{self.needed[0].share:.0%} of the way from chance to the best:"
            lines = [f"  {one.arm}: {one}{rules.get(one.arm, '')}" for one in self.needed]
            parts.append("\n".join([share, *lines]))
        return "\n\n".join(parts)


def budget_curve(
    data: str | Splits | DataMaker = "objects",
    backbone: str | nn.Module = "bundled",
    budgets: Iterable[int] = BUDGETS,
    seeds: Iterable[int] = range(3),
    *,
    arms: Sequence[str | Recipe] | Mapping[str, str | Recipe] = ARMS,
    most_images: int | None = MOST_IMAGES,
    share: float = 0.9,
    device: str = "cpu",
    workers: int = 1,
    executor: Executor | None = None,
    cache: bool | str | Path = True,
    progress: bool = True,
) -> BudgetCurve:
    """Sweep the arms over the budgets and read off where they cross and how many images each needs.

        >>> print(budget_curve("objects", budgets=(5, 20, 50), seeds=range(3), workers=2))

    The arguments are those of `sweep`, which keeps its rows: the same call costs nothing the second time. `share` is
    the part of the way from chance to the ceiling for which images are counted (see `examples_needed`).

    Raises:
        ValueError: what `sweep` raises; a share out of range.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"share is a part of the ceiling, above 0 and at most 1; you gave {share!r}.")
    results = sweep(
        arms, budgets, seeds, data, backbone, most_images=most_images, curves=False, device=device, workers=workers,
        executor=executor, cache=cache, progress=progress,
    )  # fmt: skip
    return read_curve(results, share)


def read_curve(results: Results, share: float = 0.9) -> BudgetCurve:
    """Crossovers and examples needed of a table that is there, as far as its seeds and budgets allow.

    >>> read_curve(Results.load("sweep.json")).crossovers
    """
    arms = results.arms
    pairs = [(one, other) for i, one in enumerate(arms) for other in arms[i + 1 :]]
    crossovers = [crossover(results, *pair) for pair in pairs if len(compared_budgets(results, *pair)) > 1]
    whole = [arm for arm in arms if _whole_seeds(results, arm) > 1]
    learned = bool(whole) and best_accuracy(results) > chance_of(results)
    needed = [examples_needed(results, arm, share) for arm in whole] if learned else []
    return BudgetCurve(results, tuple(crossovers), tuple(needed))


def _whole_seeds(results: Results, arm: str) -> int:
    """How many seeds have this arm at every budget."""
    return len(set.intersection(*(set(results.values(arm, budget)) for budget in results.budgets)))


def _line(results: Results, arm: str) -> dict[str, Any]:
    """An arm's budgets that have a run, with each seed's accuracy, their mean and, from two seeds on, its interval."""
    runs = {budget: list(results.values(arm, budget).values()) for budget in results.budgets}
    runs = {budget: values for budget, values in runs.items() if values}
    found = [effect(arm, values) if len(values) > 1 else None for values in runs.values()]
    return {
        "arm": arm,
        "budgets": list(runs),
        "values": list(runs.values()),
        "means": [math.fsum(values) / len(values) for values in runs.values()],
        "lows": [one.low if one else None for one in found],
        "highs": [one.high if one else None for one in found],
    }
