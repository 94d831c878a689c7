"""An order foretold and an order found: how far they agree, and how sure we may be of it with few candidates.

    agreement = rank_agreement("logme", {"a": 0.3, "b": 0.1, "c": 0.5}, {"a": (0.8,), "b": (0.6,), "c": (0.9,)})
    print(agreement.spearman, agreement.low, agreement.high)

The interval is Fisher's, on the scale `atanh ρ`, with a width that is not the normal's but that of all orders of so few
candidates; so it excludes 0 for at most 5 % of random orders, half of them on either side. It stands for another set of
candidates, and not for another seed. Sources: Spearman (1904); Kendall, "The treatment of ties in ranking problems"
(1945), tau-b; Fisher (1921). Left out: partial rankings.
"""

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ALL_ORDERS = 8  # up to so many candidates every order is tried (40,320); beyond, DRAWN random ones
DRAWN = 20_000


@dataclass(frozen=True)
class RankAgreement:
    """What a score foretold, what was found, and how far the two orders agree.

    `foretold` is the score and `found` the accuracies by seed (0…1), both by candidate. `spearman` compares the scores
    with the mean accuracies, `low` … `high` is its 95 % interval (−1 … 1 for fewer than five candidates, where nothing
    can be said), `kendall` is tau-b. `chance` is the share of random orders that agree as well or better. `by_seed` is
    Spearman's correlation for each seed alone, None where that seed's accuracies are all the same. `given_away` is how
    much accuracy is lost by taking the candidate with the best score; where several share it, the mean over them.
    """

    score: str
    foretold: Mapping[str, float]
    found: Mapping[str, tuple[float, ...]]
    spearman: float
    low: float
    high: float
    kendall: float
    chance: float
    by_seed: tuple[float | None, ...]
    given_away: float

    @property
    def num_candidates(self) -> int:
        return len(self.foretold)


def rank_agreement(score: str, foretold: Mapping[str, float], found: Mapping[str, Sequence[float]]) -> RankAgreement:
    """How far the order of `foretold` agrees with that of the mean of `found`.

        >>> rank_agreement("logme", scores, accuracies).spearman
        0.83

    Raises:
        ValueError: fewer than three candidates, other candidates in the one than in the other, values that are no
            finite numbers, or no order at all.
    """
    names = list(foretold)
    if len(names) < 3:
        raise ValueError(f"Two orders are compared for three candidates or more; '{score}' has {len(names)}.")
    if set(names) != set(found):
        raise ValueError(f"'{score}' is about {', '.join(names)}, and what was found about {', '.join(found)}.")
    if len({len(found[name]) for name in names}) > 1 or not all(found.values()):
        raise ValueError("Every candidate is trained with as many seeds as any other, and with one at least.")
    runs = torch.tensor([list(found[name]) for name in names], dtype=torch.float64)  # (candidates, seeds)
    predicted = [foretold[name] for name in names]
    means = runs.mean(1).round(decimals=9)  # 0.1 + 0.2 and 0.2 + 0.1 are no order
    rho = spearman(predicted, means.tolist())
    low, high = _interval(predicted, means.tolist(), rho)
    best = torch.tensor([one == max(predicted) for one in predicted])
    return RankAgreement(
        score, dict(foretold), {name: tuple(found[name]) for name in names}, rho, low, high,
        kendall(predicted, means.tolist()), _chance(predicted, means.tolist(), rho),
        tuple(None if len(set(one)) == 1 else spearman(predicted, one) for one in runs.T.tolist()),
        (means.max() - means[best].mean()).item(),
    )  # fmt: skip


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation, within −1…1; equal values share their mean rank.

        >>> spearman([1, 2, 3, 4], [1, 2, 4, 3])
        0.8

    Raises:
        ValueError: fewer than two values, two lengths, values that are no finite numbers, or all the same.
    """
    first, second = (_centred_ranks(values) for values in _pair(one, other))
    return ((first @ second) / (first @ first * (second @ second)).sqrt()).item()


def kendall(one: Sequence[float], other: Sequence[float]) -> float:
    """Kendall's tau-b, within −1…1: pairs in the same order less pairs in the opposite one; ties are in neither.

        >>> kendall([1, 2, 3, 4], [1, 2, 4, 3])
        0.667

    Raises:
        ValueError: fewer than two values, two lengths, values that are no finite numbers, or all the same.
    """
    first, second = ((values[:, None] - values).sign().flatten() for values in _pair(one, other))
    return ((first @ second) / (first @ first * (second @ second)).sqrt()).item()


def _pair(one: Sequence[float], other: Sequence[float]) -> tuple[Tensor, Tensor]:
    first, second = (torch.as_tensor(values, dtype=torch.float64) for values in (one, other))
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ValueError(f"A rank correlation is of two lists of one length; you gave {len(one)} and {len(other)}.")
    for values in (first, second):
        if not values.isfinite().all():
            raise ValueError(f"A rank correlation needs finite numbers; you gave {values.tolist()}.")
        if values.min() == values.max():
            raise ValueError(f"All {len(values)} values are {values[0].item():g}: there is no order to compare.")
    return first, second


def ranks(values: Tensor) -> Tensor:
    """Ranks 1…P along the last dimension of `(…, P)`, equal values at the mean of theirs.

    >>> ranks(torch.tensor([0.3, 0.1, 0.3]))
    tensor([2.5000, 1.0000, 2.5000], dtype=torch.float64)
    """
    values = values.contiguous()
    ordered = values.sort().values
    below, up_to = torch.searchsorted(ordered, values), torch.searchsorted(ordered, values, right=True)
    return (below + up_to + 1).double() / 2


def _centred_ranks(values: Tensor) -> Tensor:
    found = ranks(values)
    return found - found.mean()


def _random_orders(one: Sequence[float], other: Sequence[float]) -> Tensor:
    """Spearman's correlation of every order of the second list with the first, or of many random ones."""
    first, second = (_centred_ranks(values) for values in _pair(one, other))
    return second[_orders(len(second))] @ first / (first @ first * (second @ second)).sqrt()


@functools.cache
def _orders(count: int) -> Tensor:
    if count <= ALL_ORDERS:
        return torch.tensor(list(itertools.permutations(range(count))))
    return torch.rand(DRAWN, count, generator=torch.Generator().manual_seed(0)).argsort(1)


def _chance(one: Sequence[float], other: Sequence[float], rho: float) -> float:
    return (_random_orders(one, other) >= rho - 1e-9).double().mean().item()


def _interval(one: Sequence[float], other: Sequence[float], rho: float) -> tuple[float, float]:
    count = len(one)
    largest = 1 - 6 / (count**3 - count)  # half a step below a perfect order, which would have no finite atanh
    sizes = _random_orders(one, other).abs().clamp_max(largest).atanh().sort().values
    half = sizes[math.ceil(0.95 * len(sizes)) - 1].item()  # at most 5 % of random orders lie further from 0
    if half > sizes[-1].item() - 1e-9:
        return -1.0, 1.0  # not even a perfect order is rare enough
    centre = math.atanh(max(-largest, min(largest, rho)))
    low, high = math.tanh(centre - half - 1e-9), math.tanh(centre + half + 1e-9)
    return min(low, rho), max(high, rho)
