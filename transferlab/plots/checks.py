"""Figures of the checks: maps as the weights go, curves as the pixels go, verdicts as a table.

Positive attribution is vermilion and negative blue; a verdict is a mark and a word besides its colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from transferlab.explain.checks.deletion import Removal
from transferlab.explain.checks.estimate import Estimate
from transferlab.explain.checks.randomisation import SURVIVES, Randomisation
from transferlab.explain.checks.table import verdict_rows
from transferlab.explain.checks.verdict import Verdict
from transferlab.plots.style import COLOURS, DASHES, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = {"trust": "✓", "doubt": "?", "fails": "✗", "cannot": "–", "unjudged": "·"}
TINTS = {"trust": COLOURS[2], "doubt": COLOURS[4], "fails": COLOURS[1], "cannot": "0.5", "unjudged": "0.5"}
TITLES = {"grad_cam": "Grad-CAM", "guided_grad_cam": "guided Grad-CAM", "layer_deep_lift": "layer DeepLift"}
GAP = 0.08  # between two pictures of a strip, as a share of their width


def randomisation_strip(result: Randomisation, image: int = 0, ax: Axes | None = None) -> Axes:
    """The map of one image as stage after stage is drawn anew, and how similar the maps of all images still are.

        >>> randomisation_strip(parameter_randomisation(model, images, "grad_cam")).figure.savefig("strip.png")

    Each map is scaled to its own largest value. Raises ValueError for an image that is not there.
    """
    count = len(result.original)
    if isinstance(image, bool) or not isinstance(image, int) or not 0 <= image < count:
        raise ValueError(f"No image {image!r}: {count} were looked at, numbered 0 to {count - 1}.")
    panels = [result.original[image], *(step.maps[image] for step in result.steps)]
    ax = ax or new_axes((1.15 * (len(panels) + 1), 2.1))
    picture = result.pixels[image].permute(1, 2, 0).numpy()
    ax.imshow(picture, extent=(0, 1, 0, 1), interpolation="nearest")
    for i, panel in enumerate(panels, 1):
        left = i * (1 + GAP)
        ax.imshow(
            _scaled(panel), extent=(left, left + 1, 0, 1), cmap=_signed_colours(), vmin=-1, vmax=1,
            interpolation="nearest",
        )  # fmt: skip
        if not panel.abs().max() > 0:
            ax.text(left + 0.5, 0.5, "blank", ha="center", va="center", color="0.35", fontsize=9)
        ax.plot([left, left + 1, left + 1, left, left], [0, 0, 1, 1, 0], color="0.75", linewidth=0.8)
    above = ["image", "trained", *(f"… {step.stage}" for step in result.steps)]
    above[2] = result.steps[0].stage
    below = ["", "1", *(_or_blank(step.similarity) for step in result.steps)]
    for i, (title, value) in enumerate(zip(above, below, strict=True)):
        middle = i * (1 + GAP) + 0.5
        ax.text(middle, 1.05, title, ha="center", va="bottom", fontsize=9)
        ax.text(middle, -0.05, value, ha="center", va="top", fontsize=10, color=_colour(i, result))
    width = (len(panels) + 1) * (1 + GAP)
    ax.text(0.5, -0.05, f"similarity,\nmean of {count}", ha="center", va="top", fontsize=8, color="0.35")
    ax.set(xlim=(-GAP, width), ylim=(-0.4, 1.3), aspect="equal")
    ax.set_title(f"{_title(result.method)}, weights drawn anew from the head down: {_survival(result)}", fontsize=11)
    ax.axis("off")
    steps = ", ".join(f"{step.stage} {_or_blank(step.similarity)}" for step in result.steps)
    describe(
        ax,
        f"Maps of {_title(result.method)} for one image as stages are drawn anew from the head down. Rank correlation "
        f"with the original maps of {count} images after each: {steps}. {_survival(result).capitalize()}.",
    )
    return ax


def randomisation_curves(results: Sequence[Randomisation], ax: Axes | None = None) -> Axes:
    """How similar the maps of each method still are, stage after stage, and the line above which a method fails.

    >>> randomisation_curves([parameter_randomisation(model, images, name) for name in ("grad_cam", "saliency")])
    """
    ax = ax or new_axes((7, 4.2))
    stages = [step.stage for step in results[0].steps]
    ends = []
    for i, result in enumerate(results):
        colour = COLOURS[i % 6]
        known = [(x, step.similarity) for x, step in enumerate(result.steps, 1) if step.similarity is not None]
        xs = [0, *(x for x, _ in known)]
        ax.plot(xs, [1, *(value.mean for _, value in known)], color=colour, linestyle=DASHES[i % 6], linewidth=2)
        ax.fill_between(
            xs, [1, *(value.low for _, value in known)], [1, *(value.high for _, value in known)],
            color=colour, alpha=0.13, linewidth=0,
        )  # fmt: skip
        last = known[-1][1].mean if known else 1.0
        ends.append((last, f"{_title(result.method)} {_minus(last)}", colour))
    ax.axhline(SURVIVES, color="0.45", linewidth=1, linestyle=(0, (1, 3)))
    lowest = -10.0
    for value, text, colour in sorted(ends):
        lowest = max(value, lowest + 0.09)
        ax.text(len(stages) + 0.1, lowest, text, color=colour, va="center", fontsize=9)
    ax.text(len(stages) * 1.4, SURVIVES, "fails above this line", color="0.35", fontsize=8, va="bottom", ha="right")
    ax.set(
        xlim=(-0.1, len(stages) * 1.4 + 0.02), ylim=(-0.35, 1.1), ylabel="rank correlation with the trained map",
        xlabel="drawn anew, from the head down", title="What is left of the maps as the weights go",
    )  # fmt: skip
    ax.set_xticks(range(len(stages) + 1), ["nothing", *stages])
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="0.92")
    describe(
        ax,
        "Rank correlation of maps with those of the trained model once every stage is drawn anew: "
        + ", ".join(text for _, text, _ in ends)
        + f". A method fails at {SURVIVES} or more.",
    )
    return ax


def removal_curves(result: Removal, method: str = "the map", ax: Axes | None = None) -> Axes:
    """The probability of the class as pixels are removed or put back, in the order of the map and by chance.

    >>> removal_curves(deletion(model, images, maps), "grad_cam")
    """
    if not len(result.curves):
        raise ValueError("All maps are blank, so that no pixels were removed in their order.")
    ax = ax or new_axes((6, 4))
    shares = (100 * result.shares).tolist()
    areas = (result.area, result.chance_area)
    for i, (curves, area, name) in enumerate(
        zip((result.curves, result.chance_curves), areas, (_title(method), "chance"), strict=True)
    ):
        assert area is not None
        colour = (COLOURS[0], "0.45")[i]
        middle = (100 * curves.mean(0)).tolist()
        ax.plot(shares, middle, color=colour, linestyle=DASHES[i], linewidth=2, label=f"{name}: area {area.mean:.2f}")
        if len(curves) > 1:
            half = 196 * curves.std(0) / len(curves) ** 0.5
            low, high = ([m + sign * h for m, h in zip(middle, half.tolist(), strict=True)] for sign in (-1, 1))
            ax.fill_between(shares, low, high, color=colour, alpha=0.13, linewidth=0)
    assert result.gain is not None
    verb = "removed" if result.kind == "deletion" else "put back"
    ax.set(
        xlim=(0, 100), ylim=(0, 101), xlabel=f"pixels {verb}, the most important first (%)",
        ylabel="probability of the class (%)",
    )  # fmt: skip
    gain = str(result.gain).replace("-", "−")
    ax.set_title(f"{result.kind.capitalize()}: gain over chance {gain}", fontsize=10)
    ax.legend(frameon=False, fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="0.92")
    describe(
        ax,
        f"Probability of the class as pixels are {verb} in the order of {_title(method)}, over {len(result.curves)} "
        f"images. Area under the curve {areas[0]}, by chance {areas[1]}; the map is better by {result.gain}.",
    )
    return ax


def verdict_axes(verdicts: Sequence[Verdict], ax: Axes | None = None) -> Axes:
    """The verdicts as a table: a row a method, a column a check, a mark and the word, and the reasons beneath.

    >>> verdict_axes(judge(model, data.held_out)).figure.savefig("verdicts.png")
    """
    header, rows = verdict_rows(verdicts)
    header, cells = header[:-1], [row[:-1] for row in rows]  # the verdict is drawn as a mark and a word
    heights = [1 + 0.55 * len(one.reasons) for one in verdicts]
    total = sum(heights) + 1.2
    ax = ax or new_axes((9, 0.42 * total + 0.5))
    places = [0.0, *(2.9 + 1.13 * i for i in range(len(header) - 1))]
    verdict_at = 2.9 + 1.13 * (len(header) - 1) - 0.2
    for x, name in zip(places, header, strict=True):
        ax.text(x, -0.45, name, ha="left" if x == 0 else "right", va="center", fontsize=9, color="0.35")
    ax.text(verdict_at, -0.45, "verdict", ha="left", va="center", fontsize=9, color="0.35")
    y = 0.0
    for one, row, height in zip(verdicts, cells, heights, strict=True):
        ax.axhline(y, color="0.85", linewidth=0.8)
        for x, cell in zip(places, row, strict=True):
            ax.text(
                x,
                y + 0.5,
                _title(cell) if x == 0 else cell.replace("-", "−"),
                ha="left" if x == 0 else "right",
                va="center",
            )
        ax.text(verdict_at, y + 0.5, MARKS[one.verdict], color=TINTS[one.verdict], va="center", fontsize=15)
        ax.text(verdict_at + 0.45, y + 0.5, one.verdict, color="0.1", va="center", weight="bold")
        for i, reason in enumerate(one.reasons):
            short = reason if len(reason) <= 90 else reason[:87] + "…"
            ax.text(0.25, y + 1.0 + 0.55 * i, short, color="0.35", va="center", fontsize=9, style="italic")
        y += height
    ax.axhline(y, color="0.85", linewidth=0.8)
    ax.set(xlim=(-0.1, verdict_at + 1.6), ylim=(y + 0.2, -1.0))
    ax.axis("off")
    ax.set_title("What the checks say about each method", fontsize=11, loc="left")
    describe(ax, "Verdicts: " + "; ".join(f"{_title(one.method)} {one.words}" for one in verdicts) + ".")
    return ax


def verdict_figure(verdict: Verdict, image: int = 0) -> Figure:
    """Everything about one method: the strip, deletion and insertion, and the verdict above.

    >>> verdict_figure(judge(model, data.held_out, ("grad_cam",), every_stage=True)[0]).savefig("grad_cam.png")
    """
    from matplotlib.figure import Figure

    if verdict.randomisation is None or verdict.deletion is None or verdict.insertion is None:
        raise ValueError("This figure shows randomisation, deletion and insertion: judge() with these three checks.")
    figure = Figure(figsize=(9, 6.2), dpi=130, layout="constrained")
    axes = figure.subplot_mosaic([["strip", "strip"], ["deletion", "insertion"]], height_ratios=[1, 1.7])
    randomisation_strip(verdict.randomisation, image, axes["strip"])
    for kind, result in (("deletion", verdict.deletion), ("insertion", verdict.insertion)):
        removal_curves(result, verdict.method, axes[kind])
    figure.suptitle(f"{MARKS[verdict.verdict]} {_title(verdict.method)}: {verdict.words}", fontsize=11, color="0.2")
    describe(figure, f"{_title(verdict.method)}: {verdict.words}. Deletion {verdict.deletion.gain} better than chance, "
                     f"insertion {verdict.insertion.gain}.")  # fmt: skip
    return figure


def _signed_colours():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [COLOURS[0], "white", COLOURS[1]])


def _scaled(one: Tensor):
    """A map within -1…1; the top hundredth of the pixels is cut off, so that a single one does not hide the rest."""
    size = torch.quantile(one.abs().flatten(), 0.99)
    size = size if size > 0 else one.abs().max()
    return (one / size.clamp_min(1e-30)).clamp(-1, 1).numpy()


def _title(method: str) -> str:
    return TITLES.get(method, method.replace("_", " "))


def _minus(value: float) -> str:
    return f"{value:z.2f}".replace("-", "−")


def _or_blank(similarity: Estimate | None) -> str:
    return "blank" if similarity is None else _minus(similarity.mean)


def _colour(position: int, result: Randomisation) -> str:
    if position < 2:
        return "0.35"
    similarity = result.steps[position - 2].similarity
    return COLOURS[1] if similarity is not None and similarity.mean >= SURVIVES else "0.1"


def _survival(result: Randomisation) -> str:
    if result.survives is None:
        return "blank too often to tell"
    return "the map survives" if result.survives else "the map goes with them"
