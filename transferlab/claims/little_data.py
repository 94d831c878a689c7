"""Claim 3: a frozen backbone works with little data."""

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.claims.evidence import budget_results, draw_curve
from transferlab.experiments.budget_curves import read_curve

LITTLE = (5, 20, 50)  # images a class


def run(scale: Scale) -> Outcome:
    """Frozen minus scratch at each small budget; how near to useful it gets with the least is a side finding."""
    results = budget_results(scale)
    findings = [Finding(results.difference("frozen", "scratch", budget)) for budget in LITTLE]
    useful = Finding(results.interval("frozen", LITTLE[0]), main=False, margin=0.5)
    return Outcome(
        (*findings, useful),
        notes=(
            f"With {LITTLE[0]} images a class a head on frozen features reaches {useful.effect.mean:.0%} and the same "
            f"network from scratch {results.interval('scratch', LITTLE[0]).mean:.0%}; chance is "
            f"{1 / results.rows[0].num_classes:.0%}.",
        ),
        tables={"accuracy": str(results)},
        data=read_curve(results).to_plain(),
    )


CLAIM = Claim(
    3,
    "A frozen backbone works with little data",
    "Donahue et al. (2013), Sharif Razavian et al. (2014)",
    f"Frozen − scratch at {', '.join(map(str, LITTLE))} images a class, same images",
    run,
    draw_curve,
)
