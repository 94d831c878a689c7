"""Exercises of lesson 07: when transfer fails."""

from collections.abc import Mapping
from typing import Any

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.records import Run

NAME = "07_when_transfer_fails"
QUESTION = "Fine-tuning loses against scratch on your task. What do you try first?"
ANSWERS = {
    "Give transfer up": (False, "Perhaps later. Here it was ahead again with other rates."),
    "A lower cut, or higher rates below": (True, "Keep what is general, let the rest change."),
    "More epochs of the head alone": (False, "The head cannot read what the features have let go."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "fallen",
            fallen,
            hints=(
                "`gains` maps each gap to the lead of frozen over scratch, between -1 and 1.",
                "The gain at no gap minus the gain at the largest one, times a hundred.",
            ),
            solution_code="fallen = 100 * (gains[GAPS[0]] - gains[GAPS[-1]])",
            praise="The same question, the same things. Only the look has moved.",
            made_from={"fallen": ("gains",)},
        ),
        Exercise(
            "useful",
            useful,
            hints=(
                "`ahead` maps each stage to its lead. The largest counts.",
                "`max(ahead, key=ahead.get)`.",
            ),
            solution_code="useful = max(ahead, key=ahead.get)",
            praise="Compare it with the top stage: that is where the source's own look matters most.",
            made_from={"useful": ("ahead",)},
        ),
        Exercise(
            "remedy",
            remedy,
            hints=(
                'The second phase: `Phase("all", 0.0, EPOCHS, 1e-3, backbone_lr=1e-3)`.',
                'The first: `Phase("head", 1.0, EPOCHS // 2, 3e-3)`. Both go into `tl.Recipe("fast", (…, …))`.',
            ),
            solution_code=(
                'phases = Phase("head", 1.0, max(1, EPOCHS // 2), 3e-3), Phase("all", 0.0, EPOCHS, 1e-3, backbone_lr=1e-3)\n'
                'remedied = tl.train(fresh(), hue, tl.Recipe("fast", phases), seed=0, progress=False)'
            ),
            praise="Pretrained, and free to change. Compare the three curves below.",
        ),
    ]


def fallen(fallen: float, gains: Mapping[float, float]) -> None:
    expect.number(fallen, "fallen", -200, 200)
    first, last = gains[min(gains)], gains[max(gains)]
    if abs(fallen - (first - last)) < 1e-9 and abs(first - last) > 1e-3:
        raise expect.Unmet("In points of a hundred, please: a hundred times that.")
    if abs(fallen - 100 * (last - first)) < 1e-6 and abs(first - last) > 1e-3:
        raise expect.Unmet("The sign is turned: the gain at no gap minus the gain far away.")
    expect.close(fallen, 100 * (first - last), 0.06, "fallen")


def useful(useful: Any, ahead: Mapping[str, float]) -> None:
    expect.true(useful in ahead, f"`useful` is the name of a stage, one of {', '.join(ahead)}; it is {useful!r}.")
    expect.true(
        ahead[useful] >= max(ahead.values()) - 1e-9,
        f"{useful} leads by {100 * ahead[useful]:.0f} points; another by more.",
    )


def remedy(remedied: Run) -> None:
    expect.a(remedied, Run, "remedied")
    expect.true("hue" in remedied.data, f"`remedied` was trained on {remedied.data}. The question is the hue: `hue`.")
    expect.true(
        remedied.settings["starts_from"] == "pretrained",
        "`remedied` began with random weights. The point is to keep them.",
    )
    phases = remedied.settings["phases"]
    expect.true(len(phases) == 2, f"The recipe has {len(phases)} phase(s); the head alone, then everything, are two.")
    expect.true(phases[0]["frozen_share"] == 1, "In the first phase only the head is to learn: `frozen_share` 1.0.")
    rates = phases[1]["backbone_lr"], phases[1]["lowest_lr"]
    expect.true(
        phases[1]["frozen_share"] == 0 and rates[0] is not None and rates[0] >= 1e-3 and rates[1] is None,
        "In the second phase everything is to learn at 0.001: `frozen_share` 0.0 and `backbone_lr=1e-3`.",
    )
