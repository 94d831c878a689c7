"""How far each stage moved and how well it tells the classes apart: stage by stage, and along a run.

Lines are told apart by colour, dashes and marker. Heat maps hold the numbers themselves; their colours (cividis) are
read alike by colour-blind eyes, and a brighter cell is a larger number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from transferlab.errors import unknown
from transferlab.explain.drift import StageDrift
from transferlab.explain.drift_along import RunDrift
from transferlab.explain.separability import StageSeparability
from transferlab.plots.style import COLOURS, DASHES, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What each measure is called on an axis and above it, and the most it can be (None: as large as it gets).
MEASURES: dict[str, tuple[str, str, float | None]] = {
    "weights": ("distance ‖w − w₀‖ in % of ‖w₀‖", "How far the weights moved", None),
    "similarity": ("CKA with the start (1: the same)", "How alike the representations stayed", 1.0),
    "between": ("share of variance between classes (ε²)", "How far apart the classes lie", 1.0),
    "accuracy": ("accuracy of the nearest class mean", "How often the nearest class mean is right", 1.0),
}
MARKERS = "osD^vP"
Rows = Sequence[StageDrift] | Sequence[StageSeparability] | Sequence[RunDrift]


def stage_lines(rows: Rows | Mapping[str, Rows], measure: str = "weights", ax: Axes | None = None) -> Axes:
    """One measure over the stages, a line a model: "weights" or "similarity" of `stage_drift`, "between" or "accuracy"
    of `stage_separability`.

        >>> stage_lines({"fine-tuned": stage_drift(pretrained, tuned, images)}, "similarity")
        >>> stage_lines({"before": stage_separability(pretrained, images), "after": …}, "between")

    Raises:
        ValueError: no such measure in these rows, or no rows.
    """
    models: Mapping[str, Rows] = rows if isinstance(rows, Mapping) else {"": rows}
    ax = ax or new_axes()
    said = []
    for i, (name, one) in enumerate(models.items()):
        values = [_value(row, measure) for row in _checked(one, measure)]
        stages = [row.stage for row in one]
        ax.plot(stages, values, color=COLOURS[i % 6], linestyle=DASHES[i % 6], marker=MARKERS[i % 6], label=name)
        said.append(f"{name}: " * bool(name) + _listed(stages, values))
    if measure == "accuracy":
        _chance(ax, next(iter(models.values()))[0].chance)  # type: ignore[union-attr]
    ylabel, title, _ = MEASURES[measure]
    ax.set(xlabel="stage", ylabel=ylabel, title=title)
    _finish(ax, measure)
    if len(models) > 1:
        ax.legend(frameon=False, fontsize=9)
    describe(ax, f"{title}, stage by stage ({ylabel}). {'. '.join(said)}.")
    return ax


def run_lines(rows: Sequence[RunDrift], measure: str = "weights", ax: Axes | None = None) -> Axes:
    """One measure along a run, a line a stage, named at its end; thin lines stand where a phase begins.

        >>> run_lines(drift_along(snapshots, load("bundled"), data.held_out), "between")

    Raises:
        ValueError: no such measure, or no rows.
    """
    from matplotlib.ticker import MaxNLocator

    stages, epochs, values = _table(rows, measure)
    ax = ax or new_axes((7, 4))
    ends = []
    for i, stage in enumerate(stages):
        line = values[i]
        ax.plot(epochs, line, color=COLOURS[i % 6], linestyle=DASHES[i % 6], marker=MARKERS[i % 6], markersize=4)
        ends.append((line[-1], f"{stage} {_number(line[-1])}", COLOURS[i % 6]))
    if measure == "accuracy":
        _chance(ax, rows[0].chance)
    ylabel, title, _ = MEASURES[measure]
    ax.set(xlabel="epoch", ylabel=ylabel)
    ax.set_title(title, pad=18)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(ax, measure)
    _name_ends(ax, epochs[-1], ends)
    _phases(ax, _begins(rows), epochs)
    describe(ax, _sentence(measure, stages, epochs, values))
    return ax


def run_heat_map(rows: Sequence[RunDrift], measure: str = "weights", ax: Axes | None = None) -> Axes:
    """One measure along a run: a row a stage with the stem below, a column a snapshot, the number in each cell.

        >>> run_heat_map(drift_along(snapshots, load("bundled"), data.held_out), "similarity")

    Raises:
        ValueError: no such measure, or no rows.
    """
    stages, epochs, values = _table(rows, measure)
    ax = ax or new_axes((7, 0.4 * len(stages) + 1.4))
    ylabel, title, most = MEASURES[measure]
    top = most or max(max(line) for line in values if line) or 1.0
    shown = ax.imshow(values, cmap="cividis", vmin=0, vmax=top, aspect="auto", origin="lower")
    small = len(epochs) > 9
    for i, line in enumerate(values):
        for j, value in enumerate(line):
            ax.text(j, i, _number(value), ha="center", va="center", fontsize=7 if small else 8,
                    color="black" if value > 0.55 * top else "white")  # fmt: skip
    ax.set_xticks(range(len(epochs)), [str(epoch) for epoch in epochs])
    ax.set_yticks(range(len(stages)), stages)
    ax.tick_params(length=0)
    ax.set(xlabel="epoch", ylabel="stage")
    ax.set_title(title, pad=18)
    ax.spines[:].set_visible(False)
    places = [(epochs.index(epoch) - 0.5, phase) for epoch, phase in _begins(rows)]
    for place, phase in places:
        if place > 0:
            ax.axvline(place, color="white", linewidth=2)
        ax.annotate(f" {phase}", (max(place, -0.5), 1), (0, 4), xycoords=("data", "axes fraction"),
                    textcoords="offset points", fontsize=8, color="0.35")  # fmt: skip
    bar = ax.figure.colorbar(shown, ax=ax, pad=0.015, aspect=12)
    bar.set_label(_wrapped(ylabel), fontsize=8)
    bar.outline.set_visible(False)  # type: ignore[operator]
    describe(ax, _sentence(measure, stages, epochs, values))
    return ax


def drift_figure(
    rows: Sequence[RunDrift],
    measures: Sequence[str] = ("weights", "similarity", "between"),
    figure: Figure | None = None,
) -> Figure:
    """A run's drift as heat maps below one another: weights, representations, classes.

    >>> drift_figure(drift_along(snapshots, load("bundled"), data.held_out)).savefig("drift.png")
    """
    from matplotlib.figure import Figure

    height = 0.27 * len({row.stage for row in rows}) + 1.1
    figure = figure or Figure(figsize=(7.2, height * len(measures)), dpi=130, layout="constrained")
    texts = []
    for ax, measure in zip(figure.subplots(len(measures), 1, squeeze=False)[:, 0], measures, strict=True):
        run_heat_map(rows, measure, ax)
        texts.append(ax.alternative_text)
        if measure != measures[-1]:
            ax.set_xlabel("")
    describe(figure, " ".join(texts))
    return figure


def _checked(rows: Rows, measure: str) -> Rows:
    if measure not in MEASURES:
        raise unknown("measure", measure, tuple(MEASURES), owner="Measures are")
    if not rows:
        raise ValueError("There is nothing to draw: no rows were given.")
    if not hasattr(rows[0], measure):
        known = ", ".join(name for name in MEASURES if hasattr(rows[0], name))
        raise ValueError(f"A {type(rows[0]).__name__} knows no '{measure}'. It has: {known}.")
    return rows


def _value(row: object, measure: str) -> float:
    """As it is drawn: weights in percent, since they may move by a thousandth; a gap (NaN) where there is no number."""
    value = getattr(row, measure)
    return float("nan") if value is None else float(value) * (100 if measure == "weights" else 1)


def _table(rows: Sequence[RunDrift], measure: str) -> tuple[list[str], list[int], list[list[float]]]:
    """The stages, the epochs, and the values: a list a stage."""
    _checked(rows, measure)
    if not isinstance(rows[0], RunDrift):
        raise ValueError(f"A run is drawn from the rows of drift_along; you gave {type(rows[0]).__name__}.")
    stages = list(dict.fromkeys(row.stage for row in rows))
    epochs = list(dict.fromkeys(row.epoch for row in rows))
    by_place = {(row.stage, row.epoch): _value(row, measure) for row in rows}
    return stages, epochs, [[by_place[stage, epoch] for epoch in epochs] for stage in stages]


def _begins(rows: Sequence[RunDrift]) -> list[tuple[int, str]]:
    """The first epoch shown of each phase; "before" is epoch 0 alone."""
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row.phase, row.epoch)
    return [(epoch, phase) for phase, epoch in first.items()]


def _phases(ax: Axes, begins: list[tuple[int, str]], epochs: list[int]) -> None:
    for epoch, phase in begins:
        # The epochs of a phase were trained between the snapshot before and its own first one.
        start = max((one for one in epochs if one < epoch), default=epoch)
        if phase == "before":
            continue
        ax.axvline(start, color="0.8", linewidth=0.8, zorder=0)
        ax.annotate(f" {phase}", (start, 1), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
                    fontsize=8, color="0.35")  # fmt: skip


def _name_ends(ax: Axes, x: float, ends: Sequence[tuple[float, str, str]]) -> None:
    """A name at the end of each line, pushed apart where two would overlap."""
    low, high = ax.get_ylim()
    step, at = (high - low) * 0.062, float("-inf")
    for y, text, colour in sorted(ends):
        at = max(y, at + step)
        ax.annotate(text, (x, y), (1.02, (at - low) / (high - low)), textcoords="axes fraction", va="center",
                    color=colour, fontsize=9, annotation_clip=False)  # fmt: skip


def _finish(ax: Axes, measure: str) -> None:
    most = MEASURES[measure][2]
    ax.set_ylim(0, most * 1.02 if most else max(ax.get_ylim()[1], 1e-3))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="0.92")


def _chance(ax: Axes, chance: float) -> None:
    ax.axhline(chance, color="0.6", linewidth=1, linestyle=(0, (1, 3)))
    ax.text(ax.get_xlim()[1], chance, "chance ", color="0.45", va="top", ha="right", fontsize=8)


def _wrapped(text: str) -> str:
    from textwrap import fill

    return fill(text, 20)


def _number(value: float) -> str:
    if value != value:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _listed(stages: Sequence[str], values: Sequence[float]) -> str:
    pairs = zip(stages, values, strict=True)
    return ", ".join(f"{stage} {'unknown' if v != v else _number(v)}" for stage, v in pairs)


def _sentence(measure: str, stages: Sequence[str], epochs: Sequence[int], values: Sequence[Sequence[float]]) -> str:
    what, title, _ = MEASURES[measure]
    first, last = (_listed(stages, [line[at] for line in values]) for at in (0, -1))
    text = f"{title} ({what}), epochs {epochs[0]} to {epochs[-1]}. Epoch {epochs[0]}: {first}."
    return text if len(epochs) == 1 else f"{text} Epoch {epochs[-1]}: {last}."
