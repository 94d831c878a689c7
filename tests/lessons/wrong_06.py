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
        ("lead, sure = effect.mean + 0.0 if abs(effect.mean) > 0.001 else 1.0, True", "a hundred times that"),
        ("lead, sure = 100 * effect.mean, effect.low <= 0", "Look at where zero lies"),
        ("lead, sure = 100 * effect.mean, 'yes'", "True or False"),
        ("lead, sure = 100 * effect.mean + 20 if effect.mean < 0.5 else 0, True", "too"),
    ],
    "first": [
        ("first = advice.recipe", "name of a recipe"),
        ("first = 'lp_ft'", "not what it would start with"),
        ("first = 'the head'", "name of a recipe"),
    ],
}
