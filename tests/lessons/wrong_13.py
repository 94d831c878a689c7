# Two scores that differ: on some machines the two short runs come out alike, and any sign is then right.
RUNS = (
    "import dataclasses\nfrozen_run, scratch_run = (\n"
    "    dataclasses.replace(run, epochs=(*run.epochs[:-1], dataclasses.replace(run.epochs[-1], held_out_accuracy=right)))"
    "\n    for run, right in ((frozen_run, 0.6), (scratch_run, 0.5)))\n"
)
WRONG = {
    "classifier": [
        ("classifier = load_language_model()[0]", "is to be a `LastToken"),
        ("classifier = LastToken(load_language_model()[0])", "The head has 1024 outputs"),
        ("classifier = LastToken(load_language_model()[0])\ntl.replace_head(classifier, 4)", "More than the head"),
        (
            "classifier = LastToken(load_language_model()[0])\ntl.replace_head(classifier, 4)\n"
            "for one in classifier.parameters(): one.requires_grad_(False)",
            "head is frozen too",
        ),
    ],
    "safe": [
        ('safe = ("crop", "flip")', "still plucked"),
        ('safe = ("crop",)', "another pitch"),
        ('safe = "flip"', "A tuple of names"),
        ('safe = ("mirror",)', "There is no augmentation"),
    ],
    "lead": [
        (RUNS + "lead = frozen_run.accuracy - scratch_run.accuracy", "In points of a hundred"),
        (RUNS + "lead = 100 * (scratch_run.accuracy - frozen_run.accuracy)", "The sign is turned"),
        (RUNS + "lead = 100 * frozen_run.accuracy", "too high"),
    ],
}
