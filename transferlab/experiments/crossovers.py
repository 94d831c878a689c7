"""Where one arm of a sweep overtakes another, and how many images a class an arm needs; each with its interval.

    found = crossover(results, "frozen", "all")
    print(found)                    # all overtakes frozen at about 37 images a class (20 … 100), within 5…500
    print(examples_needed(results, "frozen"))

Both are read off straight lines over the logarithm of the budget, between budgets that were measured; nothing is said
about budgets beyond them. Differences are paired: at a budget and a seed both arms saw the same images. Left out:
curves fitted through all budgets, which would name a number where nothing was measured.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from transferlab.errors import unknown
from transferlab.experiments.effects import Effect, effect, lies_above
from transferlab.experiments.results import Results


@dataclass(frozen=True)
class Crossover:
    """From how many images a class on `other` is ahead of `arm`; `differences` are other − arm, one a budget.

        >>> crossover(results, "frozen", "all").at
        37.4

    `at` is where the mean difference rises above zero for the last time, None where it does not within the budgets.
    `low` is the largest budget at which `arm` is surely ahead (its paired 95 % interval says so), `high` the smallest
    one after the crossing at which `other` is; None is an open end.
    """

    arm: str
    other: str
    budgets: tuple[int, ...]
    differences: tuple[Effect, ...]
    at: float | None
    low: int | None
    high: int | None

    @property
    def is_sure(self) -> bool:
        """Whether the crossing lies between a budget at which `arm` is surely ahead and one at which `other` is.

        One end alone would be a look at each of several budgets, of which one in forty errs on that side. Both ends
        by chance, where nothing differs, come in about one of 160 cases with five budgets.
        """
        return self.at is not None and self.low is not None and self.high is not None

    @property
    def is_sure_throughout(self) -> bool:
        """Whether one and the same arm is surely ahead at every budget."""
        told = {lies_above(one) for one in self.differences}
        return len(told) == 1 and None not in told

    @property
    def state(self) -> str:
        """ "crosses", "ahead" or "behind" (`other`, at every budget), "falls back" (at the end), or "level"."""
        means = [one.mean for one in self.differences]
        if self.at is not None:
            return "crosses"
        if all(mean == 0 for mean in means):
            return "level"
        if all(mean > 0 for mean in means):
            return "ahead"
        return "behind" if all(mean <= 0 for mean in means) else "falls back"

    @property
    def within(self) -> str:
        """The budgets that were measured, as words: nothing is known beyond them."""
        return f"within {self.budgets[0]:,}…{self.budgets[-1]:,}"

    def __str__(self) -> str:
        arm, other, many = self.arm, self.other, f"{self.within} images a class"
        if self.at is None:
            told = {
                "ahead": f"{other} is ahead of {arm} at every budget {many}{self._surely(True, 'surely')}",
                "behind": f"{other} does not overtake {arm} {many}{self._surely(False, 'and is surely behind')}",
                "falls back": f"{other} is ahead of {arm} at a smaller budget and not at the largest, {many}",
                "level": f"{other} and {arm} are level {many}",
            }
            return f"no crossover: {told[self.state]}"
        said = f"{other} overtakes {arm} at about {in_digits(self.at)} images a class"
        if self.low is None and self.high is None:
            return f"{said}, but at no budget is either surely ahead, {self.within}"
        low = f"under {self.budgets[0]:,}" if self.low is None else f"{self.low:,}"
        high = f"over {self.budgets[-1]:,}" if self.high is None else f"{self.high:,}"
        return f"{said} ({low} … {high}), {self.within}"

    def _surely(self, above: bool, words: str) -> str:
        sure = sum(lies_above(one) is above for one in self.differences)
        return f", {words} at {sure} of {len(self.differences)} budgets"


def crossover(results: Results, arm: str, other: str) -> Crossover:
    """From how many images a class on `other` is ahead of `arm`, with the interval that the seeds leave.

        >>> crossover(results, "frozen", "scratch")

    Budgets at which fewer than two seeds have both arms are left out.

    Raises:
        ValueError: no such arm, twice the same, one seed only, or fewer than two budgets to look at.
    """
    if arm == other:
        raise ValueError(f"'{arm}' is given twice; a crossover lies between two arms: {', '.join(results.arms)}.")
    budgets = compared_budgets(results, arm, other)
    if len(budgets) < 2:
        raise ValueError(
            f"A crossover lies between two budgets, each with two seeds or more; '{arm}' and '{other}' have "
            f"{len(budgets)} of that kind. Type sweep(…, budgets=(5, 20, 100), seeds=range(3))."
        )
    differences = tuple(results.difference(other, arm, budget) for budget in budgets)
    not_ahead = [i for i, one in enumerate(differences) if one.mean <= 0]
    last = not_ahead[-1] if not_ahead else -1  # the last budget at which `other` is not ahead
    at = None
    if 0 <= last < len(budgets) - 1:
        before, after = differences[last].mean, differences[last + 1].mean
        at = between(budgets[last], budgets[last + 1], -before / (after - before))
    behind = [budget for budget, one in zip(budgets, differences, strict=True) if lies_above(one) is False]
    ahead = [budgets[i] for i in range(last + 1, len(budgets)) if lies_above(differences[i])]
    return Crossover(
        arm, other, tuple(budgets), differences, at, behind[-1] if behind else None, ahead[0] if ahead else None
    )


def compared_budgets(results: Results, arm: str, other: str) -> list[int]:
    """The budgets at which two seeds or more have both arms.

    >>> compared_budgets(results, "frozen", "all")
    [5, 20, 100]
    """
    pairs = {budget: [results.values(name, budget) for name in (arm, other)] for budget in results.budgets}
    return [budget for budget, (one, two) in pairs.items() if len(one.keys() & two.keys()) > 1]


@dataclass(frozen=True)
class ExamplesNeeded:
    """Images a class with which an arm reaches an accuracy of `target`; a number a seed in `values`.

        >>> examples_needed(results, "frozen").images
        12.6

    Where a seed has reached it with the smallest budget already its value is that budget, and where it never does the
    largest: `too_soon` and `never` count those. `images` is the geometric mean, `low` … `high` its 95 % interval over
    seeds; None where a seed never reached the target.
    """

    arm: str
    share: float
    target: float
    budgets: tuple[int, ...]
    values: tuple[float, ...]
    too_soon: int
    never: int
    images: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        seeds, first, last = len(self.values), f"{self.budgets[0]:,}", f"{self.budgets[-1]:,}"
        goal = f"for {self.target:.1%}"
        if self.never == seeds:
            return f"not reached within {first}…{last} images a class ({goal})"
        if self.images is None or self.low is None or self.high is None:
            return f"reached by {seeds - self.never} of {seeds} seeds within {first}…{last} images a class ({goal})"
        if self.too_soon == seeds:
            return f"{first} images a class or fewer ({goal})"
        most = "at most " if self.too_soon else ""
        said = f"{most}about {in_digits(self.images)} images a class"
        return f"{said} ({self.interval}, {goal})"

    @property
    def interval(self) -> str:
        """The interval as words; what lies beyond the budgets is not told apart. Empty where there is none."""
        if self.low is None or self.high is None:
            return ""
        first, last = self.budgets[0], self.budgets[-1]
        low = f"under {first:,}" if self.low < first else in_digits(self.low)
        high = f"over {last:,}" if self.high > last else in_digits(self.high)
        return f"{low} … {high}"


def examples_needed(results: Results, arm: str, share: float = 0.9, ceiling: float | None = None) -> ExamplesNeeded:
    """How many images a class an arm needs for `share` of the way from chance to the ceiling.

        >>> examples_needed(results, "scratch", share=0.9)

    The ceiling is the best mean accuracy of any arm at the largest budget, unless another within 0…1 is given. Chance,
    one in so many classes, is what nobody needs an example for: with two classes 90 % of a ceiling of 100 % would
    else be near what half-blind guessing gives. Each seed's curve is read off where it first reaches the target.

    Raises:
        ValueError: no such arm, fewer than two seeds with every budget, a share or ceiling out of range, or a ceiling
            that is not above chance.
    """
    if not _is_share(share):
        raise ValueError(f"share is a part of the ceiling, above 0 and at most 1; you gave {share!r}.")
    if ceiling is not None and not _is_share(ceiling):
        raise ValueError(f"ceiling is an accuracy, above 0 and at most 1; you gave {ceiling!r}.")
    if arm not in results.arms:
        raise unknown("arm", arm, results.arms, owner="This table's arms are")
    top = best_accuracy(results) if ceiling is None else ceiling
    chance = chance_of(results)
    if top <= chance:
        raise ValueError(f"The ceiling of {top:.1%} is not above chance ({chance:.1%}): no arm has learned anything.")
    target = chance + share * (top - chance)
    curves = [results.values(arm, budget) for budget in results.budgets]
    seeds = [seed for seed in results.seeds if all(seed in curve for curve in curves)]
    if len(seeds) < 2:
        raise ValueError(
            f"An interval over seeds needs two seeds or more with every budget; '{arm}' has {len(seeds)}. "
            "Type seeds=range(3)."
        )
    found = [_first_reached(results.budgets, [curve[seed] for curve in curves], target) for seed in seeds]
    never = found.count(None)
    values = tuple(float(results.budgets[-1]) if one is None else one for one in found)
    too_soon = sum(curves[0][seed] >= target for seed in seeds)
    images, low, high = None, None, None
    if not never:
        logs = effect(arm, [math.log(one) for one in values])
        images, low, high = (math.exp(one) for one in (logs.mean, logs.low, logs.high))
    return ExamplesNeeded(arm, share, target, results.budgets, values, too_soon, never, images, low, high)


def best_accuracy(results: Results) -> float:
    """The best mean accuracy of any arm at the largest budget.

    >>> best_accuracy(results)
    0.93
    """
    there = [list(results.values(arm, results.budgets[-1]).values()) for arm in results.arms]
    means = [math.fsum(values) / len(values) for values in there if values]
    if not means:
        raise ValueError(f"No run with {results.budgets[-1]:,} images a class came to an end, so there is no ceiling.")
    return max(means)


def chance_of(results: Results) -> float:
    """What guessing gives: one in so many classes.

    >>> chance_of(results)
    0.125
    """
    classes = {row.num_classes for row in results.rows if row.error is None}
    if len(classes) != 1 or not all(classes):
        raise ValueError(f"Chance is one in so many classes, and this table has runs with {sorted(classes)} of them.")
    return 1 / classes.pop()


def between(first: float, second: float, part: float) -> float:
    """The place at `part` of the way between two budgets, on a logarithmic scale.

    >>> between(10, 1000, 0.5)
    100.0
    """
    return first * (second / first) ** part


def in_digits(number: float) -> str:
    """A number of images with as many digits as it deserves: two, and no fractions from ten on.

    >>> in_digits(7.43), in_digits(37.4), in_digits(1234)
    ('7.4', '37', '1,200')
    """
    if number < 9.95:
        return f"{number:.1f}".removesuffix(".0")
    return f"{float(f'{number:.1e}'):,.0f}"


def _first_reached(budgets: Sequence[int], accuracies: Sequence[float], target: float) -> float | None:
    if accuracies[0] >= target:
        return float(budgets[0])
    for (start, low), (end, high) in pairwise(zip(budgets, accuracies, strict=True)):
        if high >= target:
            return between(start, end, (target - low) / (high - low))
    return None


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
