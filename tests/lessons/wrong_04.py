BOTH = "groups = [{{'params': [*model.layer1.parameters(), *model.layer2.parameters()], 'lr': {}}}, {{'params': list(model.fc.parameters()), 'lr': {}}}]"
WRONG = {
    "groups": [
        (BOTH.format("1e-3", "1e-5"), "asked for is 1e-05"),
        ("groups = [{'params': list(model.fc.parameters()), 'lr': 1e-3}]", "would never learn"),
        ("groups = [{'params': list(model.parameters()), 'lr': 1e-5}]", "fc learns at 1e-05"),
        ("groups = [model.layer1, model.fc]", 'the keys "params" and "lr"'),
        (BOTH.format("1e-5", "1e-3") + "\ngroups[0]['params'] += list(model.layer3.parameters())", "in a group too"),
    ],
    "stem": [
        ("stem_lr = 1e-3 * 0.5**6", "One halving too many"),
        ("stem_lr = 1e-3", "too high"),
        ("stem_lr = 'small'", "should be a number"),
    ],
    "band": [
        ("too_fast, sensible = curve.valley, curve.valley", "would still learn"),
        ("too_fast, sensible = 10.0, 10.0", "right of the band"),
        ("too_fast, sensible = 10.0, 1e-9", "hardly move"),
    ],
}
