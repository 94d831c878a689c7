WRONG = {
    "lost": [
        ("def lost(run): return run.source_after - run.source_before - 1e-9", "sign is turned"),
        ("def lost(run): run.source_before - run.source_after", "gives back nothing"),
        ("lost = 0.3", "is to be a function"),
        ("def lost(run): return run.no_such_thing", "no_such_thing"),
    ],
    "replay": [
        ("rehearsed = tuned(RATES[-1], keep=Replay())", "Take them apart"),
        ("rehearsed, model, memory = tuned(RATES[-1])", "not with Replay"),
        ("rehearsed, model, memory = tuned(RATES[0], keep=Replay())", "the highest rate is"),
    ],
    "alpha": [
        ("best_alpha = 0.33", "is one of"),
        ("best_alpha = min(mixed, key=lambda alpha: sum(mixed[alpha]))", "more elsewhere"),
    ],
}
