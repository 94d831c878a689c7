HALF = (
    "{name: float(right[data.held_out.groups == n].float().mean()) for n, name in enumerate(data.held_out.group_names)}"
)
WRONG = {
    "by_group": [
        ("by_group = {0: 0.5, 1: 0.4}", "The keys are the groups' names"),
        (f"by_group = {{name: 100 * value + 2 for name, value in {HALF}.items()}}", "between 0 and 1"),
        ("by_group = {name: right.float().mean() for name in data.held_out.group_names}", "is a tensor"),
        (f"by_group = {{name: 0.5 * value + 0.3 for name, value in {HALF}.items()}}", "too"),
    ],
    "gap": [
        ("gap = 95.0", "too high"),
        ("gap = 'large'", "should be a number"),
    ],
    "fairer": [
        ("fairer = retrain_last_layer(model, balanced_by_group(data.train))", "Take them apart"),
        ("fairer = model", "still the biased one"),
        ("fairer = tl.load('bundled', num_classes=8)", "no longer what it was"),
    ],
}
