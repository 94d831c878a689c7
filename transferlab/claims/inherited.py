"""Claim 10: the bias of the source is inherited."""

from collections.abc import Mapping
from typing import Any

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.failures import inherited_bias
from transferlab.plots.failures import subgroup_gaps


def run(scale: Scale) -> Outcome:
    """The subgroup gap that is left of a biased source after fair pictures of the same kinds, frozen and fine-tuned.

    How far it reaches: another question, a bias in the target's own pictures, and what each remedy takes away.
    """
    report = inherited_bias(
        strengths=scale.pick(quick=(0.0, 0.9, 1.0), full=(0.0, 0.5, 0.9, 1.0)),
        seeds=scale.seeds(scale.pick(quick=5, full=6)),
        target_seeds=scale.seeds(scale.pick(quick=3, full=5)),
        source_per_class=scale.pick(quick=16, full=20),
        held_out_per_class=scale.pick(quick=13, full=25),
        retraining=not scale.is_quick,
        sweeping=scale.sweep,
    )
    frozen, tuned, *others = report.effects
    return Outcome(
        (
            Finding(frozen),
            Finding(tuned),
            *(
                Finding(one, main=False, unit="" if one.name.startswith("rank") else "points")
                for one in (*others, *report.remedies)
            ),
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
