"""Claim 6: smaller learning rates for lower layers help."""

from collections.abc import Mapping, Sequence
from typing import Any

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.claims.head_first import shifted_and_source
from transferlab.experiments.effects import effect
from transferlab.recipes import Phase, Recipe

PER_CLASS = 10
TARGET, SOURCE = "accuracy", "source"


def run(scale: Scale) -> Outcome:
    """Uniform against discriminative rates, the head's being the same: whose front of target and source is further?"""
    rates = scale.pick(quick=(3e-4, 3e-3), full=(3e-4, 1e-3, 3e-3))
    arms = {}
    for lr in rates:
        head = Phase("head", 1.0, 10, 3e-3)
        arms[f"uniform {lr:g}"] = Recipe("uniform", (head, Phase("all", 0.0, 10, lr, backbone_lr=lr)))
        small = Phase("all", 0.0, 10, lr, backbone_lr=lr / 10, lowest_lr=lr / 100)
        arms[f"smaller below {lr:g}"] = Recipe("smaller_below", (head, small))
    results = scale.sweep(arms, (PER_CLASS,), scale.pick(quick=4, full=6), scale.target(), measure=shifted_and_source)

    def points(way: str, seed: int) -> list[tuple[float, float]]:
        names = [f"{way} {lr:g}" for lr in rates]
        return [tuple(results.values(name, PER_CLASS, one)[seed] for one in (TARGET, SOURCE)) for name in names]  # type: ignore[misc]

    seeds = results.seeds
    fronts = [front_area(points("smaller below", seed)) - front_area(points("uniform", seed)) for seed in seeds]
    bests = [
        max(one for one, _ in points("smaller below", seed)) - max(one for one, _ in points("uniform", seed))
        for seed in seeds
    ]
    return Outcome(
        (
            Finding(effect("area under the target/source front, smaller below − uniform", fronts)),
            Finding(effect("best target accuracy alone, smaller below − uniform", bests), main=False),
        ),
        notes=("The head learns at the same rates in both; below it the stem is 100 times slower, or as fast.",),
        tables={"accuracy": str(results)},
        data={way: [list(points(way, seed)) for seed in seeds] for way in ("uniform", "smaller below")},
    )


def front_area(points: Sequence[tuple[float, float]]) -> float:
    """The area of what is reached: all (target, source) that some point has at least as much of, in both.

    >>> front_area([(0.5, 1.0), (1.0, 0.5)])
    0.75

    Known as the hypervolume indicator (Zitzler & Thiele 1998), from the corner where both are 0.
    """
    area, highest = 0.0, 0.0
    for target, source in sorted(points, reverse=True):  # from the best target on, each adds what is higher
        if source > highest:
            area += target * (source - highest)
            highest = source
    return area


def draw(data: Mapping[str, Any], ax: Any) -> None:
    """Every run as a point of target against source accuracy, a marker a way."""
    from transferlab.plots.style import COLOURS, describe

    said = []
    for i, (way, seeds) in enumerate(data.items()):
        points = [point for seed in seeds for point in seed]
        ax.scatter(
            [100 * target for target, _ in points], [100 * source for _, source in points],
            color=COLOURS[i], marker="os"[i], s=36, alpha=0.8, label=way, edgecolors="white", linewidths=0.5,
        )  # fmt: skip
        best, kept = max(points)
        said.append(f"{way}: at its best {best:.0%} on the target with {kept:.0%} of the source kept right")
    ax.set(xlabel="target accuracy (%)", ylabel="source accuracy (%)", title="Up and to the right is better")
    ax.legend(frameon=False, fontsize=9, loc="lower left")
    ax.grid(color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
    describe(ax, f"Target against source accuracy of every run. {'; '.join(said)}.")


CLAIM = Claim(
    6,
    "Smaller learning rates below, larger ones above",
    "Howard & Ruder (2018), discriminative fine-tuning",
    "Front of target against source accuracy over rates, discriminative against uniform",
    run,
    draw,
)
