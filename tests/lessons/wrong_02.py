WRONG = {
    "frozen": [
        ("frozen = tl.load('bundled'); tl.freeze(frozen)", "232 outputs, and there are 8 classes"),
        ("frozen = tl.load('bundled'); tl.replace_head(frozen, 8)", "still trains"),
        (
            "frozen = tl.load('bundled'); frozen.requires_grad_(False); tl.replace_head(frozen, 8)",
            "BatchNorm would still move",
        ),
        ("frozen = tl.load('bundled'); tl.replace_head(frozen, 8); frozen.requires_grad_(False)", "BatchNorm would"),
    ],
    "share": [
        ("share = 2 / len(list(frozen.parameters()))", "counts tensors"),
        ("share = 1", "every number is counted"),
        ("share = 0.1", "too high"),
    ],
    "elsewhere": [
        ("other_run = run", "still the objects"),
        ("other_run = scratch_run", "trained by 'from_scratch'"),
        ("other_run = 0.9", "should be a Run"),
    ],
}
