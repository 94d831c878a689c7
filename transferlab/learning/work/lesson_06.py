"""Exercises of lesson 06: how much data do you need?"""

from typing import Any

from transferlab.advice import Advice
from transferlab.experiments import Effect, Results
from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.recipes import RECIPES

NAME = "06_how_much_data"
QUESTION = "With 20 pictures a class, run A gets 88 % and run B 86 %, one seed each. What do you know?"
ANSWERS = {
    "A is better": (False, "One draw of pictures and first weights each: the next may turn it round."),
    "Little: repeat both with the same seeds, and look at the differences": (True, "Paired, with an interval."),
    "They are equally good": (False, "That is not shown either."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "sweep",
            swept,
            hints=(
                '`sweep(arms, budgets=BUDGETS, seeds=SEEDS, data="objects", …)`.',
                "Two more arguments: `most_images=MOST_IMAGES` and `curves=False`.",
            ),
            solution_code=(
                "results = sweep(\n"
                '    arms, budgets=BUDGETS, seeds=SEEDS, data="objects", most_images=MOST_IMAGES, curves=False,\n'
                "    progress=False,\n"
                ")"
            ),
            praise="Every arm at every budget, on the same pictures for each seed.",
        ),
        Exercise(
            "lead",
            lead,
            hints=(
                "`effect.mean` lies between -1 and 1; a hundred times that are points.",
                "`effect.low` is the lower end of the interval. Sure is: it lies above zero.",
            ),
            solution_code="lead = 100 * effect.mean\nsure = effect.low > 0",
            praise="A mean, and how sure one may be of its sign.",
            made_from={"lead": ("effect",), "sure": ("effect",)},
        ),
        Exercise(
            "first",
            first,
            hints=(
                "The advice begins with it: START WITH …",
                "`advice.recipe` is the recipe; recipes have a `.name`.",
            ),
            solution_code="first = advice.recipe.name",
            praise="Advice, not an oracle: its last paragraph says how often it was right.",
            made_from={"first": ("advice",)},
        ),
    ]


def swept(results: Results, arms: dict[str, Any], BUDGETS: Any, SEEDS: Any) -> None:
    expect.a(results, Results, "results")
    expect.true(
        set(results.arms) == set(arms), f"The table has the arms {', '.join(results.arms)}; all of `arms` are meant."
    )
    expect.true(
        set(results.budgets) == set(BUDGETS), f"The table has the budgets {results.budgets}; give `budgets=BUDGETS`."
    )
    expect.true(set(results.seeds) == set(SEEDS), f"The table has the seeds {results.seeds}; give `seeds=SEEDS`.")
    expect.true(not results.failed, f"A run failed: {results.failed[0].error if results.failed else ''}")


def lead(lead: float, sure: Any, effect: Effect) -> None:
    expect.number(lead, "lead", -100, 100)
    if abs(effect.mean) > 0.001 and abs(lead - effect.mean) < 1e-6:
        raise expect.Unmet("In points of a hundred, please: a hundred times that.")
    expect.close(lead, 100 * effect.mean, 0.06, "lead")
    expect.true(isinstance(sure, bool), f"`sure` is True or False; it is {sure!r}.")
    expect.true(
        sure == (effect.low > 0),
        f"The interval goes from {100 * effect.low:.1f} to {100 * effect.high:.1f}. Look at where zero lies.",
    )


def first(first: Any, advice: Advice) -> None:
    expect.true(
        isinstance(first, str) and first in RECIPES,
        f"`first` is the name of a recipe, a text such as 'fine_tuning'; it is {first!r}.",
    )
    expect.true(first == advice.recipe.name, "That is not what it would start with. Read its first line.")
