"""Claim 12: hours instead of weeks."""

import math

from transferlab.backbones import load
from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.claims.evidence import MOST_IMAGES
from transferlab.experiments.budget_curves import STRATEGIES
from transferlab.experiments.computing import VIEWS, flops_by_stage, passes_until
from transferlab.experiments.effects import effect
from transferlab.experiments.results import Results
from transferlab.records import Run

PER_CLASS = 50  # the largest budget of the quick ledger
NUM_SEEDS = 5
NEAR = 0.95  # of what scratch reaches in the end, so that the last half point does not decide
TENFOLD = math.log2(10)


def run(scale: Scale) -> Outcome:
    """Passes through the network until each way first reaches 95 % of what scratch reaches in the end."""
    results = _until_the_end(scale)
    most = results.budgets[-1]
    shares = flops_by_stage(load("bundled"))
    tuned, frozen = [], []
    for seed in results.seeds:
        scratch, other = (_run(results, arm, most, seed) for arm in ("scratch", "all"))
        goal = NEAR * scratch.accuracy
        weeks, hours = passes_until(scratch, shares, goal), passes_until(other, shares, goal)
        assert weeks, "scratch reaches what it reaches"
        if hours is None:
            raise ValueError(f"Fine-tuning never reached {goal:.0%} with seed {seed}; there is no ratio to give.")
        tuned.append(math.log2(weeks / hours))
        frozen.append(math.log2(weeks / (VIEWS * scratch.num_train)))
    reached = [
        results.values("frozen", most)[seed] - NEAR * results.values("scratch", most)[seed] for seed in results.seeds
    ]
    return Outcome(
        (
            Finding(effect("computing, scratch / fine-tuning, to the same accuracy", tuned), unit="×"),
            Finding(effect("… ten times as much", tuned), main=False, margin=TENFOLD, unit="×"),
            Finding(effect("frozen backbone reaches it too: accuracy above the goal", reached), main=False),
            Finding(
                effect("computing, scratch / features of all images once", frozen), main=False, margin=TENFOLD, unit="×"
            ),
        ),
        notes=(
            f"At {most} images a class. A pass is one image forward through the network; training an image costs "
            "three. The pretraining is not counted: it was paid once, by somebody else.",
        ),
        tables={"accuracy": str(results)},
    )


def _until_the_end(scale: Scale) -> Results:
    """Every way trained for all its epochs; in a quick ledger as short as the shared sweep, whose runs it takes."""
    arms = {name: STRATEGIES[name] for name in ("frozen", "all", "scratch")}
    most_images = MOST_IMAGES["quick"] if scale.is_quick else None
    # One seed in several makes scratch end early, and three could then not tell the ways apart.
    return scale.sweep(arms, (PER_CLASS,), NUM_SEEDS, scale.target(), most_images=most_images, curves=True)


def _run(results: Results, arm: str, budget: int, seed: int) -> Run:
    found = next(row.run for row in results.rows if (row.arm, row.per_class, row.seed) == (arm, budget, seed))
    assert found is not None, "what trains more than a head keeps its epochs"
    return found


CLAIM = Claim(
    12,
    "Weeks became hours",
    "Common knowledge; Raghu et al. (2019) on how much faster pretrained networks converge",
    "Computing until the accuracy that scratch ends at, scratch against transfer",
    run,
)
