"""Claim 11: how many images a class each strategy needs."""

import math

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.claims.evidence import budget_results, draw_curve
from transferlab.experiments.budget_curves import RULE_OF_THUMB, read_curve
from transferlab.experiments.crossovers import examples_needed
from transferlab.experiments.effects import effect

SHARE = 0.9  # of the ceiling: the best mean accuracy of any strategy at the largest budget
ORDER = ("frozen", "last stage", "all", "scratch")
RULE = {one.arm: one.least for one in RULE_OF_THUMB}


def run(scale: Scale) -> Outcome:
    """Images a class to nine tenths of the ceiling; where that is never reached, the most tried counts."""
    results = budget_results(scale)
    needed = {arm: examples_needed(results, arm, SHARE) for arm in ORDER}
    logs = {arm: [math.log2(one) for one in found.values] for arm, found in needed.items()}

    def more(arm: str, than: str) -> list[float]:
        return [one - other for one, other in zip(logs[arm], logs[than], strict=True)]

    def against_rule(arm: str) -> list[float]:
        return [one - math.log2(RULE[arm]) for one in logs[arm]]

    return Outcome(
        (
            Finding(
                effect("scratch needs so many times the images of frozen, at least", more("scratch", "frozen")),
                unit="×",
            ),
            Finding(
                effect("scratch needs so many times the images of all, at least", more("scratch", "all")), unit="×"
            ),
            Finding(effect("frozen needs 50 a class: needed / 50", against_rule("frozen")), unit="×"),
            Finding(effect("all needs 10,000 a class: needed / 10,000", against_rule("all")), unit="×"),
            Finding(
                effect("all needs so many times the images of frozen", more("all", "frozen")), main=False, unit="×"
            ),
        ),
        notes=tuple(f"{arm}: {needed[arm]}; rule of thumb: from {RULE[arm]:,} on." for arm in ORDER),
        tables={"accuracy": str(results)},
        data=read_curve(results).to_plain(),
    )


CLAIM = Claim(
    11,
    "Frozen 50–500 images a class, last layers 1,000–10,000, everything 10,000+, from scratch 100,000+",
    "Rule of thumb of practitioners",
    "Images a class to reach 90 % of the ceiling, a strategy each",
    run,
    draw_curve,
)
