"""Accuracy against images a class: an arm a line, its interval a band, where arms cross, and the rule of thumb below.

    budget_axes(curve.to_plain())          # or curve.draw()

One logarithmic scale serves the measured lines, the crossovers above them and the rule of thumb below, so that it is
seen how far what was measured lies from what is said. Left out: the numbers of every run, which `print(curve)` tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from transferlab.plots.style import COLOURS, DASHES, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, BELOW = 10.0, 4.4  # per cent of accuracy: a row above or below the lines, a diamond below its bar
APART = 5.5  # the same, between the names of two lines: a line of text at the size of our figures
FARTHEST = 1_000_000  # where an open end of the rule of thumb is drawn to


def budget_axes(curve: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw what `BudgetCurve.to_plain()` gives.

        >>> budget_axes(budget_curve(budgets=(5, 20, 50)).to_plain()).figure.savefig("budget.png")

    A crossover has a row above the lines: a dot where the means cross, a bar for its interval, an arrow where that is
    open. A bar below them is the rule of thumb, a diamond below it the images that were needed here; an arm that the
    rule does not know has a diamond alone.

    Raises:
        ValueError: no run in it has come to an end.
    """
    lines = [line for line in curve["lines"] if line["budgets"]]
    if not lines:
        raise ValueError("There is no curve to draw: no run of this table came to an end.")
    ax = ax or new_axes((8, 5.6))
    looks = {line["arm"]: (COLOURS[i % 6], DASHES[i % 6], "osD^vP"[i % 6]) for i, line in enumerate(curve["lines"])}
    crossings = [one for one in curve["crossovers"] if one["at"] is not None]
    rules = [one for one in curve["rule"] if one["arm"] in looks]
    for line in lines:
        _line(ax, line, looks[line["arm"]])
    budgets = curve["budgets"]
    last = budgets[-1]
    _ends(ax, lines, looks, last)
    if curve["chance"] is not None:
        ax.plot([budgets[0], last], [100 * curve["chance"]] * 2, color="0.6", linewidth=1, linestyle=(0, (1, 3)))
        ax.text(budgets[0], 100 * curve["chance"] - 1, "chance", color="0.45", va="top", fontsize=8)
    for i, one in enumerate(crossings):
        _crossing(ax, one, lines, 104 + ROW * i, budgets)
    ruled = {one["arm"] for one in rules}
    others = [{"arm": one["arm"]} for one in curve["needed"] if one["arm"] not in ruled] if rules else []
    rows = [*rules, *others]
    for i, one in enumerate(rows):
        _rule(ax, one, curve["needed"], looks[one["arm"]][0], -24 - ROW * i, last)
    _scales(ax, budgets, bool(rules), 101 + ROW * len(crossings), -24 - ROW * len(rows) if rows else 0)
    if rules:
        goal = f"; diamonds: needed here for {100 * curve['target']:.0f} %" if curve["target"] else ""
        ax.text(budgets[0] / 1.25, -17, f"Bars: {curve['rule_source']}{goal}", color="0.3", fontsize=8, va="center")
    describe(ax, _words(curve, lines, rules))
    return ax


def _line(ax: Axes, line: Mapping[str, Any], look: tuple[str, Any, str]) -> None:
    colour, dashes, marker = look
    x, means = line["budgets"], [100 * one for one in line["means"]]
    ax.plot(x, means, color=colour, linestyle=dashes, linewidth=2, marker=marker, markersize=5, label=line["arm"])
    # An interval may end beyond what an accuracy can be; the band is cut off there.
    low = [100 * max(0.0, mean if one is None else one) for mean, one in zip(line["means"], line["lows"], strict=True)]
    high = [
        100 * min(1.0, mean if one is None else one) for mean, one in zip(line["means"], line["highs"], strict=True)
    ]
    ax.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)


def _ends(ax: Axes, lines: list[Any], looks: Mapping[str, tuple[str, Any, str]], last: float) -> None:
    """Each line's name and last value beside its end, pushed apart where two would overlap."""
    lines = sorted(lines, key=lambda one: one["means"][-1])
    heights: list[float] = []
    for line in lines:  # upwards from the lowest …
        heights.append(max(100 * line["means"][-1], heights[-1] + APART if heights else -math.inf))
    top = 99.0
    for i in reversed(range(len(heights))):  # … and down again where that went beyond the top
        heights[i] = min(heights[i], top)
        top = heights[i] - APART
    for line, height in zip(lines, heights, strict=True):
        value, colour = 100 * line["means"][-1], looks[line["arm"]][0]
        ax.annotate(
            f"{line['arm']} {value:.0f} %", (line["budgets"][-1], value), (last * 1.35, height), color=colour,
            va="center", fontsize=9, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.35, "linewidth": 0.8, "shrinkA": 0},
        )  # fmt: skip


