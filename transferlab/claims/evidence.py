"""The sweep that several claims look at: four strategies at growing budgets, at most equal computing for each phase."""

from transferlab.claims.claim import Scale
from transferlab.experiments.results import Results
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch, last_stage

BUDGETS = {"quick": (5, 20, 50), "full": (5, 20, 50, 200, 2000)}
MOST_IMAGES = {"quick": 4_000, "full": 12_000}  # shown in a phase: what keeps the largest budgets within minutes
NUM_SEEDS = 3


def budget_results(scale: Scale) -> Results:
    """Frozen, last stage, all and scratch on the drawn target "objects"; computed once, whichever claim comes first."""
    arms = {
        "frozen": feature_extraction(),
        "last stage": last_stage(),
        "all": fine_tuning(),
        "scratch": from_scratch(),
    }
    return scale.sweep(arms, BUDGETS[scale.name], NUM_SEEDS, most_images=MOST_IMAGES[scale.name])
