"""Claim 9: an incompatible task makes transfer harmful."""

from collections.abc import Mapping
from typing import Any

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.failures import incompatible_task
from transferlab.plots.failures import contradiction


def run(scale: Scale) -> Outcome:
    """Scratch minus pretrained on a question that the source had to ignore.

    How far it reaches: whether pretrained weights are behind at scratch's own rate too, and whether it is the question.
    """
    report = incompatible_task(
        budgets=scale.pick(quick=(20,), full=(20, 50)),
        seeds=scale.seeds(scale.pick(quick=3, full=5)),
        epochs=8,
        probe_seeds=scale.seeds(scale.pick(quick=4, full=8)),
        held_out_per_class=scale.pick(quick=15, full=25),
        sweeping=scale.sweep,
    )
    tuned, frozen, *others = report.effects
    return Outcome(
        (
            Finding(tuned),
            Finding(frozen),
            *(Finding(one, main=False) for one in (*others, *report.remedies)),
        ),
        notes=report.notes,
        tables={"accuracy": str(report.results)},
        data=report.shown,
    )


def draw(data: Mapping[str, Any], ax: Any) -> None:
    """Every arm on both questions."""
    contradiction(data, ax)


CLAIM = Claim(
    9,
    "An incompatible task makes transfer harmful",
    "Wang et al. (2019), negative transfer",
    "Scratch − pretrained on the hue of things whose kind the source told apart; the same pictures' kind as control",
    run,
    draw,
)
