"""Records to Axes: curves of runs, and sheets of images. Every function takes `ax=` and returns it.

Colours are Okabe and Ito's, told apart by colour-blind eyes too, and each line has its own dashes besides. matplotlib
is imported when a figure is drawn, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from transferlab.data.images import ImageSet
from transferlab.files import write_atomically
from transferlab.lr_find import LRCurve
from transferlab.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito (2008), in an order in which neighbours differ in lightness too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("solid", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
LABELS = {
    "feature_extraction": "feature extraction",
    "fine_tuning": "fine-tuning",
    "gradual_unfreezing": "gradual unfreezing",
    "lp_ft": "LP-FT",
    "from_scratch": "from scratch",
}


def label(recipe: str) -> str:
    """A recipe's name as people write it."""
    return LABELS.get(recipe, recipe.replace("_", " "))


def accuracy_curves(runs: Sequence[Run], ax: Axes | None = None) -> Axes:
    """Held-out accuracy after each epoch, a line a run, its last value at its end.

    >>> accuracy_curves([run, other]).figure.savefig("curves.png")
    """
    ax = ax or _axes()
    ends = []
    for i, run in enumerate(runs):
        values = [100 * epoch.held_out_accuracy for epoch in run.epochs]
        ax.plot(range(len(values)), values, color=COLOURS[i % 6], linestyle=DASHES[i % 6], linewidth=2)
        ends.append((len(values) - 1, values[-1], f"{label(run.recipe)} {values[-1]:.0f} %", COLOURS[i % 6]))
    chance = 100 / len(runs[0].class_names)
    ax.axhline(chance, color="0.6", linewidth=1, linestyle=(0, (1, 3)))
    _label_ends(ax, ends)
    ax.text(ax.get_xlim()[1], chance, "chance ", color="0.45", va="top", ha="right", fontsize=9)
    ax.set(ylim=(0, 101), xlabel="epoch", ylabel="held-out accuracy (%)", title="The new task is learned …")
    return ax


def forgetting_curves(runs: Sequence[Run], ax: Axes | None = None) -> Axes:
    """What is left of the source task after each epoch, and as dots within it; runs with none to forget are left out.

    >>> forgetting_curves([run, other])
    """
    ax = ax or _axes()
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
    _label_ends(ax, ends)
    what = "source accuracy (%)" if kind == "accuracy" else "agreement with the pretrained model (%)"
    ax.set(ylim=(0, 101), xlabel="epoch", ylabel=what, title="… and what is left of the old")
    if not ends:
        ax.text(0.5, 0.5, "no source task was measured", ha="center", va="center", transform=ax.transAxes, color="0.45")
    return ax


def lr_curves(curve: LRCurve, ax: Axes | None = None) -> Axes:
    """The smoothed loss at each learning rate, a line a repeat, the band of their valleys, and the valley.

    >>> lr_curves(lr_find(model, data)).figure.savefig("lr.png")
    """
    ax = ax or _axes()
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


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, whole or not at all."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return write_atomically(path, lambda partial: partial.write_bytes(buffer.getvalue()))


def tile(images: Tensor, columns: int, gap: int = 2, scale: int = 1) -> Tensor:
    """Images `(N, 3, H, W)` of bytes as one picture `(3, height, width)`, row by row, on white.

    >>> tile(images.images[:12], columns=4).shape
    torch.Size([3, 200, 266])
    """
    images = images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    sheet = torch.full((channels, rows * (height + gap) + gap, columns * (width + gap) + gap), 255, dtype=torch.uint8)
    for i, image in enumerate(images):
        top, left = gap + (i // columns) * (height + gap), gap + (i % columns) * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def contact_sheet(images: ImageSet, columns: int = 8, rows_per_class: int = 1, ax: Axes | None = None) -> Axes:
    """Some images of every class, a class a row, its name at the left.

    >>> contact_sheet(worlds.target("objects").train).figure.savefig("sheet.png")
    """
    count = columns * rows_per_class
    chosen, names = [], []
    for i, name in enumerate(images.class_names):
        index = torch.nonzero(images.labels == i).flatten()[:count]
        if len(index):
            blank = torch.full((count - len(index), *images.images.shape[1:]), 255, dtype=torch.uint8)
            chosen.append(torch.cat([images.images[index], blank]))
            names.append(name)
    sheet = tile(torch.cat(chosen), columns)
    ax = ax or _axes((sheet.shape[2] / 80 + 1.2, sheet.shape[1] / 80))
    ax.imshow(sheet.permute(1, 2, 0).numpy(), interpolation="nearest")
    step = sheet.shape[1] / len(names)
    ax.set_yticks([step * (i + 0.5) for i in range(len(names))], names)
    ax.set_xticks([])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _axes(size: tuple[float, float] = (6, 4)) -> Axes:
    from matplotlib.figure import Figure

    return Figure(figsize=size, dpi=130, layout="constrained").subplots()


def _label_ends(ax: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Name each line at its end, pushed apart where two would overlap."""
    from matplotlib.ticker import MaxNLocator

    lowest = -100.0
    longest = max((x for x, *_ in ends), default=1)
    for x, y, text, colour in sorted(ends, key=lambda end: end[1]):
        lowest = max(y, lowest + 6)
        ax.annotate(
            text, (x, y), (longest * 1.02, lowest), color=colour, va="center", fontsize=9,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.35, "linewidth": 0.8, "shrinkA": 0},
        )  # fmt: skip
    ax.set_xlim(0, longest * 1.42)
    ax.set_xticks([tick for tick in MaxNLocator(integer=True).tick_values(0, longest) if tick <= longest])
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="0.92")
