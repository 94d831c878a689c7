"""A claim as a figure: its findings as points with intervals, beside the margin that each has to pass.

A claim may have a picture of its own as well (`Claim.draw`), such as a curve or a map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transferlab.claims.claim import Finding
from transferlab.plots.style import COLOURS, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from transferlab.claims.ledger import Entry

WIDTH, ROW, OWN = 9.5, 0.62, 5.0  # inches, of a finding's row and of a picture of the claim's own


def findings_axes(findings: tuple[Finding, ...], ax: Axes | None = None) -> Axes:
    """A line a finding: its seeds as dots, mean and interval, and a mark at the margin that it has to pass.

    >>> findings_axes(outcome.findings)
    """
    ax = ax or new_axes()
    said = []
    for row, one in enumerate(reversed(findings)):
        scale = 100.0 if one.unit == "points" else 1.0
        colour = {True: COLOURS[0], False: COLOURS[1], None: "0.45"}[one.borne_out]
        marker = "o" if one.main else "D"
        effect = one.effect
        ax.plot([effect.low * scale, effect.high * scale], [row, row], color=colour, linewidth=3, solid_capstyle="butt")
        ax.plot(effect.mean * scale, row, marker, color=colour, markersize=8, markeredgecolor="white")
        ax.scatter([value * scale for value in effect.values], [row - 0.24] * len(effect.values), s=9, color="0.6")
        ax.plot([one.margin * scale] * 2, [row - 0.38, row + 0.38], color="0.2", linewidth=1, linestyle=(0, (2, 2)))
        said.append(str(one))
    ax.set_yticks(range(len(findings)), [wrapped(one.effect.name) for one in reversed(findings)], fontsize=9)
    ax.set_ylim(-0.6, len(findings) - 0.4)
    units = {one.unit for one in findings}
    names = {"points": "points", "×": "doublings", "": "effect"}
    ax.set_xlabel(" / ".join(names[unit] for unit in ("points", "×", "") if unit in units))
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="0.92")
    describe(ax, "Effects with 95 % intervals over seeds. " + ". ".join(reversed(said)) + ".")
    return ax


def claim_figure(entry: Entry) -> Figure:
    """The claim's findings, and its own picture below them where it has one.

    >>> claim_figure(entry).savefig("claim.png")
    """
    from matplotlib.figure import Figure

    assert entry.outcome is not None, "a claim that could not be tried has nothing to draw"
    findings, own = entry.outcome.findings, entry.claim.draw
    heights = [1.0 + ROW * len(findings), *([OWN] if own else [])]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.4), dpi=110, layout="constrained")
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    findings_axes(findings, axes[0])
    said = axes[0].alternative_text
    if own:
        own(entry.outcome.data, axes[1])
        said += f" {getattr(axes[1], 'alternative_text', '')}"
    figure.suptitle(f"{entry.claim.number}. {entry.claim.text}: {entry.verdict}", fontsize=12, x=0.01, ha="left")
    describe(figure, said)
    return figure


def wrapped(text: str, width: int = 38) -> str:
    """A label over several lines."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
