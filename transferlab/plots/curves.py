"""Curves of runs: what was learned, what was forgotten, and the loss as the rate rises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from transferlab.lr_find import LRCurve
from transferlab.plots.style import COLOURS, DASHES, label, label_ends, new_axes
from transferlab.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def accuracy_curves(runs: Sequence[Run], ax: Axes | None = None) -> Axes:
    """Held-out accuracy after each epoch, a line a run, its last value at its end.

    >>> accuracy_curves([run, other]).figure.savefig("curves.png")
    """
    ax = ax or new_axes()
    ends = []
    for i, run in enumerate(runs):
        values = [100 * epoch.held_out_accuracy for epoch in run.epochs]
        ax.plot(range(len(values)), values, color=COLOURS[i % 6], linestyle=DASHES[i % 6], linewidth=2)
        ends.append((len(values) - 1, values[-1], f"{label(run.recipe)} {values[-1]:.0f} %", COLOURS[i % 6]))
    chance = 100 / len(runs[0].class_names)
    ax.axhline(chance, color="0.6", linewidth=1, linestyle=(0, (1, 3)))
    ax.set_ylim(0, 101)
    label_ends(ax, ends)
    ax.text(ax.get_xlim()[1], chance, "chance ", color="0.45", va="top", ha="right", fontsize=9)
    ax.set(xlabel="epoch", ylabel="held-out accuracy (%)", title="The new task is learned …")
    return ax


def forgetting_curves(runs: Sequence[Run], ax: Axes | None = None) -> Axes:
    """What is left of the source task after each epoch, and as dots within it; runs with none to forget are left out.

    >>> forgetting_curves([run, other])
    """
    ax = ax or new_axes()
    ends = []
    for i, run in enumerate(runs):
        values = [100 * epoch.source_accuracy for epoch in run.epochs if epoch.source_accuracy is not None]
        if values:
            ax.plot(range(len(values)), values, color=COLOURS[i % 6], linestyle=DASHES[i % 6], linewidth=2)
            ends.append((len(values) - 1, values[-1], f"{label(run.recipe)} {values[-1]:.0f} %", COLOURS[i % 6]))
            within = [one for one in run.measurements if one.source_accuracy is not None]
            # As measured, each on its few images: smoothed they would lag behind what they show.
            ax.scatter(
                [one.epoch for one in within], [100 * (one.source_accuracy or 0.0) for one in within],
                s=14, color=COLOURS[i % 6], alpha=0.35, linewidths=0,
            )  # fmt: skip
    kind = next((run.source_kind for run in runs if run.source_kind), "accuracy")
    ax.set_ylim(0, 101)
    label_ends(ax, ends)
    what = "source accuracy (%)" if kind == "accuracy" else "agreement with the pretrained model (%)"
    ax.set(xlabel="epoch", ylabel=what, title="… and what is left of the old")
    if not ends:
        ax.text(0.5, 0.5, "no source task was measured", ha="center", va="center", transform=ax.transAxes, color="0.45")
    return ax


def lr_curves(curve: LRCurve, ax: Axes | None = None) -> Axes:
    """The smoothed loss at each learning rate, a line a repeat, the band of their valleys, and the valley.

    >>> lr_curves(lr_find(model, data)).figure.savefig("lr.png")
    """
    ax = ax or new_axes()
    for losses in curve.losses:
        ax.plot(curve.rates, losses, color=COLOURS[0], linewidth=1.5, alpha=0.8)
    low, high = curve.band
    ax.axvspan(low, high, color=COLOURS[4], alpha=0.25, linewidth=0)
    ax.axvline(curve.valley, color=COLOURS[1], linewidth=1.5, linestyle=DASHES[1])
    top = ax.get_ylim()[1]
    ax.annotate(f" {curve.valley:.1e}", (curve.valley, top), color=COLOURS[1], va="top", fontsize=9)
    what = f"'{curve.stage}'" if curve.stage else "everything that trains"
    ax.set(xscale="log", xlabel="learning rate", ylabel="smoothed loss", title=f"The loss as the rate rises: {what}")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def run_figure(runs: Sequence[Run]) -> Figure:
    """Both curves side by side, with a line that says what was run.

    >>> run_figure(runs).savefig("curves.png")
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), dpi=130, layout="constrained")
    left, right = figure.subplots(1, 2)
    accuracy_curves(runs, left)
    forgetting_curves(runs, right)
    first = runs[0]
    per_class = first.num_train / len(first.class_names)
    figure.suptitle(
        f"{first.backbone} on {first.data}: {len(first.class_names)} classes, {per_class:.0f} images a class",
        fontsize=11, color="0.3",
    )  # fmt: skip
    return figure
