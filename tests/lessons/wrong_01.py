COPY = """
mixed = tl.load('bundled', pretrained=False)
for name in ({}):
    mixed.get_submodule(name).load_state_dict(pretrained.get_submodule(name).state_dict())
"""
WEIGHTS = """
import torch
mixed = tl.load('bundled', pretrained=False)
with torch.no_grad():
    for name in ('conv1', 'bn1', 'layer1', 'layer2'):
        pairs = zip(mixed.get_submodule(name).parameters(), pretrained.get_submodule(name).parameters())
        for mine, theirs in pairs:
            mine.copy_(theirs)
"""
WRONG = {
    "edges": [
        ("trained_share, random_share = report.measures.share, report.random_share", "Take the mean"),
        ("trained_share, random_share = 41, 0.9", "between 0 and 1"),
        ("random_share, trained_share = report.measures.share, report.random_share[0]", "swapped"),
        ("trained_share, random_share = 0.9, report.random_share[0]", "too high"),
    ],
    "far": [
        ("best_stage = 'fc'", "name of a stage, one of conv1"),
        ("best_stage = 'conv1'", "another stage more"),
        ("best_stage = 3", "name of a stage"),
    ],
    "transplant": [
        ("mixed = pretrained", "Only the three lower stages"),
        ("mixed = tl.load('bundled', pretrained=False)", "no longer what it was"),
        (COPY.format("'conv1', 'bn1', 'layer1'"), "no longer what it was"),
        (COPY.format("'conv1', 'bn1', 'layer1', 'layer2', 'layer3'"), "Only the three lower stages"),
        (WEIGHTS, "its BatchNorm's statistics are not"),
    ],
}
