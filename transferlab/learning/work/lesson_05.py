"""Exercises of lesson 05: catastrophic forgetting."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.records import Run

NAME = "05_forgetting"
QUESTION = "Your fine-tuned model is 3 points better on the new task. What should you ask before you ship it?"
ANSWERS = {
    "Nothing: better is better": (False, "The old users may still be there."),
    "What it has forgotten, on whose pictures it was measured": (True, "Two numbers, not one."),
    "Whether the learning rate was a power of ten": (False, "It does not care."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "lost",
            lost,
            hints=(
                "Before minus after: what it could do, less what is left.",
                "`def lost(run): return …` with `run.source_before` and `run.source_after`.",
            ),
            solution_code="def lost(run):\n    return run.source_before - run.source_after",
            praise="A plain difference. Hard to argue with.",
        ),
        Exercise(
            "replay",
            replay,
            hints=(
                "`tuned(lr, keep=…)` takes a way to keep, and `RATES[-1]` is the highest rate.",
                "It gives back three things: `rehearsed, model, memory = tuned(RATES[-1], keep=Replay())`.",
            ),
            solution_code="rehearsed, model, memory = tuned(RATES[-1], keep=Replay())",
            praise="Trained as hot as before, with old pictures beside the new ones.",
        ),
        Exercise(
            "alpha",
            alpha,
            hints=(
                "`mixed[alpha]` is a pair: accuracy on the new task and on the old one.",
                "`max(mixed, key=lambda alpha: sum(mixed[alpha]))`.",
            ),
            solution_code="best_alpha = max(mixed, key=lambda alpha: sum(mixed[alpha]))",
            praise="If one task counts more than the other, another mixture wins. That is a choice, and yours.",
            made_from={"best_alpha": ("mixed",)},
        ),
    ]


def lost(lost: Callable[[Run], float], runs: Mapping[float, Run]) -> None:
    expect.true(callable(lost), "`lost` is to be a function of a run: `def lost(run): …`")
    for run in runs.values():
        found, before, after = lost(run), run.source_before or 0.0, run.source_after or 0.0
        expect.true(found is not None, "`lost(run)` gives back nothing. Is there a `return`?")
        expect.number(found, "lost(run)")
        if before != after and abs(found - (after - before)) < 1e-6:
            raise expect.Unmet("The sign is turned: what is lost is positive.")
        if abs(found - after) < 1e-6 and abs(after - (before - after)) > 1e-6:
            raise expect.Unmet("That is what is left, not what is lost.")
        expect.close(found, before - after, 1e-6, "lost(run)")


def replay(rehearsed: Any, RATES: Sequence[float]) -> None:
    if isinstance(rehearsed, tuple):
        raise expect.Unmet("`tuned` gives back three things. Take them apart: `rehearsed, model, memory = …`")
    expect.a(rehearsed, Run, "rehearsed")
    settings = rehearsed.settings if hasattr(rehearsed, "settings") else {}
    keep = (settings.get("keep") or {}).get("method")
    expect.true(keep == "Replay", f"`rehearsed` was trained with {keep or 'no way to keep'}, and not with Replay.")
    rate = settings["phases"][0]["head_lr"]
    expect.true(rate == RATES[-1], f"It was trained at {rate:g}; the highest rate is {RATES[-1]:g}.")


def alpha(best_alpha: float, mixed: Mapping[float, Sequence[float]]) -> None:
    expect.true(best_alpha in mixed, f"`best_alpha` is one of {', '.join(f'{one:g}' for one in mixed)}.")
    sums = {one: sum(pair) for one, pair in mixed.items()}
    best = max(sums.values())
    expect.true(
        sums[best_alpha] >= best - 1e-9, f"The two tasks add up to {sums[best_alpha]:.2f} there, and to more elsewhere."
    )
