"""The table that a sweep returns: a row a run, tidy, with intervals over seeds that are asked for and never implied.

results.values("fine-tuning", 20)                  # {seed: accuracy}
results.interval("fine-tuning", 20)                # mean, low, high
results.difference("frozen", "scratch", 20)        # paired by seed
results.frame()                                    # a pandas DataFrame, where pandas is installed
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transferlab.errors import unknown
from transferlab.experiments.effects import Effect, effect
from transferlab.files import write_atomically
from transferlab.records import Run
from transferlab.tables import table


@dataclass(frozen=True)
class Row:
    """One cell and what came out of it.

    Accuracies lie within 0…1; `measured` holds further columns. Where a cell failed, `error` says why and `accuracy`
    is None.
    """

    arm: str
    recipe: str
    backbone: str
    data: str
    per_class: int
    seed: int
    accuracy: float | None = None
    num_train: int = 0
    num_held_out: int = 0
    num_classes: int = 0
    source_before: float | None = None
    source_after: float | None = None
    trained_parameters: int = 0
    epochs: int = 0
    measured: Mapping[str, float | None] = field(default_factory=dict)
    seconds: float = field(default=0.0, compare=False)
    error: str | None = None
    run: Run | None = field(default=None, repr=False)  # with every epoch; heads trained together have none

    def column(self, name: str) -> float | None:
        """A number of this row: a field, a further column of `measured`, or "forgotten".

        >>> row.column("forgotten")
        0.12
        """
        if name == "forgotten":
            before, after = self.source_before, self.source_after
            return None if before is None or after is None else before - after
        if name in self.measured:
            return self.measured[name]
        if name not in COLUMNS:
            raise unknown("column", name, [*COLUMNS, "forgotten", *self.measured], owner="The columns are")
        return getattr(self, name)

    def to_dict(self) -> dict[str, Any]:
        values = {one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.name != "run"}
        return {**values, "measured": dict(self.measured), "run": self.run.to_dict() if self.run else None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Row":
        run = values["run"]
        return cls(**{**values, "run": Run.from_dict(run) if run else None})


COLUMNS = tuple(one.name for one in dataclasses.fields(Row) if one.name not in ("run", "measured"))


@dataclass(frozen=True)
class Results:
    """The rows of a sweep, in the order of its cells.

    >>> print(results)
    >>> results.save("sweep.json"); Results.load("sweep.json") == results
    True
    """

    rows: tuple[Row, ...]

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.arm for row in self.rows))

    @property
    def budgets(self) -> tuple[int, ...]:
        return tuple(sorted({row.per_class for row in self.rows}))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({row.seed for row in self.rows}))

    @property
    def failed(self) -> tuple[Row, ...]:
        """The cells that came to nothing; each says why in `error`."""
        return tuple(row for row in self.rows if row.error is not None)

    def values(self, arm: str, per_class: int, column: str = "accuracy") -> dict[int, float]:
        """A column of one arm at one budget, by seed; failed cells are left out.

        >>> results.values("frozen", 20)
        {0: 0.86, 1: 0.88, 2: 0.85}
        """
        if arm not in self.arms:
            raise unknown("arm", arm, self.arms, owner="This table's arms are")
        if per_class not in self.budgets:
            raise unknown("budget", per_class, list(map(str, self.budgets)), owner="Measured were, a class,")
        found: dict[int, float] = {}
        seen: dict[int, Row] = {}
        for row in self.rows:
            if row.arm == arm and row.per_class == per_class and row.error is None:
                if row.seed in seen:
                    raise ValueError(
                        f"'{arm}' with {per_class} a class and seed {row.seed} is there twice, on "
                        f"'{seen[row.seed].data}' and '{row.data}'. Ask each table by itself, or name the arms apart."
                    )
                seen[row.seed] = row
                value = row.column(column)
                if value is not None:
                    found[row.seed] = value
        return found

    def interval(self, arm: str, per_class: int, column: str = "accuracy") -> Effect:
        """Mean and 95 % interval over seeds (Student's t); raises ValueError where there is one seed only.

        >>> results.interval("frozen", 20).low
        0.84
        """
        return effect(f"{arm}, {per_class} a class", list(self.values(arm, per_class, column).values()))

    def difference(self, arm: str, minus: str, per_class: int, column: str = "accuracy") -> Effect:
        """How much more one arm has than another, seed by seed: both saw the same images.

        >>> results.difference("frozen", "scratch", 20).mean
        0.55
        """
        one, other = (self.values(name, per_class, column) for name in (arm, minus))
        both = [one[seed] - other[seed] for seed in one if seed in other]
        return effect(f"{arm} − {minus}, {per_class} a class", both)

    def frame(self) -> Any:
        """The rows as a pandas DataFrame, a column a field and a column a further measurement.

        Raises:
            ValueError: pandas is not installed; `records()` gives the same as a list of dicts.
        """
        try:
            import pandas
        except ImportError:
            raise ValueError("frame() needs pandas: pip install pandas. results.records() needs nothing.") from None
        return pandas.DataFrame(self.records())

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain dicts, what was measured beside as columns of their own.

        >>> results.records()[0]["accuracy"]
        0.86
        """
        plain = []
        for row in self.rows:
            values = {name: getattr(row, name) for name in COLUMNS}
            plain.append({**values, "forgotten": row.column("forgotten"), **row.measured})
        return plain

    def __add__(self, other: "Results") -> "Results":
        return Results((*self.rows, *other.rows))

    def save(self, path: str | Path) -> Path:
        """Write the table as JSON, whole or not at all."""
        values = {"kind": "Results", "rows": [row.to_dict() for row in self.rows]}
        text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> "Results":
        """Read a table that `save` wrote; raises ValueError where the file is none."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
            if values.get("kind") != "Results":
                raise ValueError(f"its 'kind' is {values.get('kind')!r}")
            return cls(tuple(Row.from_dict(row) for row in values["rows"]))
        except FileNotFoundError:
            raise ValueError(f"No file {path}. Results.load reads what results.save('sweep.json') wrote.") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no saved table of results ({error}).") from None

    def __str__(self) -> str:
        """Accuracy of each arm at each budget: mean and half the width of its interval where seeds allow one."""
        lines = [[arm, *(self._cell(arm, budget) for budget in self.budgets)] for arm in self.arms]
        text = table(["accuracy at images a class:", *map(str, self.budgets)], lines)
        for row in self.failed:
            text += f"\nfailed: {row.arm}, {row.per_class} a class, seed {row.seed}: {row.error}"
        return text

    def _cell(self, arm: str, budget: int) -> str:
        values = list(self.values(arm, budget).values())
        if len(values) < 2:
            return f"{values[0]:.1%}" if values else "–"
        found = effect("", values)
        return f"{found.mean:.1%} ± {100 * (found.high - found.mean):.1f}"


def joined(tables: Iterable[Results]) -> Results:
    """Several tables as one.

    >>> joined([first, second])
    """
    return Results(tuple(row for one in tables for row in one.rows))
