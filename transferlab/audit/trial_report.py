"""What remedies gave and what they cost, over seeds, and the table that says it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from transferlab.audit.bias_audit import BiasAudit
from transferlab.errors import unknown
from transferlab.meters import mean_interval
from transferlab.stages.stage import aligned


@dataclass(frozen=True)
class RemedyResult:
    """One remedy: an audit for each seed (one alone where nothing is drawn), and what it took.

    `num_images` images with known groups were given to it, 0 where it needs none; `seconds` are those of one seed, the
    pass through the backbone included.
    """

    remedy: str
    audits: tuple[BiasAudit, ...]
    num_images: int
    seconds: float = field(compare=False)

    @property
    def accuracies(self) -> tuple[float, ...]:
        return tuple(audit.accuracy for audit in self.audits)

    @property
    def worst(self) -> tuple[float, ...]:
        """The accuracy of the worst group, for each seed."""
        return tuple(audit.main.worst.accuracy for audit in self.audits if audit.main.worst)

    @property
    def gaps(self) -> tuple[float, ...]:
        """The largest gap between two groups, for each seed."""
        return tuple(audit.main.gap.value for audit in self.audits if audit.main.gap)


@dataclass(frozen=True)
class RemedyTrial:
    """All results, the model as it is first, and why a remedy is missing. Print it."""

    results: tuple[RemedyResult, ...]
    seeds: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, remedy: str) -> RemedyResult:
        """The result of one remedy by its name.

        >>> trial["group DRO"].worst
        """
        for one in self.results:
            if one.remedy == remedy:
                return one
        raise unknown("remedy", remedy, [one.remedy for one in self.results], owner="This trial holds")

    def __str__(self) -> str:
        header = ["remedy", "accuracy", "worst group", "largest gap (points)", "known groups", "seconds"]
        rows = [
            [
                one.remedy,
                _mean(one.accuracies, " %"),
                _mean(one.worst, " %"),
                _mean(one.gaps, ""),
                f"{one.num_images:,}",
                f"{one.seconds:.1f}",
            ]
            for one in self.results
        ]
        seeds = f"± is the 95 % interval of the mean over {len(self.seeds)} seeds (Student's t), on one set of images."
        return "\n".join([aligned(header, rows), seeds, *self.notes])


def _mean(shares: Sequence[float], unit: str) -> str:
    """In hundredths, with half the width of the interval where there are several."""
    if len(shares) < 2:
        return f"{100 * shares[0]:.1f}{unit}"
    mean, half = mean_interval(shares)
    return f"{100 * mean:.1f}{unit} ± {100 * half:.1f}"
