"""What memory grows with: images, and neither epochs nor configurations.

The most memory that a whole process uses, a fresh one each, at a quarter, a half and all of the benchmark's images: for
a head on a frozen backbone, for twice its epochs, and for many heads (as many of the benchmark's thirty as there are
images for). Counts that hold on every machine are tested
(tests/bench/test_memory_scaling.py); these are megabytes of one.
"""

from collections.abc import Callable

from transferlab.bench.measuring import chosen, run_in_turns
from transferlab.tables import table

COLUMNS = {"head": "a frozen run", "twice": "twice the epochs", "sweep": "many heads"}
PER_CLASS = (62, 125, 250)  # of 8 classes: 496, 1,000 and 2,000 images


def memory_figures(say: Callable[[str], None] = print, small: bool = False) -> dict:
    """Measure each of the three ways at each size; returns what `memory_table` reads.

        >>> print(memory_table(memory_figures()))

    `small` makes it a trial, whose figures mean nothing.
    """
    ways, sizes = chosen(names=list(COLUMNS)), []
    for per_class in (4, 8) if small else PER_CLASS:
        say(f"{8 * per_class} images")
        figures = run_in_turns(ways, 1, say, small, per_class)
        sizes.append({"num_images": 8 * per_class, **figures})
    return {
        "kind": "MemoryScaling", "machine": sizes[0]["machine"], "versions": sizes[0]["versions"], "sizes": sizes,
    }  # fmt: skip


def memory_table(figures: dict) -> str:
    """One line a number of images, in 10⁶ bytes, and what a thousand further images take.

    >>> print(memory_table(figures))
    """
    peaks = {
        one["num_images"]: {measured["way"]: measured["peak_megabytes"] for measured in one["measurements"]}
        for one in figures["sizes"]
    }
    rows = [
        [f"{number:,} images", *(f"{at[name]:,.0f} MB" if at[name] else "–" for name in COLUMNS)]
        for number, at in peaks.items()
    ]
    first, last = min(peaks), max(peaks)
    growth = []
    for name in COLUMNS:
        low, high = peaks[first][name], peaks[last][name]
        growth.append(f"{(high - low) / (last - first) * 1000:+,.0f} MB" if low and high else "–")
    return table(["most memory of the process", *COLUMNS.values()], [*rows, ["1,000 images more", *growth]])
