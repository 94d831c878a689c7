"""Tables of results that nobody measured, whose effects can be worked out by hand, and a sweep that hands them out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transferlab.experiments import Results, Row
from transferlab.records import Epoch, Run


def row(arm: str, seed: int, accuracy: float, per_class: int = 10, run: Run | None = None, **columns: Any) -> Row:
    source = {name: columns.pop(name) for name in ("source_before", "source_after") if name in columns}
    return Row(
        arm, "recipe", "bundled", "objects", per_class, seed, accuracy, num_train=80, num_held_out=100, num_classes=8,
        measured=columns.get("measured", {}), run=run, **source,
    )  # fmt: skip


def rows(arm: str, accuracies: Sequence[float], per_class: int = 10, **columns: Sequence[float]) -> list[Row]:
    """A row a seed; further columns are named in full, one value a seed."""
    return [
        row(arm, seed, accuracy, per_class, measured={name: values[seed] for name, values in columns.items()})
        for seed, accuracy in enumerate(accuracies)
    ]


def run_with_source(accuracies: Sequence[float]) -> Run:
    """A run whose source accuracy was this before training and after each epoch."""
    epochs = tuple(
        Epoch(i, "all", None, None, 1.0, 0.5, source, {}, 1, seconds=0.0) for i, source in enumerate(accuracies)
    )
    return Run("everything", "bundled", "objects", ("a", "b"), 80, 100, 0, "cpu", {}, (), epochs)


class Recorder:
    """In place of a sweep: notes what it was asked for and hands out a row for each cell."""

    def __init__(self, columns: Callable[[str, int], Mapping[str, Any]]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.columns = columns

    def __call__(self, recipes: Mapping[str, Any], budgets: Any, seeds: Any, data: Any, **settings: Any) -> Results:
        self.asked.append({"arms": dict(recipes), "budgets": budgets, "seeds": seeds, "data": data, **settings})
        return Results(
            tuple(
                row(arm, seed, **{"accuracy": 0.5, "per_class": budget, **self.columns(arm, seed)})
                for budget in budgets
                for seed in seeds
                for arm in recipes
            )
        )
