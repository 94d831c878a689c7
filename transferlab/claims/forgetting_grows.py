"""Claim 7: forgetting grows with the rate and the steps."""

from collections.abc import Mapping
from typing import Any

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.failures import forgetting_by_rate
from transferlab.failures.forgetting_map import METHODS
from transferlab.plots.failures import forgetting_map


def run(scale: Scale) -> Outcome:
    """Rank correlation over the map of rate × steps; that each remedy keeps more of the source is a side finding."""
    in_quick = {name: METHODS[name] for name in ("Replay", "L2-SP")}  # WiSE-FT costs nothing and is always there
    report = forgetting_by_rate(
        rates=scale.pick(quick=(1e-4, 3e-4, 1e-3), full=(3e-5, 1e-4, 3e-4, 1e-3)),
        epochs=scale.pick(quick=5, full=8), seeds=scale.seeds(scale.pick(quick=3, full=5)),
        keep=scale.pick(quick=in_quick, full=METHODS), sweeping=scale.sweep,
    )  # fmt: skip
    rate, steps, worst = report.effects
    kept = [one for one in report.remedies if one.name.startswith("source")]
    return Outcome(
        (
            Finding(rate, unit=""),
            Finding(steps, unit=""),
            Finding(worst, main=False),
            *(Finding(one, main=False) for one in kept),
        ),
        notes=report.notes,
        tables={"remedies, and what they cost on the target": str(report)},
        data=report.shown,
    )


def draw(data: Mapping[str, Any], ax: Any) -> None:
    """The map of rate × steps."""
    forgetting_map(data, ax)


CLAIM = Claim(
    7,
    "Forgetting grows with the rate and the steps",
    "McCloskey & Cohen (1989); Kirkpatrick et al. (2017)",
    "Rank correlation of source accuracy lost with rate and with steps; ways to keep it at the corner",
    run,
    draw,
)
