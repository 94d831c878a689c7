"""What a failure that was made on purpose leaves behind: its effects, what each remedy gains, and the runs themselves.

    report = incompatible_task(seeds=range(3))
    print(report)
    report.effect("scratch − all, hue").low > 0
    report.plot().figure.savefig("failure.png")

Left out: a verdict. What counts as a failure is for the reader to say, or for a claim (`transferlab.claims`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from transferlab.errors import unknown
from transferlab.experiments import Effect, Results
from transferlab.explain.checks.similarity import spearman
from transferlab.tables import table

Sweep = Callable[..., Results]  # `sweep`, or one with settings of its own: functools.partial(sweep, workers=2)


@dataclass(frozen=True)
class FailureReport:
    """Effects of a failure (above 0 where it happened) and of its remedies (above 0 where they help).

    Effects are shares within −1…1 or rank correlations. `shown` is what the figure is drawn from, in JSON's types, and
    `draw` draws it.
    """

    title: str
    results: Results
    effects: tuple[Effect, ...]
    remedies: tuple[Effect, ...]
    notes: tuple[str, ...] = ()
    shown: Mapping[str, Any] = field(default_factory=dict, repr=False)
    draw: Callable[..., Any] | None = field(default=None, repr=False, compare=False)

    def effect(self, name: str) -> Effect:
        """An effect, of the failure or of a remedy, by its name.

        >>> report.effect("scratch − all, hue")
        """
        found = {one.name: one for one in (*self.effects, *self.remedies)}
        if name not in found:
            raise unknown("effect", name, list(found), owner="This report's effects are")
        return found[name]

    def plot(self, ax: Any = None) -> Any:
        """The figure of this failure, on `ax` or on a figure of its own; returns the Axes.

        >>> report.plot().figure.savefig("failure.png")
        """
        assert self.draw is not None, "a report that was measured can be drawn"
        return self.draw(self.shown, ax)

    def __str__(self) -> str:
        parts = [self.title, effect_table("the failure", self.effects)]
        if self.remedies:
            parts.append(effect_table("remedies", self.remedies))
        return "\n\n".join([*parts, *self.notes])


def effect_table(heading: str, effects: Sequence[Effect]) -> str:
    """Effects as a text table: mean, 95 % interval, and how many seeds.

    >>> print(effect_table("the failure", report.effects))
    """
    rows = [[one.name, f"{one.mean:+.3f}", f"{one.low:+.3f} … {one.high:+.3f}", str(one.num_seeds)] for one in effects]
    return table([heading, "mean", "95 % interval", "seeds"], rows)


def at_least_two(seeds: Iterable[int]) -> tuple[int, ...]:
    """The seeds as a tuple, said to be too few before an hour of computing rather than after it.

    Raises:
        ValueError: fewer than two different seeds.
    """
    found = tuple(dict.fromkeys([seeds] if isinstance(seeds, int) else seeds))
    if len(found) < 2:
        raise ValueError(
            f"A failure is an effect with an interval over seeds, which needs two seeds or more; you gave {found}. "
            "Type seeds=range(3)."
        )
    return found


def complete(results: Results) -> Results:
    """The same table, where no cell of it failed.

    Raises:
        ValueError: a cell failed; the sentence says which and why.
    """
    if results.failed:
        row = results.failed[0]
        raise ValueError(f"{len(results.failed)} cells failed; {row.arm}, seed {row.seed}: {row.error}")
    return results


def minus(one: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    """The difference of two columns, for the seeds that both have.

    >>> minus({0: 0.5, 1: 0.7}, {1: 0.2})
    {1: 0.5}
    """
    return {seed: value - other[seed] for seed, value in one.items() if seed in other}


def mean_rank(values: Tensor) -> float:
    """Spearman's correlation of each row of `(N, L)` with the order of its columns, on average; 0 for a flat row.

    >>> mean_rank(torch.tensor([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]]))
    0.0
    """
    order = torch.arange(values.shape[1], dtype=torch.float64).expand_as(values)
    found = spearman(values.double()[:, None], order[:, None])  # as maps of one line each
    return found.nan_to_num(0.0).mean().item()
