"""A figure in words, for whoever does not see it: what `describe` says of it, else what can be read off it.

    in_words(figure)    # "Accuracy against epoch. All at once from 0.12 to 0.86; head first from 0.12 to 0.88."

Read off are titles, the names of axes, where lines begin and end (in a plane by both numbers), and how many pictures
there are. Left out: what a picture shows, and bars, which our figures describe themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from transferlab.plots.style import alternative_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 8  # of one Axes that are told one by one
MOST_TITLES = 12


def in_words(figure: Figure) -> str:
    """The alternative text of any matplotlib figure; empty where there is nothing to read off.

    >>> in_words(figure)
    'Loss against learning rate. Valley at 0.0021.'
    """
    if alternative_text(figure):
        return alternative_text(figure)
    visible = [ax for ax in figure.axes if ax.get_visible()]
    pictures = [ax for ax in visible if ax.images and not ax.lines and not alternative_text(ax)]
    charts = [ax for ax in visible if ax not in pictures]
    sentences = [_of_pictures(pictures)] if pictures else []
    sentences += [alternative_text(ax) or _of_chart(ax) for ax in charts]
    title = figure.get_suptitle()
    return " ".join([f"{title}."] * bool(title) + [one for one in sentences if one])


def _of_pictures(axes: list[Axes]) -> str:
    titles = [ax.get_title().replace("\n", " ") for ax in axes if ax.get_title()]
    number = "A picture" if len(axes) == 1 else f"{len(axes)} pictures"
    more = f", and {len(titles) - MOST_TITLES} more" if len(titles) > MOST_TITLES else ""
    return f"{number}: {', '.join(titles[:MOST_TITLES])}{more}." if titles else f"{number}."


def _of_chart(ax: Axes) -> str:
    """Title, what is drawn against what, and where each line begins and ends."""
    against = " against ".join(name for name in (ax.get_ylabel(), ax.get_xlabel()) if name)
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    if ticks and all(re.match(r"[A-Za-z]", tick) for tick in ticks):  # names, not numbers
        against += f"{' along' if against else 'Along'} {ticks[0]} to {ticks[-1]}"
    begin = ": ".join(name for name in (ax.get_title(), against) if name)
    lines: list[Any] = list(ax.lines)
    drawn = [line for line in lines if len(line.get_xdata())]
    told = [_of_line(line) for line in drawn[:MOST_LINES]]
    told += [f"and {len(drawn) - MOST_LINES} more lines"] * (len(drawn) > MOST_LINES)
    said = "; ".join(told)
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in (begin, said) if one)


def _of_line(line: Any) -> str:
    """'name from 0.1 to 0.9' along epochs, 'name from (0.1, 0.8) to (0.9, 0.2)' in a plane, 'name at 0.5'."""
    name = "a line" if str(line.get_label()).startswith("_") else str(line.get_label())
    xs, ys = [float(x) for x in line.get_xdata(orig=False)], [float(y) for y in line.get_ydata(orig=False)]
    counted = xs == list(range(len(xs)))
    if len(set(ys)) == 1 and counted:  # axhline goes from 0 to 1
        return f"{name} at {_number(ys[0])}"
    if len(set(xs)) == 1 and len(xs) > 1:
        return f"{name} at {_number(xs[0])}"
    if counted:
        return f"{name} from {_number(ys[0])} to {_number(ys[-1])}"
    ends = [f"({_number(x)}, {_number(y)})" for x, y in ((xs[0], ys[0]), (xs[-1], ys[-1]))]
    return f"{name} from {ends[0]} to {ends[1]}"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
