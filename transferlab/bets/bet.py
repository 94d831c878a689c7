"""A bet: the ranks that scores give to candidates before any is trained; and how far they held afterwards.

    bet = Bet(score_backbones(candidates, data))
    print(bet)
    print(settle(bet, candidates, data))

A bet cannot be changed, and is settled only on the weights and images that it was made on. Left out: odds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from transferlab.bets.scoring import Scores
from transferlab.errors import unknown
from transferlab.meters import mean_interval
from transferlab.rank_agreement import RankAgreement, rank_agreement
from transferlab.tables import table
from transferlab.transferability import SCORES

FEW = 12  # candidates: with fewer the interval of a rank correlation of 0 is wider than ±0.6


@dataclass(frozen=True)
class Bet:
    """The scores of all candidates; `print(bet)` shows them with their ranks.

        >>> bet = Bet(score_stages(model, data))
        >>> bet.ranks("logme")
        {'conv1': 5, 'layer1': 4, 'layer2': 3, 'layer3': 2, 'layer4': 1}

    Raises:
        ValueError: fewer than three candidates, or two of one name.
    """

    scores: tuple[Scores, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", tuple(self.scores))
        if not all(isinstance(one, Scores) for one in self.scores):
            raise ValueError("A bet is on scores: type Bet(score_backbones(candidates, data)).")
        if len(self.scores) < 3:
            raise ValueError(f"A bet on an order needs three candidates or more; you gave {len(self.scores)}.")
        twice = next((name for name in self.names if self.names.count(name) > 1), None)
        if twice:
            raise ValueError(f"Two candidates are called '{twice}'; give each a name of its own.")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.scores)

    def values(self, score: str) -> dict[str, float]:
        """One score of every candidate that has it.

        >>> bet.values("linear_probe")
        """
        found = {one.name: one.value(score) for one in self.scores}
        return {name: value for name, value in found.items() if value is not None}

    def ranks(self, score: str) -> dict[str, int]:
        """The rank of every candidate that has this score, the best 1; equals share the better rank."""
        values = self.values(score)
        return {name: 1 + sum(other > one for other in values.values()) for name, one in values.items()}

    def __str__(self) -> str:
        ranks = {score: self.ranks(score) for score in SCORES}
        rows = [[one.name, *(_cell(one.value(score), ranks[score].get(one.name)) for score in SCORES)]
                for one in self.scores]  # fmt: skip
        text = table(["candidate (rank)", *SCORES.values()], rows)
        without: dict[tuple[str, tuple[str, ...]], list[str]] = {}  # candidates by reason and the scores they lack
        for one in self.scores:
            for reason in dict.fromkeys(one.reasons.values()):
                lacking = tuple(SCORES[score] for score, why in one.reasons.items() if why == reason)
                without.setdefault((reason, lacking), []).append(one.name)
        for (reason, lacking), names in without.items():
            text += f"\nno {' and no '.join(lacking)} for {', '.join(names)}: {reason}."
        return text


@dataclass(frozen=True)
class SettledBet:
    """A bet and what came out: accuracies by candidate and seed, and how far each score's ranks held.

    `agreements` has an entry for each score that could be compared; for the others `reasons` says why not.
    """

    bet: Bet
    recipe: str
    seeds: tuple[int, ...]
    accuracies: Mapping[str, tuple[float, ...]]
    agreements: tuple[RankAgreement, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def agreement(self, score: str) -> RankAgreement:
        """How far the ranks of one score held.

            >>> settled.agreement("logme").spearman

        Raises:
            ValueError: no such score, or one that could not be compared; the sentence says why.
        """
        if score not in SCORES:
            raise unknown("score", score, list(SCORES), owner="The scores are")
        if score in self.reasons:
            raise ValueError(f"{SCORES[score]} was not compared: {self.reasons[score]}.")
        return next(one for one in self.agreements if one.score == score)

    def __str__(self) -> str:
        found = []
        for name, runs in self.accuracies.items():
            half = f"± {100 * mean_interval(runs)[1]:.1f}" if len(runs) > 1 else "–"
            found.append([name, f"{sum(runs) / len(runs):.1%}", half])
        rows = [
            [
                SCORES[one.score], f"{one.spearman:z.2f}", f"{one.low:z.2f} … {one.high:z.2f}", f"{one.kendall:z.2f}",
                f"{one.chance:.1%}", f"{100 * one.given_away:.1f}", str(one.num_candidates),
            ]
            for one in self.agreements
        ]  # fmt: skip
        header = ["score", "Spearman", "95 % interval", "Kendall", "chance orders", "points lost", "candidates"]
        text = table(
            [f"accuracy, {self.recipe}", "mean", "1 seed" if len(self.seeds) == 1 else f"over {len(self.seeds)} seeds"],
            found,
        )
        text += "\n\n" + table(header, rows) if rows else ""
        for score, reason in self.reasons.items():
            text += f"\n{SCORES[score]} was not compared: {reason}."
        return f"{text}\n{caution(len(self.accuracies))}"


def settled_bet(
    bet: Bet, recipe: str, seeds: tuple[int, ...], accuracies: Mapping[str, tuple[float, ...]]
) -> SettledBet:
    """Compare every score with the accuracies.

    >>> settled_bet(bet, "fine_tuning", (0, 1), {"a": (0.8, 0.7), "b": (0.6, 0.6), "c": (0.9, 0.9)})
    """
    agreements, reasons = [], {}
    for score in SCORES:
        values = bet.values(score)
        found = {name: accuracies[name] for name in values}
        if len(values) < 3:
            lacking = next((one.reasons[score] for one in bet.scores if score in one.reasons), "")
            having = {0: "none of the candidates has", 1: "only one of the candidates has"}
            reasons[score] = f"{having.get(len(values), 'only two of the candidates have')} it, since {lacking}"
        elif len(set(values.values())) == 1:
            reasons[score] = "it is the same for all candidates"
        elif len({round(sum(runs) / len(runs), 9) for runs in found.values()}) == 1:
            reasons[score] = "all candidates came out equally accurate"
        else:
            agreements.append(rank_agreement(score, values, found))
    return SettledBet(bet, recipe, seeds, dict(accuracies), tuple(agreements), reasons)


def caution(num_candidates: int) -> str:
    """How much so few candidates can say, in a sentence or two."""
    if num_candidates < 5:
        return f"{num_candidates} candidates cannot tell a score from chance, whatever order comes out."
    start = f"The interval is for another {num_candidates} candidates, not for other seeds"
    if num_candidates >= FEW:
        return f"{start}."
    return f"{start}, and with so few it is wide: two scores whose intervals overlap are not told apart."


def _cell(value: float | None, rank: int | None) -> str:
    return "–" if value is None else f"{value:z.2f} ({rank})"
