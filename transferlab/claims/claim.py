"""A claim about transfer learning, what was found when it was tried, and the verdict, by a rule fixed beforehand.

A claim has main findings, which are what it says, and side findings, which are how far it reaches. Each is an effect
with an interval over seeds, and is borne out where the whole interval lies above its margin.

    all main findings borne out, and all side findings       holds
    all main findings borne out, a side finding is not       holds with limits
    a main finding is not                                    does not hold here

So a claim whose main effect is null is said to hold in at most 2.5 % of the cases: the part of a 95 % interval that
errs on that side. Nothing is tuned until a claim looks true: what does not hold is reported with what came out.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments.cells import BackboneMaker, DataMaker, Measure
from transferlab.experiments.effects import Effect, lies_above
from transferlab.experiments.results import Results
from transferlab.experiments.sweeps import sweep
from transferlab.recipes import Recipe

HOLDS, LIMITED, FAILS = "holds", "holds with limits", "does not hold here"
SEEDS_APART = 1000  # between the seeds of one base seed and those of the next


@dataclass(frozen=True)
class Scale:
    """How large the experiments are, and what they run on.

    >>> scale = Scale("quick", base_seed=1)
    >>> list(scale.seeds(3))
    [1000, 1001, 1002]
    """

    name: str = "quick"  # or "full"
    base_seed: int = 0
    executor: Executor | None = None
    cache: bool | str | Path = True
    progress: bool = False

    @property
    def is_quick(self) -> bool:
        return self.name == "quick"

    def seeds(self, count: int) -> range:
        """So many seeds that no other base seed has."""
        first = self.base_seed * SEEDS_APART
        return range(first, first + count)

    def target(self, name: str = "objects", **knobs: Any) -> DataMaker:
        """A drawn target, with half the held-out images in a quick ledger: looking at them takes half of a short run.

        >>> scale.target("objects", domain_gap=1.0)(per_class=20, seed=0)
        """
        return functools.partial(worlds.target, name, held_out_per_class=self.pick(quick=13, full=25), **knobs)

    def pick(self, quick: Any, full: Any) -> Any:
        """The one or the other number, by the scale.

        >>> scale.pick(quick=3, full=5)
        3
        """
        return quick if self.is_quick else full

    def sweep(
        self, recipes: Sequence[str | Recipe] | Mapping[str, str | Recipe], budgets: Sequence[int],
        seeds: int | Sequence[int], data: str | Splits | DataMaker = "objects",
        backbone: str | nn.Module | BackboneMaker = "bundled", *, measure: Measure | None = None,
        most_images: int | None = None, forgetting: bool = False, curves: bool = False,
    ) -> Results:  # fmt: skip
        """A sweep with this scale's seeds (so many, or these), processes and cache; a failed cell is an error here.

        Without `curves` rows have no `run`, and a quick ledger is done a quarter sooner.

        Raises:
            ValueError: a cell failed; the sentence says which and why.
        """
        seeds = self.seeds(seeds) if isinstance(seeds, int) else seeds
        results = sweep(
            recipes, budgets, seeds, data, backbone, measure=measure, most_images=most_images,
            forgetting=forgetting, curves=curves, executor=self.executor, cache=self.cache, progress=self.progress,
        )  # fmt: skip
        if results.failed:
            row = results.failed[0]
            raise ValueError(f"{len(results.failed)} cells failed; {row.arm}, seed {row.seed}: {row.error}")
        return results


@dataclass(frozen=True)
class Finding:
    """An effect that a claim stands or falls with (`main`), or that says how far it reaches.

    The effect is borne out where its whole interval lies above `margin`. `unit` is what its numbers are in, for who
    reads them: "points" (shares within −1…1, shown as hundredths), "×" (logarithms to base 2, shown as factors), or "".
    """

    effect: Effect
    main: bool = True
    margin: float = 0.0
    unit: str = "points"

    @property
    def borne_out(self) -> bool | None:
        """True or False where the interval lies on one side of the margin, None where it holds both."""
        return lies_above(self.effect, self.margin)

    def __str__(self) -> str:
        one = self.effect
        beyond = f", margin {self.number(self.margin)}" if self.margin else ""
        state = {True: "yes", False: "no", None: "not told apart"}[self.borne_out]
        return f"{one.name}: {self.shown} (n = {one.num_seeds}{beyond}): {state}"

    @property
    def shown(self) -> str:
        """Mean and interval as they are read.

        >>> finding.shown
        '+40.2 points (+39.3 … +41.2)'
        """
        one, unit = self.effect, " points" if self.unit == "points" else ""
        return f"{self.number(one.mean)}{unit} ({self.number(one.low)} … {self.number(one.high)})"

    def number(self, value: float) -> str:
        """A number of this effect in its unit."""
        if self.unit == "points":
            return f"{100 * value:+.1f}"
        return f"{2**value:.2f}×" if self.unit == "×" else f"{value:+.2f}"


@dataclass(frozen=True)
class Outcome:
    """What came out of a claim's experiment: findings, and what else is worth reading.

    `notes` are sentences; `tables` are texts by title; `data` is what its figure is drawn from, in JSON's types.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert any(one.main for one in self.findings), "a claim has a main finding"

    @property
    def verdict(self) -> str:
        """Holds, holds with limits, or does not hold here, by the rule of this module."""
        if not all(one.borne_out is True for one in self.findings if one.main):
            return FAILS
        return HOLDS if all(one.borne_out is True for one in self.findings) else LIMITED


@dataclass(frozen=True)
class Claim:
    """A sentence that texts on transfer learning say, where it comes from, and the experiment that tries it."""

    number: int
    text: str
    source: str
    experiment: str  # what is compared, in a sentence
    run: Callable[[Scale], Outcome]
    draw: Callable[[Mapping[str, Any], Any], None] | None = None  # draw(outcome.data, ax)
