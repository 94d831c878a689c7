"""Claim 10: the bias of the source is inherited."""

from collections.abc import Mapping
from typing import Any

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.failures import inherited_bias
from transferlab.plots.failures import subgroup_gaps


def run(scale: Scale) -> Outcome:
    """The subgroup gap on a biased source's features after fair pictures; fine-tuned, and remedies, are side findings.

    Fine-tuning is a remedy too, since it may change the features that carry the bias.
    """
    report = inherited_bias(
        strengths=scale.pick(quick=(0.0, 0.9), full=(0.0, 0.5, 0.9, 1.0)),
        seeds=scale.seeds(scale.pick(quick=4, full=6)),
        target_seeds=scale.seeds(scale.pick(quick=3, full=6)),
        sweeping=scale.sweep,
    )
    frozen, tuned, planted, *others = report.effects
    return Outcome(
        (
            Finding(frozen),
            Finding(planted),
            *(Finding(one, main=False) for one in (tuned, *others, *report.remedies)),
        ),
        notes=report.notes,
        tables={"gaps and remedies": str(report)},
        data=report.shown,
    )


def draw(data: Mapping[str, Any], ax: Any) -> None:
    """The gap after every way to transfer and every remedy."""
    subgroup_gaps(data, ax)


CLAIM = Claim(
    10,
    "Bias is inherited",
    "Salman et al. (2022); Geirhos et al. (2020) on shortcuts",
    "Subgroup gap on fair pictures after a biased source, and of a biased target; after each remedy",
    run,
    draw,
)
