PHASES = "import dataclasses\nphases = Phase('head', {}, 1, 3e-3), Phase('all', 0.0, 1, 1e-3, backbone_lr={})\n"
TRAIN = "remedied = tl.train({}, {}, tl.Recipe('fast', phases), progress=False)"
WRONG = {
    "fallen": [
        ("gains = {0.0: 0.5, 1.0: 0.1}\nfallen = -40.0", "sign is turned"),
        ("gains = {0.0: 0.5, 1.0: 0.1}\nfallen = 0.4", "a hundred times that"),
        ("fallen = 150.0", "too high"),
        ("fallen = 'much'", "should be a number"),
    ],
    "useful": [
        ("useful = 'fc'", "one of conv1"),
        ("useful = min(ahead, key=ahead.get)", "another by more"),
    ],
    "remedy": [
        ("remedied = tuned", "`frozen_share` 0.0 and `backbone_lr=1e-3`"),
        ("remedied = scratch", "random weights"),
        (PHASES.format("0.0", "1e-3") + TRAIN.format("fresh()", "hue"), "only the head is to learn"),
        (PHASES.format("1.0", "1e-4") + TRAIN.format("fresh()", "hue"), "at 0.001"),
        (PHASES.format("1.0", "1e-3") + TRAIN.format("fresh()", "data"), "The question is the hue"),
    ],
}
