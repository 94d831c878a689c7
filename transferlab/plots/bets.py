"""How a bet came out: each score against the accuracy that was found, a panel a score, a mark a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from transferlab.meters import mean_interval
from transferlab.plots.style import COLOURS, describe, new_axes
from transferlab.rank_agreement import RankAgreement
from transferlab.transferability import SCORES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = ("o", "s", "^", "D", "v", "P", "X")  # seven, so that colour and shape together repeat after 42 candidates
CHOICE = "the score's choice"


def bet_panel(agreement: RankAgreement, ax: Axes | None = None) -> Axes:
    """One score against held-out accuracy; bars are 95 % intervals over seeds, a ring is what the score would pick.

        >>> bet_panel(settled.agreement("logme")).figure.savefig("logme.png")

    Raises:
        ValueError: this is no agreement.
    """
    if not isinstance(agreement, RankAgreement):
        raise ValueError(
            f"bet_panel() draws one score of a settled bet; you gave {type(agreement).__name__}. "
            "Type bet_panel(settled.agreement('logme'))."
        )
    ax = ax or new_axes((6.5, 4))
    _draw(agreement, list(agreement.foretold), ax)
    marks, names = _legend(ax)
    ax.legend(marks, names, frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return ax


def bet_figure(agreements: Sequence[RankAgreement], figure: Figure | None = None) -> Figure:
    """A panel for each score that was compared, on one scale of accuracy, and the candidates' names beneath.

        >>> bet_figure(settled.agreements).savefig("bet.png")

    Raises:
        ValueError: no score was compared.
    """
    from matplotlib.figure import Figure

    agreements = list(agreements)
    if not agreements:
        raise ValueError("No score was compared, so there is nothing to draw; settled.reasons says why.")
    names = list(dict.fromkeys(name for one in agreements for name in one.foretold))
    columns = min(3, len(agreements))
    rows = -(-len(agreements) // columns)
    lines = -(-(len(names) + 1) // columns)
    figure = figure or Figure(figsize=(3.6 * columns, 3.5 * rows + 0.25 * lines + 0.4), dpi=130, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flatten()
    for ax, one in zip(panels, agreements, strict=False):
        _draw(one, names, ax)
        ax.label_outer(remove_inner_ticks=False)
        ax.set_xlabel(SCORES.get(one.score, one.score))
        ax.tick_params(labelbottom=True)
    for ax in panels[len(agreements) :]:
        ax.set_visible(False)
    fullest = max(range(len(agreements)), key=lambda i: agreements[i].num_candidates)
    figure.legend(*_legend(panels[fullest]), loc="outside lower center", ncols=columns, frameon=False, fontsize=9)
    seeds = len(agreements[0].by_seed)
    figure.suptitle(
        f"Foretold and found: {len(names)} candidates, {seeds} seed{'s' if seeds > 1 else ''}, "
        "rank correlation with its 95 % interval",
        fontsize=11, color="0.3",
    )  # fmt: skip
    describe(figure, " ".join(ax.alternative_text for ax in panels[: len(agreements)]))
    return figure


def _draw(agreement: RankAgreement, names: Sequence[str], ax: Axes) -> None:
    """One panel; a candidate's mark is its place among all `names`, the same in every panel."""
    name = SCORES.get(agreement.score, agreement.score)
    means = {one: 100 * sum(runs) / len(runs) for one, runs in agreement.found.items()}
    best = max(agreement.foretold.values())
    picked = [one for one, value in agreement.foretold.items() if value == best]
    for candidate, score in agreement.foretold.items():
        i, runs = names.index(candidate), agreement.found[candidate]
        half = 100 * mean_interval(runs)[1] if len(runs) > 1 else 0.0
        ax.errorbar(
            score, means[candidate], half or None, fmt=MARKS[i % 7], color=COLOURS[i % 6], markersize=7,
            elinewidth=1.2, alpha=0.85, label=candidate, zorder=3,
        )  # fmt: skip
    ax.scatter(
        [best] * len(picked), [means[one] for one in picked], s=190, facecolors="none", edgecolors="0.25",
        linewidths=1.2, label=CHOICE, zorder=2,
    )  # fmt: skip
    interval = f"{_number(agreement.low)} … {_number(agreement.high)}"
    ax.set_title(f"{name}: rank correlation {_number(agreement.spearman)}\n({interval})", fontsize=10)
    ax.set(xlabel=name, ylabel="held-out accuracy (%)", ylim=(0, 101))
    ax.margins(x=0.12)
    ax.locator_params(axis="x", nbins=5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.92")
    describe(ax, _in_words(agreement, name, picked, means))


def _legend(ax: Axes) -> tuple[list, list[str]]:
    """The candidates in their order, and what the ring means at the end."""
    marks, names = ax.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: names[i] == CHOICE)
    return [marks[i] for i in order], [names[i] for i in order]


def _in_words(agreement: RankAgreement, name: str, picked: list[str], means: dict[str, float]) -> str:
    most = max(means, key=lambda one: means[one])
    choice = " and ".join(f"{one} ({means[one]:.0f} %)" for one in picked)
    return (
        f"{name} against held-out accuracy of {agreement.num_candidates} candidates: rank correlation "
        f"{_number(agreement.spearman)}, 95 % interval {_number(agreement.low)} to {_number(agreement.high)}; "
        f"{100 * agreement.chance:.1f} % of random orders agree as well. The score's choice is {choice}, the most "
        f"accurate {most} ({means[most]:.0f} %)."
    )


def _number(value: float) -> str:
    return f"{value:z.2f}".replace("-", "−")
