"""Claim 4: fine-tuning overtakes the frozen backbone with more data."""

from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.claims.evidence import budget_results, draw_curve
from transferlab.experiments.budget_curves import read_curve
from transferlab.experiments.crossovers import crossover
from transferlab.experiments.effects import effect
from transferlab.recipes import feature_extraction, fine_tuning

FAR = "thermal"  # pictures that the backbone has nothing of
MOST_IMAGES = {"quick": 3_000, "full": 6_000}  # shown in a phase


def run(scale: Scale) -> Outcome:
    """All − frozen over images a class, far and near: does it end above zero, did it begin below?"""
    budgets = scale.pick(quick=(5, 50), full=(5, 20, 50, 200))
    arms = {"frozen": feature_extraction(), "all": fine_tuning()}
    far = scale.sweep(
        arms, budgets, scale.pick(quick=4, full=5), scale.target(FAR), most_images=MOST_IMAGES[scale.name]
    )
    near = budget_results(scale)
    least, most, most_near = budgets[0], budgets[-1], near.budgets[-1]
    first, last = (far.difference("all", "frozen", budget) for budget in (least, most))
    grown = [after - before for before, after in zip(first.values, last.values, strict=True)]
    behind = effect(f"far target: frozen − all, {least} images a class", [-one for one in first.values])
    return Outcome(
        (
            Finding(last.called(f"far target: all − frozen, {most} images a class")),
            Finding(effect(f"far target: what {most} images a class give it over {least}", grown), main=False),
            Finding(behind, main=False),
            Finding(
                near.difference("all", "frozen", most_near).called(f"near target: all − frozen, {most_near} a class"),
                main=False,
            ),
        ),
        notes=(
            f"Far target (thermal): {crossover(far, 'frozen', 'all')}.",
            f"Near target (objects): {crossover(near, 'frozen', 'all')}.",
        ),
        data=read_curve(far).to_plain(),
        tables={"far target": str(far), "near target": str(near)},
    )


CLAIM = Claim(
    4,
    "With more data, fine-tuning overtakes the frozen backbone",
    "Kornblith et al. (2019); Howard & Ruder (2018)",
    "All − frozen over images a class, and the crossover with its interval",
    run,
    draw_curve,
)
