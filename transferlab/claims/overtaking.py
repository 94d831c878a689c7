"""Claim 4: fine-tuning overtakes the frozen backbone with more data."""

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.claims.evidence import budget_results
from transferlab.experiments.crossovers import crossover
from transferlab.experiments.effects import effect


def run(scale: Scale) -> Outcome:
    """All − frozen at every budget: does it grow with the images, does it end above zero, did it begin below?"""
    results = budget_results(scale)
    least, most = results.budgets[0], results.budgets[-1]
    first, last = (results.difference("all", "frozen", budget) for budget in (least, most))
    grown = [after - before for before, after in zip(first.values, last.values, strict=True)]
    behind = effect(f"frozen − all, {least} images a class", [-one for one in first.values])
    found = crossover(results, "frozen", "all")
    return Outcome(
        (
            Finding(last.called(f"all − frozen, {most} images a class")),
            Finding(effect(f"what {most} images a class give it over {least}", grown)),
            Finding(behind, main=False),
        ),
        notes=(f"Crossover: {found}.",),
        tables={"accuracy": str(results)},
    )


CLAIM = Claim(
    4,
    "With more data, fine-tuning overtakes the frozen backbone",
    "Kornblith et al. (2019); Howard & Ruder (2018)",
    "All − frozen over images a class, and the crossover with its interval",
    run,
)
