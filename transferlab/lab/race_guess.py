"""A guess before the race: who wins with few images, who with many, and where they cross; and what came of it.

    guess = RaceGuess("frozen", "all", 30)
    for part in judge(guess, curve): print(part.words)

A winner is told from a loser only where their paired interval says so: a guess that the seeds cannot refute is not
called wrong. Left out: points to win.
"""

from dataclasses import dataclass

from transferlab.errors import unknown
from transferlab.experiments.budget_curves import BudgetCurve
from transferlab.experiments.crossovers import Crossover, compared_budgets, crossover, in_digits
from transferlab.experiments.effects import lies_above
from transferlab.experiments.results import Results


@dataclass(frozen=True)
class RaceGuess:
    """Who is ahead with the fewest images, who with the most, and from how many a class on; None where no idea.

    >>> RaceGuess("frozen", "all", crossing=30)
    """

    fewest: str | None = None
    most: str | None = None
    crossing: float | None = None

    @property
    def is_empty(self) -> bool:
        return self.fewest is None and self.most is None

    def check(self, arms: tuple[str, ...]) -> None:
        """Raises ValueError where the guess names no arm of the race, or a crossing without two arms that cross."""
        for arm in (self.fewest, self.most):
            if arm is not None and arm not in arms:
                raise unknown("strategy", arm, arms, owner="This race's are")
        one = self.crossing
        if one is None:
            return
        if isinstance(one, bool) or not isinstance(one, int | float) or not 1 <= one <= 1_000_000:
            raise ValueError(f"A crossing is guessed as images a class, from 1 to 1,000,000; you gave {one!r}.")
        if self.fewest is None or self.most is None or self.fewest == self.most:
            raise ValueError("A crossing lies between two strategies: say who wins first and who wins in the end.")


@dataclass(frozen=True)
class Judgement:
    """One part of a guess beside what was measured; `right` is None where the seeds cannot tell."""

    right: bool | None
    words: str


def judge(guess: RaceGuess, curve: BudgetCurve) -> tuple[Judgement, ...]:
    """Every part of a guess that was made and that the table can judge.

    >>> judge(RaceGuess("frozen", "all", 30), curve)[0].words
    'With 5 images a class you said frozen, and frozen won with 74.5%.'
    """
    results, found = curve.results, []
    for arm, budget in ((guess.fewest, results.budgets[0]), (guess.most, results.budgets[-1])):
        if arm is not None and arm in results.arms and results.values(arm, budget):
            found.append(_winner(results, arm, budget))
    pair = [arm for arm in (guess.fewest, guess.most) if arm in results.arms]
    if guess.crossing is not None and len(pair) == 2 and len(compared_budgets(results, *pair)) > 1:
        found.append(_crossing(guess.crossing, crossover(results, *pair)))
    return tuple(found)


def _winner(results: Results, arm: str, budget: int) -> Judgement:
    means = {}
    for one in results.arms:
        values = list(results.values(one, budget).values())
        if values:
            means[one] = sum(values) / len(values)
    best = max(means, key=means.__getitem__)
    said = f"With {budget:,} images a class you said {arm}"
    if means[arm] < means[best]:
        there = f"{said}; {best} has {means[best]:.1%} and {arm} {means[arm]:.1%}"
        if _surely_ahead(results, best, arm, budget):
            return Judgement(False, f"{there}.")
        return Judgement(None, f"{there}, which these seeds cannot tell apart.")
    near = [f"{one} ({means[one]:.1%})" for one in means if one != arm and not _surely_ahead(results, arm, one, budget)]
    if near:
        told = f"these seeds cannot tell it from {' and '.join(near)}"
        return Judgement(None, f"{said}, and {arm} has the most with {means[arm]:.1%}; {told}.")
    return Judgement(True, f"{said}, and {arm} won with {means[arm]:.1%}.")


def _surely_ahead(results: Results, arm: str, other: str, budget: int) -> bool:
    paired = budget in compared_budgets(results, arm, other)
    return paired and lies_above(results.difference(arm, other, budget)) is True


def _crossing(guess: float, found: Crossover) -> Judgement:
    said = f"You said that {found.other} overtakes {found.arm} at {in_digits(guess)}"
    if found.at is None:
        first, last = found.differences[0], found.differences[-1]
        surely = lies_above(first) is True or lies_above(last) is False
        inside = found.budgets[0] <= guess <= found.budgets[-1]
        return Judgement(False if surely and inside else None, f"{said}. Measured: {found}.")
    low, high = found.low or 0, found.high or float("inf")
    measured = f"it does at about {in_digits(found.at)}"
    if not low <= guess <= high:
        factor = max(guess / found.at, found.at / guess)
        return Judgement(
            False, f"{said}; {measured}: a factor of {factor:.1f} too {'late' if guess > high else 'early'}."
        )
    told = "within what these seeds allow" if found.is_sure else "the seeds cannot refute it, nor tell where it is"
    return Judgement(True if found.is_sure else None, f"{said}; {measured}: {told}.")
