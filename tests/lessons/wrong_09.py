WRONG = {
    "inside": [
        ("def share_inside(maps, masks): return float((maps * masks).sum() / maps.sum())", "Only positive weight"),
        (
            "def share_inside(maps, masks):\n    w = maps.clamp(min=0)\n    return float(((w * masks).sum((1, 2)) / w.sum((1, 2))).mean())",
            "not a number",
        ),
        (
            "def share_inside(maps, masks):\n    w = maps.clamp(min=0)\n    return float(((w * masks).sum((1, 2)) / w.sum((1, 2)).clamp(min=1e-9)).mean())",
            "counts as 0",
        ),
        ("def share_inside(maps, masks): pass", "gives back nothing"),
        ("share_inside = 0.3", "is to be a function"),
    ],
    "random": [
        ("after = found['grad_cam']", "a tensor of maps"),
        ("after = found['grad_cam'].maps", "trained network's maps"),
        ("after = found['grad_cam'].maps[:2]", "has the shape"),
    ],
    "verdicts": [
        ("verdicts = [one.verdict for one in judged]", "should be a dict"),
        ("verdicts = {one.method: one.words + '!' for one in judged}", "one word"),
        ("verdicts = {i: one.verdict for i, one in enumerate(judged)}", "The keys are the methods"),
    ],
}
