"""What the run table says of a run: its settings and results, short enough for a cell, with numbers to sort by.

    run_facts(session.runs[-1])["trained"]      # 'layer3 and above'

Left out: what is written by hand (notes), which the table keeps.
"""

from typing import Any

from transferlab.lab.past.history import FinishedRun
from transferlab.meters import wilson_interval

RECIPE_WORDS = {
    "feature_extraction": "Feature extraction",
    "fine_tuning": "Fine-tuning",
    "gradual_unfreezing": "Gradual unfreezing",
    "lp_ft": "LP-FT",
    "lora": "LoRA",
    "from_scratch": "From scratch",
    "mine": "My own",
}


def run_facts(finished: FinishedRun) -> dict[str, Any]:
    """The row of a run in JSON's types; accuracies within 0…1, times in seconds.

    >>> run_facts(session.runs[-1])["held_out"], run_facts(session.runs[-1])["interval"]
    (0.863, [0.809, 0.903])
    """
    run = finished.run
    backbone = finished.settings.backbone
    lowest = _lowest(finished)
    rates = _rates(finished)
    return {
        "number": finished.number,
        "recipe": RECIPE_WORDS.get(run.recipe, run.recipe)
        + (f" + {finished.settings.keep}" if _keeps(finished) else ""),
        "backbone": backbone if isinstance(backbone, str) else type(backbone).__name__,
        "data": run.data or "images",
        "num_train": run.num_train,
        "num_held_out": run.num_held_out,
        "trained": _words(lowest, finished.stages),
        "depth": len(finished.stages) - finished.stages.index(lowest),  # stages that were trained, to sort by
        "rates": rates,
        "highest": max(rates, default=0.0),
        "epochs": finished.log.position,
        "seed": run.seed,
        "held_out": run.accuracy,
        "interval": list(wilson_interval(run.accuracy, run.num_held_out)),
        "source_before": run.source_before,
        "source_after": run.source_after,
        "source_kind": run.source_kind,
        "seconds": run.seconds,
        "stopped": run.stopped,
        "by_hand": len(run.commands),
        "recorded": finished.source.name if finished.source else None,
        "has_state": bool(finished.snapshots),
    }


def _keeps(finished: FinishedRun) -> bool:
    return finished.settings.keep_method is not None


def _lowest(finished: FinishedRun) -> str:
    """The lowest stage that was ever trained, by a phase that was reached or by hand."""
    run, stages = finished.run, finished.stages
    reached = {epoch.phase for epoch in run.epochs[1:]} or {run.phases[0].name}
    trained = {row.stage for phase in run.phases if phase.name in reached for row in phase.stages if row.lr is not None}
    trained |= {command.stage for command in run.commands if command.what == "freeze_to"}
    return min(trained, key=stages.index, default=stages[-1])


def _words(lowest: str, stages: tuple[str, ...]) -> str:
    if lowest == stages[-1]:
        return "head only"
    return "everything" if lowest == stages[0] else f"{lowest} and above"


def _rates(finished: FinishedRun) -> list[float]:
    """The lowest and the highest rate that any stage was given, one number where they are the same."""
    run = finished.run
    given = [row.lr for phase in run.phases for row in phase.stages if row.lr is not None]
    given += [command.value for command in run.commands if command.value is not None]
    return sorted({min(given), max(given)}) if given else []
