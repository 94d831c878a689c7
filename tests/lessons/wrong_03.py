TWO = "recipe = tl.Recipe('r', (Phase('head', {}, 1, 1e-3), Phase('all', 0.0, 1, {}, backbone_lr={})))"
WRONG = {
    "recipe": [
        ("recipe = all_at_once", "1 phase(s)"),
        (TWO.format("0.0", "1e-3", "1e-4"), "the backbone moves too"),
        (TWO.format("1.0", "1e-3", "1e-3"), "more slowly than the head"),
        (TWO.format("1.0", "1e-3", "1e-6"), "too high"),
        ("recipe = 'fine_tuning'", "should be a Recipe"),
    ],
    "kept": [
        ("kept = gentle.source_before - gentle.source_after", "what was lost"),
        ("kept = gentle.source_before / gentle.source_after + 1", "too high"),
    ],
    "mine": [
        ("my_run = hot", "the run of before"),
        (
            "model, _ = fresh(); my_run = tl.train(model, data, tl.feature_extraction(epochs=1), progress=False)",
            "Nothing was remembered",
        ),
        ("my_run = recipe", "should be a Run"),
    ],
}
