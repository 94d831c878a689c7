"""The four failures of transfer: what the gain falls to, who wins where, how much is forgotten, who is served worse.

Each function draws from plain numbers, as `FailureReport.shown` and the ledger hold them, so that a saved figure's data
can be drawn again. Dots are seeds, bars 95 % intervals (Student's t).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transferlab.meters import mean_interval
from transferlab.plots.style import COLOURS, DASHES, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "osD^vP"


def gain_by_gap(shown: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """What transfer gains over random weights as the domain moves away: a line an arm, over the gap.

    >>> gain_by_gap(domain_mismatch().shown).figure.savefig("gap.png")
    """
    ax = ax or new_axes((6.4, 4))
    gaps, said = shown["gaps"], []
    for i, (name, seeds_by_gap) in enumerate(shown["gains"].items()):
        means, halves = zip(*(_interval(values) for values in seeds_by_gap), strict=True)
        ax.errorbar(
            [gap + 0.012 * (i - 1.5) for gap in gaps], [100 * mean for mean in means], [100 * half for half in halves],
            color=COLOURS[i % 6], linestyle=DASHES[i % 6], marker=MARKERS[i % 6], capsize=2, label=name,
        )  # fmt: skip
        said.append(f"{name}: {', '.join(f'{100 * mean:+.0f}' for mean in means)}")
    ax.axhline(0, color="0.6", linewidth=1)
    ax.set(xlabel="domain gap", ylabel="gain over random weights (points)", title="Transfer gains less from afar")
    ax.set_xticks(gaps, [f"{gap:g}" for gap in gaps])
    ax.legend(frameon=False, fontsize=8)
    _plain(ax, "y")
    at = ", ".join(f"{gap:g}" for gap in gaps)
    describe(ax, f"Gain of transfer over random weights in points of accuracy at domain gap {at}. {'; '.join(said)}.")
    return ax


def contradiction(shown: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Accuracy of each arm on the contradicting question and on the harmless one, with chance as a line.

    >>> contradiction(incompatible_task().shown).figure.savefig("hue.png")
    """
    rows = [(task, arm, values) for task, arms in shown["accuracies"].items() for arm, values in arms.items()]
    chance = 100 * shown["chance"]
    ax = _dots([f"{task}: {arm}" for task, arm, _ in rows], [values for *_, values in rows],
               [list(shown["accuracies"]).index(task) for task, *_ in rows], ax)  # fmt: skip
    ax.axvline(chance, color="0.6", linewidth=1, linestyle=(0, (1, 3)))
    ax.annotate("chance", (chance, 1), (3, -2), xycoords=("data", "axes fraction"), textcoords="offset points",
                va="top", fontsize=8, color="0.45")  # fmt: skip
    ax.set(xlabel=f"held-out accuracy (%), {shown['per_class']} images a class", title="A question that contradicts")
    ax.set_xlim(0, 100)
    said = ", ".join(f"{task} {arm} {100 * _interval(values)[0]:.0f} %" for task, arm, values in rows)
    describe(ax, f"Held-out accuracy by question and arm, chance {chance:.0f} %: {said}.")
    return ax


def forgetting_map(shown: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Source accuracy lost: a row a learning rate with the smallest below, a column a number of steps, in points.

    >>> forgetting_map(forgetting_by_rate().shown).figure.savefig("map.png")
    """
    rates, steps, lost = shown["rates"], shown["steps"], shown["forgotten"]
    ax = ax or new_axes((0.7 * len(steps) + 2.2, 0.5 * len(rates) + 1.6))
    top = max(0.01, max(max(line) for line in lost))
    image = ax.imshow(lost, cmap="cividis", vmin=0, vmax=top, aspect="auto", origin="lower")
    for i, line in enumerate(lost):
        for j, value in enumerate(line):
            ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=8,
                    color="black" if value > 0.55 * top else "white")  # fmt: skip
    ax.set_xticks(range(len(steps)), [str(step) for step in steps])
    ax.set_yticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    ax.tick_params(length=0)
    ax.set(xlabel="steps", ylabel="learning rate", title="Forgotten, in points of source accuracy")
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02)
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}")
    bar.outline.set_visible(False)  # type: ignore[operator]
    lines = [
        f"at {rate:g}: {', '.join(f'{100 * one:.0f}' for one in line)}" for rate, line in zip(rates, lost, strict=True)
    ]
    after = ", ".join(map(str, steps))
    describe(ax, f"Points of source accuracy forgotten after {after} steps, by learning rate. {'; '.join(lines)}.")
    return ax


def subgroup_gaps(shown: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """The subgroup gap of each way to transfer, in points: 0 is nobody served worse.

    >>> subgroup_gaps(inherited_bias().shown).figure.savefig("gaps.png")
    """
    gaps = shown["gaps"]
    colours = [0 if "source" in name else 1 for name in gaps]
    ax = _dots(list(gaps), list(gaps.values()), colours, ax)
    ax.axvline(0, color="0.6", linewidth=1)
    ax.set(xlabel="accuracy where the tag agrees − where it does not (points)", title="Who is served worse")
    said = ", ".join(f"{name} {100 * _interval(values)[0]:+.0f}" for name, values in gaps.items())
    describe(ax, f"Subgroup gap in points, accuracy where the tag agrees minus where it does not: {said}.")
    return ax


def _dots(names: Sequence[str], values: Sequence[Sequence[float]], colours: Sequence[int], ax: Axes | None) -> Axes:
    """A line of dots for each name, first on top: seeds small, the mean large, its interval a bar."""
    ax = ax or new_axes((6.4, 0.32 * len(names) + 1.4))
    for row, (numbers, colour) in enumerate(zip(values, colours, strict=True)):
        mean, half = _interval(numbers)
        ax.errorbar(100 * mean, row, xerr=100 * half, color=COLOURS[colour], marker="o", capsize=3)
        ax.scatter([100 * one for one in numbers], [row + 0.25] * len(numbers), s=9, color=COLOURS[colour], alpha=0.6,
                   linewidths=0)  # fmt: skip
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.invert_yaxis()
    _plain(ax, "x")
    return ax


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half the width of the interval; no width where there is one value."""
    return mean_interval(values) if len(values) > 1 else (values[0], 0.0)


def _plain(ax: Axes, grid: str) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="0.92")  # type: ignore[arg-type]
    ax.set_axisbelow(True)
