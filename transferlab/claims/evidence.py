"""The sweep that several claims look at: four strategies at growing budgets, at most equal computing for each phase."""

from collections.abc import Mapping
from typing import Any

from transferlab.claims.claim import Scale
from transferlab.experiments.budget_curves import STRATEGIES
from transferlab.experiments.results import Results, joined

BUDGETS = {"quick": (5, 20, 50), "full": (5, 20, 50, 200, 2000)}
MOST_IMAGES = {"quick": 2_000, "full": 6_000}  # shown in a phase: what keeps the largest budgets within minutes
NUM_SEEDS = 3


def budget_results(scale: Scale) -> Results:
    """Frozen, last stage, all and scratch on the drawn target "objects"; computed once, whichever claim comes first."""
    *smaller, largest = BUDGETS[scale.name]
    return joined(
        # With curves at the largest budget, so that claim 12 of a quick ledger finds these runs.
        scale.sweep(
            STRATEGIES,
            budgets,
            NUM_SEEDS,
            scale.target(),
            most_images=MOST_IMAGES[scale.name],
            curves=scale.is_quick and largest in budgets,
        )
        for budgets in (smaller, [largest])
    )


def draw_curve(data: Mapping[str, Any], ax: Any) -> None:
    """Accuracy against images a class, with the crossovers and the rule of thumb."""
    from transferlab.plots.budget import budget_axes

    budget_axes(data, ax)
