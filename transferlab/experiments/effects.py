"""An effect and how sure we may be of it: a number for each seed, their mean, its interval, and a verdict on a claim.

    found = effect("frozen − scratch, 20 a class", [0.55, 0.51, 0.58])
    found.low > 0

The interval is Student's over seeds: it covers another draw of images, first weights and order, not another backbone.
A claim holds where the whole interval lies beyond the margin. Left out: corrections for many claims.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from transferlab.meters import mean_interval


@dataclass(frozen=True)
class Effect:
    """`values` by seed, their mean, and the 95 % interval `low` … `high`; shares lie within −1…1."""

    name: str
    values: tuple[float, ...]
    mean: float
    low: float
    high: float

    @property
    def num_seeds(self) -> int:
        return len(self.values)

    def called(self, name: str) -> "Effect":
        """The same effect under a name that says what it means where it is shown."""
        return replace(self, name=name)

    def __str__(self) -> str:
        return f"{self.name}: {self.mean:+.3f} ({self.low:+.3f} … {self.high:+.3f}), {self.num_seeds} seeds"


def effect(name: str, values: Sequence[float] | Mapping[int, float]) -> Effect:
    """The mean of several seeds and its 95 % interval.

        >>> effect("gain", [0.5, 0.6, 0.7])
        Effect(name='gain', values=(0.5, 0.6, 0.7), mean=0.6, low=0.3516, high=0.8484)

    Raises:
        ValueError: fewer than two seeds, or a value that is no finite number.
    """
    numbers = tuple(float(one) for one in (values.values() if isinstance(values, Mapping) else values))
    if len(numbers) < 2:
        raise ValueError(
            f"An interval over seeds needs two seeds or more; '{name}' has {len(numbers)}. Type seeds=range(3)."
        )
    if not all(map(isfinite, numbers)):
        raise ValueError(f"'{name}' has a value that is no finite number: {numbers}.")
    mean, half = mean_interval(numbers)
    return Effect(name, numbers, mean, mean - half, mean + half)


def lies_above(found: Effect, margin: float = 0.0) -> bool | None:
    """True where the interval lies above `margin`, False where it lies below, None where it holds both.

    >>> lies_above(effect("gain", [0.5, 0.6, 0.7]))
    True
    """
    if found.low > margin:
        return True
    return False if found.high < margin else None
