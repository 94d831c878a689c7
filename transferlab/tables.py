"""Small text tables for the terminal: runs, stages, phases. Strings in, strings out; nothing is printed here."""

from collections.abc import Sequence

from transferlab.meters import mean_interval, wilson_interval
from transferlab.plots import label
from transferlab.records import PhaseRow, Run


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the first to the left, the others to the right.

    >>> print(table(["stage", "parameters"], [["conv1", "4,768"]]))
    stage  parameters
    ─────────────────
    conv1       4,768
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        first, *others = row
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        return "  ".join([first.ljust(widths[0]), *cells]).rstrip()

    return "\n".join([line(header), "─" * len(line(header)), *(line(row) for row in rows)])


def stage_table(plans: dict[str, tuple[PhaseRow, ...]]) -> str:
    """What each recipe does with each stage: frozen, or the learning rate it gets and from which phase on.

    >>> print(stage_table({"feature_extraction": plan(model, feature_extraction())}))
    """
    stages = next(iter(plans.values()))[0].stages
    rows = []
    for i, stage in enumerate(stages):
        cells = [_treatment(phases, i) for phases in plans.values()]
        rows.append([stage.stage, f"{stage.num_parameters:,}", *cells])
    return table(["stage", "parameters", *(label(recipe) for recipe in plans)], rows)


def _treatment(phases: tuple[PhaseRow, ...], stage: int) -> str:
    """'frozen', '1e-03', or '2e-04 from phase 2': the rate at which a stage first trains."""
    for number, phase in enumerate(phases, 1):
        rate = phase.stages[stage].lr
        if rate is not None:
            return f"{rate:.0e}" if number == 1 else f"{rate:.0e} from phase {number}"
    return "frozen"


def result_table(runs: Sequence[Run]) -> str:
    """One line a run: held-out accuracy with its 95 % interval, time, size, and the source task before and after.

    >>> print(result_table([run, other]))
    """
    kind = next((run.source_kind for run in runs if run.source_kind), "accuracy")
    source = "source accuracy" if kind == "accuracy" else "source agreement"
    rows = []
    for run in runs:
        low, high = wilson_interval(run.accuracy, run.num_held_out)
        before, after = run.source_before, run.source_after
        kept = "–" if before is None or after is None else f"{before:.1%} → {after:.1%}"
        rows.append(
            [
                label(run.recipe),
                f"{run.accuracy:.1%}",
                f"{low:.1%} … {high:.1%}",
                f"{run.seconds:.1f}",
                f"{run.trainable_parameters:,}",
                kept,
            ]
        )
    return table(["recipe", "accuracy", "95 % interval", "seconds", "trained parameters", source], rows)


def seeds_table(runs: Sequence[Run]) -> str:
    """One line a recipe over several seeds: mean held-out accuracy and its 95 % interval (Student's t).

    >>> print(seeds_table(runs))
    """
    recipes = list(dict.fromkeys(run.recipe for run in runs))
    rows = []
    for recipe in recipes:
        accuracies = [run.accuracy for run in runs if run.recipe == recipe]
        mean, half = mean_interval(accuracies)
        each = " ".join(f"{100 * value:.1f}" for value in accuracies)
        rows.append([label(recipe), f"{mean:.1%}", f"± {100 * half:.1f}", each])
    if "from_scratch" in recipes:
        scratch = {run.seed: run.accuracy for run in runs if run.recipe == "from_scratch"}
        for recipe in (name for name in recipes if name != "from_scratch"):
            gains = [run.accuracy - scratch[run.seed] for run in runs if run.recipe == recipe]
            mean, half = mean_interval(gains)
            each = " ".join(f"{100 * value:+.1f}" for value in gains)
            rows.append([f"{label(recipe)} minus scratch", f"{100 * mean:+.1f}", f"± {100 * half:.1f}", each])
    return table(["recipe", "mean", "95 % interval", "each seed (%)"], rows)
