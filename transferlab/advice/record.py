"""The record of the advice's calibration: cases with known outcomes, and how often advice on them was right.

    print(recorded())
    recorded().num_close, recorded().regret

For each case the advice is drawn from the cases of other families alone, so that no world advises on itself, nor on its
like. The figures are counted anew from the cases whenever they are asked for: the file cannot say one thing and the
advice another. Left out: making the cases, see `calibration`.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from transferlab.advice.likeness import Case, Situation, expectations, nearest, ranking
from transferlab.advice.menu import MENU
from transferlab.errors import unknown
from transferlab.experiments.effects import Effect, effect
from transferlab.files import write_atomically
from transferlab.meters import wilson_interval

FILE = Path(__file__).with_name("calibration.json")
CLOSE = 0.02  # below the best accuracy, up to which nobody would mind


@dataclass(frozen=True)
class Judgement:
    """The advice on one case, when all that it could know was the others."""

    case: Case
    advised: str
    best: str
    regret: float  # accuracy of the best minus that of the advised, within 0…1
    covered: int  # strategies whose accuracy lay within the range that was expected


@dataclass(frozen=True)
class Calibration:
    """The recorded cases, what they were made with, and what follows from them.

    >>> print(recorded())
    In 22 cases (11 worlds × 5, 20 images a class) the advice named the best strategy 9 times, and one within …
    """

    cases: tuple[Case, ...]
    made_with: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        """The advice on every case, with its whole family left out."""
        found = []
        for case in self.cases:
            others = [one for one in self.cases if one.family != case.family]
            expected = expectations(case.situation, nearest(case.situation, others))
            advised = ranking(expected)[0]
            best = max(case.accuracy, key=lambda arm: case.accuracy[arm])
            covered = sum(expected[arm].low <= reached <= expected[arm].high for arm, reached in case.accuracy.items())
            found.append(Judgement(case, advised, best, case.accuracy[best] - case.accuracy[advised], covered))
        return tuple(found)

    @property
    def num_best(self) -> int:
        """Cases in which the advised strategy was the best, or as good."""
        return sum(one.regret <= 0 for one in self.judgements)

    @property
    def num_close(self) -> int:
        """Cases in which it was within 2 points of the best."""
        return sum(one.regret <= CLOSE + 1e-9 for one in self.judgements)

    @property
    def regret(self) -> Effect:
        """Accuracy lost by following the advice: the mean over families and its 95 % interval."""
        return self._over_families({id(one.case): one.regret for one in self.judgements}, "regret of the advice")

    def regret_of(self, arm: str) -> Effect:
        """Accuracy lost by taking always the same strategy.

            >>> calibration.regret_of("fine_tuning").mean
            0.05

        Raises:
            ValueError: no such strategy.
        """
        if arm not in MENU:
            raise unknown("strategy", arm, list(MENU), owner="The menu has")
        lost = {id(case): max(case.accuracy.values()) - case.accuracy[arm] for case in self.cases}
        return self._over_families(lost, f"regret of always {arm}")

    def num_close_of(self, arm: str) -> int:
        """Cases in which always the same strategy would have been within 2 points of the best."""
        return sum(max(case.accuracy.values()) - case.accuracy[arm] <= CLOSE + 1e-9 for case in self.cases)

    @property
    def best_constant(self) -> str:
        """The strategy that would have lost least if it were always taken: what advice has to be better than."""
        return min(MENU, key=lambda arm: self.regret_of(arm).mean)

    @property
    def coverage(self) -> float:
        """The share of runs whose accuracy lay within the range that was expected of it."""
        return sum(one.covered for one in self.judgements) / sum(len(one.case.accuracy) for one in self.judgements)

    @property
    def worlds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(case.world for case in self.cases))

    @property
    def budgets(self) -> tuple[int, ...]:
        return tuple(sorted({case.per_class for case in self.cases}))

    def _over_families(self, values: Mapping[int, float], name: str) -> Effect:
        families: dict[str, list[float]] = {}
        for case in self.cases:
            families.setdefault(case.family, []).append(values[id(case)])
        return effect(name, [sum(one) / len(one) for one in families.values()])

    def __str__(self) -> str:
        lost, rival, n = self.regret, self.best_constant, len(self.cases)
        other = self.regret_of(rival)
        budgets = " and ".join(map(str, self.budgets))
        return (
            f"In {n} cases ({len(self.worlds)} drawn worlds, {budgets} images a class) it named the best strategy "
            f"{self.num_best} times, and one within 2 points of it {self.num_close} times; it lost "
            f"{100 * lost.mean:.1f} points ({100 * lost.low:.1f} … {100 * lost.high:.1f}) on the best. Always {rival}: "
            f"within 2 points {self.num_close_of(rival)} times, {100 * other.mean:.1f} points lost. "
            f"{self.coverage:.0%} of all runs ended within the range that was expected of them."
        )

    def save(self, path: str | Path = FILE) -> Path:
        """Write the cases as JSON, whole or not at all, with the figures that follow from them for whoever reads it."""
        low, high = wilson_interval(self.num_close / len(self.cases), len(self.cases))
        figures = {
            "cases": len(self.cases), "named the best": self.num_best, "within 2 points": self.num_close,
            "within 2 points, 95 % interval over cases": [round(low, 4), round(high, 4)],
            "regret, mean over families": round(self.regret.mean, 4),
            "regret, 95 % interval over families": [round(self.regret.low, 4), round(self.regret.high, 4)],
            "always, within 2 points": {arm: self.num_close_of(arm) for arm in MENU},
            "regret of always": {arm: round(self.regret_of(arm).mean, 4) for arm in MENU},
            "within the expected range": round(self.coverage, 4),
        }  # fmt: skip
        values = {
            "kind": "Calibration", "made_with": dict(self.made_with), "figures": figures,
            "cases": [asdict(case) for case in self.cases],
        }  # fmt: skip
        text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, path: str | Path = FILE) -> "Calibration":
        """Read what `save` wrote.

        Raises:
            ValueError: there is no such file, or it is none.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
            if values["kind"] != "Calibration":
                raise ValueError(f"its 'kind' is {values['kind']!r}")
            cases = tuple(Case(**{**one, "situation": Situation(**one["situation"])}) for one in values["cases"])
            return cls(cases, values["made_with"])
        except FileNotFoundError:
            raise ValueError(f"No file {path}. Type python -m transferlab.advice.calibration to make it.") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no saved calibration ({error}).") from None


@functools.cache
def recorded() -> Calibration:
    """The calibration that comes with the package.

    >>> recorded().num_close
    """
    return Calibration.load()
