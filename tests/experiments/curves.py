"""Tables of results that were written by hand, or drawn from a curve that is known."""

from collections.abc import Mapping, Sequence

from transferlab.experiments.results import Results, Row


def row(arm: str, per_class: int, seed: int, accuracy: float | None, num_classes: int = 4, **fields) -> Row:
    error = None if accuracy is not None else "it came to nothing"
    return Row(
        arm, arm, "tiny", "colours", per_class, seed, accuracy, 4 * per_class, 40,
        num_classes if error is None else 0, error=error, **fields,
    )  # fmt: skip


def table(accuracies: Mapping[str, Mapping[int, Sequence[float | None]]], num_classes: int = 4) -> Results:
    """`accuracies[arm][per_class]` holds one accuracy a seed; None is a cell that failed."""
    return Results(
        tuple(
            row(arm, budget, seed, accuracy, num_classes)
            for arm, budgets in accuracies.items()
            for budget, seeds in budgets.items()
            for seed, accuracy in enumerate(seeds)
        )
    )
