"""From measurements to tables: medians, ratios with their bootstrap intervals, and which promises were kept."""

from collections.abc import Sequence

import torch

from transferlab.bench.task import Settings
from transferlab.bench.ways import NATIVE, PROMISES, WAYS
from transferlab.meters import wilson_interval
from transferlab.tables import table

MEMORY_LIMIT, MEMORY_AIM = 900, 600  # MB, a head run on 2,000 images, the whole process


def medians_table(figures: dict) -> str:
    """One line a way: processor seconds, time to the first point of the curve, memory, accuracy with its interval.

    >>> print(medians_table(figures))
    """
    rows = []
    for way in (*WAYS, *NATIVE):
        found = _of(figures, way.name)
        if not found:
            continue
        accuracy = _median([one["accuracy"] for one in found])
        low, high = wilson_interval(accuracy, figures["num_held_out"])
        peaks = [one["peak_megabytes"] for one in found if one["peak_megabytes"]]
        rows.append(
            [
                f"{way.job}: {way.label}",
                f"{_median([one['cpu_seconds'] for one in found]):.2f}",
                f"{_median([one['first_point_seconds'] for one in found]):.2f}",
                f"{_median(peaks):,.0f}" if peaks else "–",
                f"{accuracy:.1%} ({low:.0%} … {high:.0%})",
            ]
        )
    header = ["way", "processor s", "first point s", "peak MB", "held-out accuracy"]
    return table(header, rows)


def ratios_table(figures: dict) -> str:
    """One line a promise: the ratio of medians, its interval over resampled turns, what was promised, kept or missed.

        >>> print(ratios_table(figures))

    Empty where nothing that was promised was measured.
    """
    rows = []
    for promise in PROMISES:
        ratio = ratio_of(figures, promise.more, promise.less)
        if ratio:
            kept = "kept" if promise.is_kept(ratio[0]) else "missed"
            if promise.at_most:
                bound = f"≤ {promise.bound - 1:+.0%} ({promise.aim - 1:+.0%})"
            else:
                bound = f"≥ {promise.bound:g}× ({promise.aim:g}×)"
            rows.append([promise.what, _percent(ratio) if promise.at_most else _times(ratio), bound, kept])
    peaks = [one["peak_megabytes"] for one in _of(figures, "head") if one["peak_megabytes"]]
    if peaks:
        kept = "kept" if _median(peaks) <= MEMORY_LIMIT else "missed"
        promised = f"≤ {MEMORY_LIMIT} MB ({MEMORY_AIM})"
        rows.append(["peak memory of a frozen run, whole process", f"{_median(peaks):,.0f} MB", promised, kept])
    return table(["promise", "measured", "at least (aim)", ""], rows) if rows else ""


def native_note(figures: dict) -> str:
    """Who trained for how long with native defaults, where not every tool has an opinion; empty without such a way.

    >>> print(native_note(figures))
    """
    if not any(_of(figures, way.name) for way in NATIVE):
        return ""
    epochs, batch_size = figures["settings"]["native_epochs"], figures["settings"]["batch_size"]
    own = Settings().native_epochs
    fewer = "" if batch_size == 64 else f", cut to {batch_size}"
    cut = "" if epochs == own else f", all cut to {epochs}/{own}"
    return (
        "Epochs: 28 and at most 30 are the recipes' own, 25 the tutorial's; fastai (after one of the head) and "
        f"Lightning name none and get the tutorial's{cut}.\nBatches: 32 are ours, 4 the tutorial's, 64 fastai's; "
        f"Lightning names none and gets fastai's{fewer}.\nCrops and flips: ours and the tutorial's; fastai and "
        "Lightning have none of their own accord."
    )


def ratio_of(figures: dict, more: str, less: str, num_samples: int = 2000) -> tuple[float, float, float] | None:
    """The ratio of two ways' median processor seconds, and its 95 % interval; None where one was not measured.

    The interval resamples turns (percentile bootstrap; Efron 1979): with two turns it is their range, no more.
    """
    one, other = ([m["cpu_seconds"] for m in _of(figures, name)] for name in (more, less))
    return resampled_ratio(one, other, num_samples) if one and other else None


def resampled_ratio(
    one: Sequence[float], other: Sequence[float], num_samples: int = 2000
) -> tuple[float, float, float]:
    """The ratio of two medians with its 95 % interval over resampled turns.

    >>> resampled_ratio([2.0, 2.0], [1.0, 1.0])
    (2.0, 2.0, 2.0)
    """
    generator = torch.Generator().manual_seed(0)

    def resampled(values: Sequence[float]) -> torch.Tensor:
        picks = torch.randint(len(values), (num_samples, len(values)), generator=generator)
        return torch.tensor(values, dtype=torch.float64)[picks].quantile(0.5, dim=1)

    ratios = resampled(one) / resampled(other)
    low, high = ratios.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return _median(one) / _median(other), low, high


def drift(figures: dict) -> float:
    """How much slower the fixed piece of work was at its slowest than at its quickest: 1 is a quiet machine."""
    seconds = [value for one in figures["measurements"] for value in one["calibration_seconds"]]
    return max(seconds) / min(seconds)


def _of(figures: dict, name: str) -> list[dict]:
    return [one for one in figures["measurements"] if one["way"] == name]


def _median(values: Sequence[float]) -> float:
    return torch.tensor(values, dtype=torch.float64).quantile(0.5).item()


def _times(ratio: tuple[float, float, float]) -> str:
    return "{:.3g}× ({:.3g} … {:.3g})".format(*ratio)


def _percent(ratio: tuple[float, float, float]) -> str:
    return "{:+.1%} ({:+.1%} … {:+.1%})".format(*(value - 1 for value in ratio))
