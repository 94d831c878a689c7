"""A language model that learns another style: how well it foresees the new text, and the old one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transferlab.meters import mean_interval
from transferlab.plots.style import COLOURS, DASHES, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from transferlab.records import Run

MARKERS = "osD^vP"
TICKS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000)  # of perplexity, on a logarithmic axis


def perplexity_curves(runs: Mapping[str, Run], figure: Figure | None = None) -> Figure:
    """Perplexity on the new style and on the old text, after each epoch and as dots within it; lower is better.

    >>> perplexity_curves({"LoRA": run, "everything": other})
    """
    from matplotlib.figure import Figure as NewFigure

    figure = figure or NewFigure(figsize=(9, 3.4), layout="constrained")
    new, old = figure.subplots(1, 2)
    said = []
    for i, (name, run) in enumerate(runs.items()):
        look: dict[str, Any] = {
            "color": COLOURS[i % 6],
            "linestyle": DASHES[i % 6],
            "marker": MARKERS[i % 6],
            "markersize": 4,
        }
        style = [math.exp(epoch.held_out_loss) for epoch in run.epochs]
        source = [math.exp(epoch.source_loss) for epoch in run.epochs if epoch.source_loss is not None]
        new.plot(range(len(style)), style, label=name, **look)
        old.plot(range(len(source)), source, **look)
        within = [(one.epoch, math.exp(one.source_loss)) for one in run.measurements if one.source_loss is not None]
        if within:
            old.scatter(*zip(*within, strict=True), s=12, color=COLOURS[i % 6], alpha=0.4, linewidths=0)
        said.append(
            f"{name}: new {style[0]:.0f} to {style[-1]:.0f}"
            + (f", old {source[0]:.0f} to {source[-1]:.0f}" if source else "")
        )
    new.set(yscale="log", xlabel="epoch", ylabel="perplexity", title="The new style is learned …")
    old.set(xlabel="epoch", title="… and what is left of the old")
    for ax in (new, old):
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="0.92", which="both")
        ax.xaxis.get_major_locator().set_params(integer=True)
    low, high = new.get_ylim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    new.set_yticks(ticks, [str(tick) for tick in ticks])
    new.minorticks_off()
    new.legend(frameon=False, fontsize=9)
    describe(figure, f"Perplexity over epochs, lower is better. {'; '.join(said)}.")
    return figure


def style_front(rows: Sequence[Mapping[str, Any]], ax: Axes | None = None) -> Axes:
    """Each way's perplexity on the new style and on the old text, means with 95 % intervals over seeds.

    `rows` are those of `recorded_adaptation()`. Left and low is best; the cross is the model before.

    >>> style_front(recorded_adaptation()["plays"]["rows"])
    """
    ax = ax or new_axes((6.4, 4.2))
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    families = list(dict.fromkeys(arm.partition(" at ")[0] for arm in arms))
    said = []
    for i, family in enumerate(families):
        points = []
        for arm in (one for one in arms if one.startswith(family)):
            here = [row for row in rows if row["arm"] == arm]
            style, source = ([row[key] for row in here] for key in ("style_after", "source_after"))
            points.append((*_interval(style), *_interval(source), arm.partition(" at ")[2]))
        x, x_half, y, y_half, rates = zip(*points, strict=True)
        ax.errorbar(
            x, y, y_half, x_half, color=COLOURS[i], linestyle=DASHES[i], marker=MARKERS[i], capsize=2, label=family
        )
        for here_x, here_y, rate in zip(x, y, rates, strict=True):
            ax.annotate(rate, (here_x, here_y), (5, 4), textcoords="offset points", fontsize=8, color=COLOURS[i])
        said.append(
            f"{family}: "
            + ", ".join(f"at {r} new {a:.1f} and old {b:.1f}" for a, b, r in zip(x, y, rates, strict=True))
        )
    before = rows[0]["style_before"], rows[0]["source_before"]
    ax.axhline(before[1], color="0.6", linewidth=1, linestyle=(0, (1, 3)))
    ax.annotate(
        f"before: {before[0]:.0f} on the new style, {before[1]:.1f} on the old", (0.02, before[1]),
        (0, 3), xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=8, color="0.45",
    )  # fmt: skip
    ax.set(xlabel="perplexity on the new style", ylabel="perplexity on the old", title="Learned, and forgotten")
    ax.legend(frameon=False, fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    describe(
        ax,
        f"Perplexity on the new style and on the old text after training, by learning rate. Before: {before[0]:.1f} "
        f"and {before[1]:.1f}. {'; '.join(said)}.",
    )
    return ax


def forgetting_within(rows: Sequence[Mapping[str, Any]], ax: Axes | None = None) -> Axes:
    """The perplexity on the old text while each way learns, means over seeds, from `rows` as for `style_front`.

    >>> forgetting_within(recorded_adaptation()["plays"]["rows"])
    """
    ax = ax or new_axes((6.4, 4.2))
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    families = list(dict.fromkeys(arm.partition(" at ")[0] for arm in arms))
    said: list[str] = []
    ends: list[tuple[float, str, str]] = []
    for arm in arms:
        family, _, rate = arm.partition(" at ")
        here = [row for row in rows if row["arm"] == arm]
        epochs = [0.0, *(at for at, _ in here[0]["within"])]
        curves = [[row["source_before"], *(value for _, value in row["within"])] for row in here]
        means = [sum(values) / len(values) for values in zip(*curves, strict=True)]
        i = families.index(family)
        alike = [one for one in arms if one.startswith(family)]
        ax.plot(epochs, means, color=COLOURS[i], linestyle=DASHES[alike.index(arm)], linewidth=1.8)
        ends.append((means[-1], f"{family} at {rate}", COLOURS[i]))
        said.append(f"{arm} from {means[0]:.1f} to {means[-1]:.1f}")
    ax.set(xlabel="epoch", ylabel="perplexity on the old text", title="Forgetting, as it happens")
    low, high = ax.get_ylim()
    height = low
    for end, name, colour in sorted(ends):  # from the lowest upwards, no two on one another
        height = max(end, height + (high - low) / 18)
        ax.annotate(
            name, (epochs[-1], end), (1.05 * epochs[-1], height), color=colour, fontsize=8, va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.35, "linewidth": 0.8, "shrinkA": 0},
        )  # fmt: skip
    ax.set_xlim(0, 1.5 * epochs[-1])
    ax.set_xticks([0, epochs[-1] / 2, epochs[-1]])
    ax.spines[["top", "right"]].set_visible(False)
    describe(ax, f"Perplexity on the old text during one pass over the new one: {'; '.join(said)}.")
    return ax


def _interval(values: Sequence[float]) -> tuple[float, float]:
    return mean_interval(values) if len(values) > 1 else (values[0], 0.0)
