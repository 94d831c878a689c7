WRONG = {
    "scratch": [
        ("scratch_run = run", "trained by 'feature_extraction'"),
        ("scratch_run = run.accuracy", "should be a Run"),
    ],
    "gain": [
        ("gain = scratch_run.accuracy - run.accuracy - 1e-9", "other way round"),
        ("gain = run.accuracy + 0.01", "too high"),
        ("gain = 100 * (run.accuracy + 1)", "at most 1"),
    ],
}
