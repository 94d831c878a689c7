"""How much better is one group answered than another, and how sure may we be of it?

    low, high = newcombe_interval(56, 70, 48, 80)       # (0.052, 0.334)

The interval of a difference of two shares is Newcombe's, "Interval estimation for the difference between independent
proportions: comparison of eleven methods" (1998), method 10: the two Wilson intervals put together. It holds for small
groups and for shares near 0 and 1, where the textbook's formula fails. The largest of several differences was chosen
because it is large; so with more than two groups all intervals are widened after Bonferroni (0.05 shared out over the
pairs). Left out: the luck of the training seed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transferlab.audit.subgroups import Subgroup


@dataclass(frozen=True)
class Difference:
    """How much better `better` is answered than `worse`: a share within 0…1 and its interval, 95 % for all pairs.

    >>> print(difference)
    'tag agrees' is answered better than 'tag disagrees' by 62.0 points (95 % interval 50.1 … 71.2)
    """

    better: str
    worse: str
    value: float
    low: float
    high: float
    num_pairs: int = 1  # so many were compared, and the interval is widened for it

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0

    def __str__(self) -> str:
        among = f", widened for {self.num_pairs} pairs" if self.num_pairs > 1 else ""
        interval = f"(95 % interval {_points(self.low)} … {_points(self.high)}{among})"
        if self.value == 0:
            return f"'{self.better}' and '{self.worse}' are answered equally well {interval}"
        return f"'{self.better}' is answered better than '{self.worse}' by {_points(self.value)} points {interval}"


def newcombe_interval(
    num_correct: int, num_images: int, other_correct: int, other_images: int, level: float = 0.95
) -> tuple[float, float]:
    """The interval of `num_correct / num_images − other_correct / other_images`, within -1…1.

        >>> newcombe_interval(9, 10, 3, 10)     # (0.170, 0.809)

    Raises:
        ValueError: more right answers than images, no images, or a level outside 0…1.
    """
    z = _normal_point(level)
    low, high = score_interval(num_correct, num_images, z)
    other_low, other_high = score_interval(other_correct, other_images, z)
    share, other = num_correct / num_images, other_correct / other_images
    below = math.hypot(share - low, other_high - other)
    above = math.hypot(high - share, other - other_low)
    return max(-1.0, share - other - below), min(1.0, share - other + above)


def score_interval(num_correct: int, num_images: int, z: float) -> tuple[float, float]:
    """Wilson's interval of a share at `z` standard errors; `meters.wilson_interval` is this at 1.96.

    >>> score_interval(50, 100, 1.96)       # (0.404, 0.596)
    """
    if num_images < 1 or not 0 <= num_correct <= num_images:
        raise ValueError(f"Of at least one image 0 to all are right; you gave {num_correct!r} of {num_images!r}.")
    share, square = num_correct / num_images, z * z / num_images
    centre = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, centre - half), min(1.0, centre + half)


def differences(groups: "Sequence[Subgroup]") -> tuple[Difference, ...]:
    """Every pair of groups, the largest difference first; the intervals hold for all pairs together.

        >>> differences(groups)[0].is_clear

    Empty for fewer than two groups.
    """
    num_pairs = len(groups) * (len(groups) - 1) // 2
    found = []
    for one, other in combinations(groups, 2):
        better, worse = (one, other) if one.accuracy >= other.accuracy else (other, one)
        low, high = newcombe_interval(
            better.num_correct, better.num_images, worse.num_correct, worse.num_images, 1 - 0.05 / num_pairs
        )
        found.append(Difference(better.name, worse.name, better.accuracy - worse.accuracy, low, high, num_pairs))
    return tuple(sorted(found, key=lambda difference: -difference.value))


def _points(share: float) -> str:
    return f"{100 * share:z.1f}".replace("-", "−")


def _normal_point(level: float) -> float:
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise ValueError(f"The level of an interval lies between 0 and 1, such as 0.95; you gave {level!r}.")
    return NormalDist().inv_cdf((1 + level) / 2)
