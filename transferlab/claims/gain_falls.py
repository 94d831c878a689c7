"""Claim 8: the gain of transfer falls with the distance of the domain, that of the low layers last."""

from collections.abc import Mapping
from typing import Any

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.failures import domain_mismatch
from transferlab.plots.failures import gain_by_gap


def run(scale: Scale) -> Outcome:
    """Gain over scratch near and far, and by stage; what is left from afar, and remedies, are side findings."""
    report = domain_mismatch(
        gaps=scale.pick(quick=(0.0, 1.0), full=(0.0, 0.25, 0.5, 1.0)),
        per_class=10,
        seeds=scale.seeds(scale.pick(quick=3, full=5)),
        epochs=scale.pick(quick=7, full=10),
        probe_seeds=scale.seeds(scale.pick(quick=6, full=10)),
        held_out_per_class=scale.pick(quick=15, full=25),
        sweeping=scale.sweep,
    )
    frozen, tuned, by_stage, *left = report.effects
    return Outcome(
        (
            *(Finding(one) for one in (frozen, tuned, by_stage)),
            *(Finding(one, main=False) for one in (*left, *report.remedies)),
        ),
        notes=report.notes,
        tables={"accuracy": str(report.results)},
        data=report.shown,
    )


def draw(data: Mapping[str, Any], ax: Any) -> None:
    """The gain of every arm over the gap."""
    gain_by_gap(data, ax)


CLAIM = Claim(
    8,
    "The gain falls with domain distance, low layers last",
    "Ben-David et al. (2010); Yosinski et al. (2014)",
    "Frozen and fine-tuned − scratch against domain_gap, and a probe's gain behind upper and lower stages",
    run,
    draw,
)
