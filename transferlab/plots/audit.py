"""Figures of a bias audit: how each group is answered, before and after a remedy, and what remedies give.

Before is a hollow circle and after a filled diamond, in two colours besides; lines are 95 % intervals. Groups that are
too small to compare are drawn paler and say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transferlab.audit.bias_audit import BiasAudit
from transferlab.audit.card import compared
from transferlab.audit.subgroups import Comparison, Subgroup
from transferlab.audit.trial_report import RemedyTrial
from transferlab.meters import mean_interval
from transferlab.plots.style import COLOURS, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 30  # letters of a group's name
BEFORE, AFTER = COLOURS[1], COLOURS[0]


def group_accuracy(audit: BiasAudit, attribute: str | None = None, ax: Axes | None = None) -> Axes:
    """The accuracy of each group with its interval, the verdict as the title.

        >>> group_accuracy(audit).figure.savefig("groups.png")

    Raises:
        ValueError: no such attribute.
    """
    comparison = audit.main if attribute is None else audit[attribute]
    ax = ax or new_axes((7, 1.5 + 0.45 * len(comparison.groups)))
    for i, group in enumerate(comparison.groups):
        _dot(ax, group, i, COLOURS[0], "D", filled=True)
    _frame(ax, comparison, audit)
    ax.axvline(100 * audit.accuracy, color="0.6", linewidth=1, linestyle=(0, (4, 3)))
    side = "right" if audit.accuracy > 0.3 else "left"
    ax.text(
        100 * audit.accuracy, -0.55, f" all images {audit.accuracy:.1%} ", color="0.35", fontsize=8, ha=side, va="top"
    )
    ax.set_title(_title(comparison), fontsize=10, loc="left")
    listed = "; ".join(f"{group.name} {_said(group)}" for group in comparison.groups)
    describe(ax, f"Accuracy by {comparison.attribute}: {listed}. All images {audit.accuracy:.1%}. {comparison.verdict}")
    return ax


def before_after_figure(
    before: BiasAudit, after: BiasAudit, attribute: str | None = None, figure: Figure | None = None
) -> Figure:
    """Each group before and after a remedy, and beside it the largest gap with its interval.

        >>> before_after_figure(before, after).savefig("card.png")

    Raises:
        ValueError: the audits are of other images or groups, or no such attribute.
    """
    from matplotlib.figure import Figure

    one, other = compared(before, after, attribute)
    figure = figure or Figure(figsize=(8.5, 1.9 + 0.6 * len(one.groups)), dpi=130, layout="constrained")
    groups, gaps = figure.subplots(1, 2, width_ratios=[2.2, 1])
    for i, (a, b) in enumerate(zip(one.groups, other.groups, strict=True)):
        _dot(groups, a, i - 0.16, BEFORE, "o", filled=False)
        _dot(groups, b, i + 0.16, AFTER, "D", filled=True)
    _frame(groups, one, before)
    groups.plot([], [], color=BEFORE, marker="o", markerfacecolor="white", label="before")
    groups.plot([], [], color=AFTER, marker="D", label="after")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9)
    for y, (comparison, colour, marker, filled) in enumerate(((one, BEFORE, "o", False), (other, AFTER, "D", True))):
        gap = comparison.gap
        if gap is None:
            gaps.text(0, y, "no verdict", va="center", color="0.35")
            continue
        gaps.plot([100 * gap.low, 100 * gap.high], [y, y], color=colour, linewidth=2)
        gaps.plot(
            100 * gap.value, y, color=colour, marker=marker, markersize=7, markerfacecolor=colour if filled else "white"
        )
    gaps.axvline(0, color="0.3", linewidth=1)
    gaps.set(ylim=(1.6, -0.6), xlabel="largest gap (points), 95 % interval")
    gaps.set_yticks([0, 1], ["before", "after"])
    _tidy(gaps)
    texts = [f"{a.name} from {_said(a)} to {_said(b)}" for a, b in zip(one.groups, other.groups, strict=True)]
    describe(
        figure,
        f"Accuracy by {one.attribute} before and after: {'; '.join(texts)}. Before: {one.verdict} "
        f"After: {other.verdict}",
    )
    return figure


def remedy_dots(trial: RemedyTrial, ax: Axes | None = None) -> Axes:
    """For each remedy the accuracy of the worst group and of all images, means over seeds with their intervals.

    >>> remedy_dots(try_remedies(model, data.train, data.held_out)).figure.savefig("remedies.png")
    """
    ax = ax or new_axes((7.5, 1.2 + 0.55 * len(trial.results)))
    texts = []
    for i, result in enumerate(trial.results):
        for values, shift, colour, marker, name in (
            (result.worst, -0.14, COLOURS[1], "v", "worst group"),
            (result.accuracies, 0.14, COLOURS[0], "o", "all images"),
        ):
            mean, half = mean_interval(values) if len(values) > 1 else (values[0], 0.0)
            ax.errorbar(
                100 * mean, i + shift, xerr=100 * half, color=colour, marker=marker, markersize=6, linewidth=2,
                label=name if i == 0 else None, linestyle="none",
            )  # fmt: skip
            texts.append(f"{result.remedy}, {name}: {mean:.1%}")
    ax.set_yticks(range(len(trial.results)), [result.remedy for result in trial.results])
    ax.set(
        ylim=(len(trial.results) - 0.5, -0.5), xlabel=f"accuracy (%), mean of {len(trial.seeds)} seeds, 95 % interval"
    )
    ax.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    _tidy(ax)
    describe(ax, f"Remedies over {len(trial.seeds)} seeds. {'; '.join(texts)}.")
    return ax


def _dot(ax: Axes, group: Subgroup, y: float, colour: str, marker: str, filled: bool) -> None:
    low, high = group.interval
    alpha = 0.4 if group.is_small else 1.0
    ax.plot([100 * low, 100 * high], [y, y], color=colour, linewidth=2, alpha=alpha)
    ax.plot(
        100 * group.accuracy, y, color=colour, marker=marker, markersize=7, alpha=alpha,
        markerfacecolor=colour if filled else "white", clip_on=False, zorder=3,
    )  # fmt: skip


def _frame(ax: Axes, comparison: Comparison, audit: BiasAudit) -> None:
    names = []
    for group in comparison.groups:
        name = group.name if len(group.name) <= LONGEST else f"{group.name[: LONGEST - 1]}…"
        few = ", too few" if group.is_small else ""
        names.append(f"{name.replace('$', chr(92) + '$')}\n{group.num_images:,} images{few}")
    ax.set_yticks(range(len(names)), names, fontsize=9)
    ax.set(ylim=(len(names) - 0.4, -0.6), xlim=(0, 100), xlabel="accuracy (%), 95 % interval")
    _tidy(ax)


def _tidy(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", color="0.92")
    ax.set_axisbelow(True)


def _title(comparison: Comparison) -> str:
    if comparison.gap is None:
        return "no verdict: too few images"
    clear = comparison.clear or comparison.gap
    low, high = (f"{100 * end:z.0f}".replace("-", "−") for end in (clear.low, clear.high))
    return f"{'gap' if clear.is_clear else 'no gap shown:'} {100 * clear.value:.0f} points ({low} … {high})"


def _said(group: Subgroup) -> str:
    low, high = group.interval
    return f"{group.accuracy:.1%} ({low:.1%} … {high:.1%})"