def _crossing(ax: Axes, one: Mapping[str, Any], lines: list[Any], height: float, budgets: list[int]) -> None:
    first, last = budgets[0], budgets[-1]
    low, high = one["low"] or first / 1.2, one["high"] or last * 1.2
    ax.plot([low, high], [height, height], color="0.35", linewidth=2.5, solid_capstyle="butt")
    for end, place, marker in ((one["low"], low, "<"), (one["high"], high, ">")):
        ax.plot(place, height, color="0.35", marker=marker if end is None else "|", markersize=6)
    bottom = next(_height(line, one["at"]) for line in lines if line["arm"] == one["arm"])
    ax.plot([one["at"]] * 2, [bottom, height], color="0.35", linewidth=0.9, linestyle=(0, (1, 2)))
    ax.plot(one["at"], height, "o", color="0.1", markersize=5)
    ax.plot(one["at"], bottom, "o", markerfacecolor="none", markeredgecolor="0.1", markersize=9)
    text = f"{one['other']} overtakes {one['arm']} at about {one['about']}"
    ax.text(last * 1.35, height, text if one["sure"] else f"{text}, not surely", va="center", fontsize=8, color="0.2")


def _rule(ax: Axes, one: Mapping[str, Any], needed: list[Any], colour: str, height: float, last: float) -> None:
    if "least" in one:
        most = one["most"] or FARTHEST
        ax.plot([one["least"], most], [height, height], color=colour, linewidth=6, alpha=0.45, solid_capstyle="butt")
        if one["most"] is None:
            ax.plot(FARTHEST, height, ">", color=colour, markersize=7)
        text = f"{one['arm']} {one['words']}"
        ax.text(one["least"] / 1.15, height, text, ha="right", va="center", fontsize=8, color=colour)
    else:
        text = f"{one['arm']}, which the rule does not know"
        ax.text(last * 1.35, height - BELOW, text, va="center", fontsize=8, color=colour)
    for found in needed:
        if found["arm"] == one["arm"] and found["images"] is not None:
            ax.plot([found["low"], found["high"]], [height - BELOW] * 2, color=colour, linewidth=1.5)
            ax.plot(found["images"], height - BELOW, "D", color=colour, markersize=5)
        elif found["arm"] == one["arm"]:
            ax.plot(last, height - BELOW, ">", color=colour, markersize=5, markerfacecolor="none")
            ax.text(last * 1.15, height - BELOW, "not by every seed", va="center", fontsize=7, color="0.35")


def _scales(ax: Axes, budgets: list[int], with_rule: bool, top: float, bottom: float) -> None:
    from matplotlib.ticker import NullLocator

    right = 2.2 * FARTHEST if with_rule else budgets[-1] * 12
    ticks = [*budgets, *(one for one in (10**3, 10**4, 10**5, 10**6) if with_rule and one > 2 * budgets[-1])]
    ax.set(xscale="log", xlim=(budgets[0] / 1.35, right), ylim=(bottom, top))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(ticks, [f"{one:,}" for one in ticks], fontsize=8)
    ax.set_yticks(range(0, 101, 20), [str(one) for one in range(0, 101, 20)])
    ax.spines["bottom"].set_position(("data", 0))
    ax.spines["left"].set_bounds(0, 100)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("images a class", fontsize=9)
    ax.set_ylabel("held-out accuracy (%)", fontsize=9)
    ax.grid(axis="y", color="0.92")
    ax.set_axisbelow(True)


def _height(line: Mapping[str, Any], at: float) -> float:
    """The line's accuracy, in per cent, at a number of images between two budgets."""
    pairs = list(zip(line["budgets"], line["means"], strict=True))
    for (start, low), (end, high) in pairwise(pairs):
        if start <= at <= end:
            return 100 * (low + (high - low) * math.log(at / start) / math.log(end / start))
    return 100 * pairs[-1][1]


def _words(curve: Mapping[str, Any], lines: list[Any], rules: list[Any]) -> str:
    budgets = curve["budgets"]
    parts = [f"Accuracy against images a class, {budgets[0]:,} to {budgets[-1]:,}, {curve['num_seeds']} seeds."]
    for line in lines:
        first, last = (f"{100 * line['means'][i]:.0f} % at {line['budgets'][i]:,}" for i in (0, -1))
        parts.append(f"{line['arm']}: {first}, {last}.")
    parts += [f"{one['words']}." for one in curve["crossovers"] if one["at"] is not None]
    if not any(one["at"] is not None for one in curve["crossovers"]):
        parts.append("No two lines cross.")
    parts += [f"Needed, {one['arm']}: {one['words']}." for one in curve["needed"]]
    if rules:
        said = ", ".join(f"{one['arm']} {one['words']}" for one in rules)
        parts.append(f"Below, the rule of thumb: {said}.")
    return " ".join(parts)
