# An effect that is none too small: on some machines the two short runs come out alike, and any sign is then right.
EFFECT = "import dataclasses\neffect = dataclasses.replace(effect, mean=0.2, low=0.1, high=0.3)\n"
WRONG = {
    "sweep": [
        ("results = sweep(arms, 2, 0, 'objects', most_images=8, progress=False)", "budgets=BUDGETS"),
        (
            "results = sweep({'frozen': arms['frozen']}, BUDGETS, SEEDS, 'objects', most_images=8, progress=False)",
            "all of `arms`",
        ),
        ("results = [0.9, 0.3]", "should be a Results"),
    ],
    "lead": [
        (EFFECT + "lead, sure = effect.mean, True", "a hundred times that"),
        (EFFECT + "lead, sure = 100 * effect.mean, False", "Look at where zero lies"),
        ("lead, sure = 100 * effect.mean, 'yes'", "True or False"),
        (EFFECT + "lead, sure = 100 * effect.mean + 20, True", "too high"),
    ],
    "first": [
        ("first = advice.recipe", "name of a recipe"),
        ("first = 'lp_ft'", "not what it would start with"),
        ("first = 'the head'", "name of a recipe"),
    ],
}
