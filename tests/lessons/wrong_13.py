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
        ("lead = frozen_run.accuracy - scratch_run.accuracy + 1e-9", "In points of a hundred"),
        ("lead = 100 * (scratch_run.accuracy - frozen_run.accuracy) - 0.2", "lead"),
        ("lead = frozen_run.accuracy", "lead"),
    ],
}
