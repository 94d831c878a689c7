"""Exercises of lesson 03: fine-tuning and its recipe."""

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.recipes import Recipe
from transferlab.records import Run

NAME = "03_fine_tuning"
QUESTION = "Why does the head come first?"
ANSWERS = {
    "A random head sends large, arbitrary gradients into good features": (True, "Once it fits, they are small."),
    "The head is the largest part of the network": (False, "It is one of the smallest: see lesson 02."),
    "Otherwise the head would never learn": (False, "In the run all at once it learned, and quickly."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "recipe",
            recipe,
            hints=(
                "`frozen_share` is the second thing a Phase takes: 1.0 freezes the whole backbone, 0.0 nothing.",
                '`Phase("head", 1.0, EPOCHS, head_lr=1e-3)` is the first. The second has `backbone_lr` as well.',
                "Ten times slower than 1e-3 is 1e-4.",
            ),
            solution_code=(
                'recipe = tl.Recipe("head_first", (\n'
                '    Phase("head", 1.0, EPOCHS, head_lr=1e-3),\n'
                '    Phase("all", 0.0, EPOCHS, head_lr=1e-3, backbone_lr=1e-4),\n'
                "))"
            ),
            praise="Head first, then all, and the backbone slowly.",
        ),
        Exercise(
            "kept",
            kept,
            hints=(
                "A Run knows both: `gentle.source_before` and `gentle.source_after`.",
                "What is left, divided by what there was.",
            ),
            solution_code="kept = gentle.source_after / gentle.source_before",
            praise="The other number to look at.",
            made_from={"kept": ("gentle",)},
        ),
        Exercise(
            "mine",
            mine,
            hints=(
                "`model, memory = fresh()` begins anew. Give the memory to `tl.train(…, memory=memory)`.",
                "The less moves, and the slower, the more is kept: try `backbone_lr=1e-5`, or a larger `frozen_share`.",
            ),
            solution_code=(
                "model, memory = fresh()\n"
                'slow = Phase("upper", 0.8, EPOCHS, head_lr=1e-3, backbone_lr=1e-5)\n'
                'my_run = tl.train(model, data, tl.Recipe("mine", (slow,)), memory=memory, progress=False)\n'
                'print(f"new {my_run.accuracy:.0%}, old {my_run.source_after:.0%}")'
            ),
            praise="It forgets less. Is the new task as good? That is the trade.",
        ),
    ]


def recipe(recipe: Recipe) -> None:
    expect.a(recipe, Recipe, "recipe")
    expect.true(len(recipe.phases) == 2, f"The recipe has {len(recipe.phases)} phase(s); there are to be two.")
    head, everything = recipe.phases
    expect.true(
        head.frozen_share == 1,
        "In the first phase the backbone moves too: `frozen_share` 1.0 freezes all of it.",
    )
    expect.true(everything.frozen_share == 0, "In the second phase everything is to learn: `frozen_share` 0.0.")
    expect.true(
        everything.backbone_lr is not None and everything.backbone_lr < everything.head_lr,
        "In the second phase the backbone is to learn more slowly than the head: give `backbone_lr` as well.",
    )
    expect.close(
        everything.head_lr / (everything.backbone_lr or everything.head_lr),
        10,
        0.01,
        "the head's rate over the backbone's",
    )
    expect.close(everything.head_lr, 1e-3, 1e-9, "head_lr")


def kept(kept: float, gentle: Run) -> None:
    expect.number(kept, "kept", 0)
    before, after = gentle.source_before or 1.0, gentle.source_after or 0.0
    if abs(kept - (before - after)) < 1e-9:
        raise expect.Unmet("That is what was lost. How much is left, as a share of what there was?")
    if abs(kept - gentle.accuracy) < 1e-9:
        raise expect.Unmet("That is the new task. The old one is `source_before` and `source_after`.")
    expect.close(kept, after / before, 1e-6, "kept")


def mine(my_run: Run, hot: Run) -> None:
    expect.a(my_run, Run, "my_run")
    expect.true(my_run != hot, "This is the run of before. Train one of your own.")
    expect.true(
        my_run.source_after is not None, "Nothing was remembered: give `memory=memory` to `tl.train`, from `fresh()`."
    )
    expect.true(
        (my_run.source_after or 0) > (hot.source_after or 0),
        f"It has {my_run.source_after or 0:.0%} left of the old task, and `hot` had {hot.source_after or 0:.0%}.",
    )
