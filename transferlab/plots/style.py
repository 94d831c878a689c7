"""What all figures share: colours, dashes, how recipes are written, how a figure is saved.

Colours are Okabe and Ito's, told apart by colour-blind eyes too, and each line has its own dashes besides. matplotlib
is imported when a figure is drawn, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transferlab.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito (2008), in an order in which neighbours differ in lightness too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("solid", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
APART = 6.0  # between the labels of two lines, in per cent of accuracy: a line of text at the size of our figures
LABELS = {
    "feature_extraction": "feature extraction",
    "fine_tuning": "fine-tuning",
    "gradual_unfreezing": "gradual unfreezing",
    "lp_ft": "LP-FT",
    "lora": "LoRA",
    "from_scratch": "from scratch",
}


def label(recipe: str) -> str:
    """A recipe's name as people write it."""
    return LABELS.get(recipe, recipe.replace("_", " "))


def save_figure(drawn: Figure | Axes, path: str | Path) -> Path:
    """Write a figure, or the one that an Axes is on, as PNG, whole or not at all.

    >>> save_figure(accuracy_curves(runs), "curves.png")
    """
    buffer = BytesIO()
    figure: Any = getattr(drawn, "figure", drawn)
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return write_atomically(path, lambda partial: partial.write_bytes(buffer.getvalue()))


def new_axes(size: tuple[float, float] = (6, 4)) -> Axes:
    """An empty Axes on a figure of its own, `size` in inches.

    >>> ax = new_axes((6, 4))
    """
    from matplotlib.figure import Figure

    return Figure(figsize=size, dpi=130, layout="constrained").subplots()


def label_ends(ax: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Name each line at its end, pushed apart where two would overlap; `ends` are x, y, text, colour.

    >>> label_ends(ax, [(3, 87.0, "fine-tuning 87 %", COLOURS[0])])
    """
    from matplotlib.ticker import MaxNLocator

    longest = max((x for x, *_ in ends), default=1)
    ends = sorted(ends, key=lambda end: end[1])
    heights: list[float] = []
    for _, y, *_ in ends:  # upwards from the lowest …
        heights.append(max(y, heights[-1] + APART) if heights else y)
    top = ax.get_ylim()[1] - APART / 2
    for i in reversed(range(len(heights))):  # … and down again where that went beyond the top
        heights[i] = min(heights[i], top)
        top = heights[i] - APART
    for (x, y, text, colour), height in zip(ends, heights, strict=True):
        ax.annotate(
            text, (x, y), (longest * 1.02, height), color=colour, va="center", fontsize=9,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.35, "linewidth": 0.8, "shrinkA": 0},
        )  # fmt: skip
    ax.set_xlim(0, longest * 1.42)
    ax.set_xticks([tick for tick in MaxNLocator(integer=True).tick_values(0, longest) if tick <= longest])
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="0.92")


def describe(drawn: Axes | Figure, text: str) -> None:
    """Give a figure its alternative text: what it shows, in a sentence, with the numbers that matter.

    >>> describe(ax, "Accuracy of two recipes over 12 epochs: 87 % and 31 %.")
    """
    drawn.alternative_text = text  # type: ignore[union-attr]


def alternative_text(drawn: Axes | Figure) -> str:
    """What `describe` wrote, for whoever reads a figure without seeing it; empty where nobody did.

    >>> alternative_text(accuracy_curves([run]))
    'Held-out accuracy after each epoch. …'
    """
    return getattr(drawn, "alternative_text", "")
