"""Exercises of lesson 04: learning rates for groups."""

from typing import Any

from torch import nn

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.lr_find import LRCurve

NAME = "04_learning_rates"
QUESTION = "You unfreeze layer4 after making the optimizer from the head's parameters. What happens?"
ANSWERS = {
    "layer4 learns at the head's rate": (False, "It is in no group, so the optimizer does not know it."),
    "layer4 gets gradients and never moves": (True, "Nobody applies them. No error says so."),
    "PyTorch raises an error": (False, "It would be kind, but it does not."),
}
HAND = {"layer1": 1e-5, "layer2": 1e-5, "fc": 1e-3}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "groups",
            groups,
            hints=(
                'A group is a dict with two keys, `"params"` and `"lr"`; see the cell with two groups above.',
                "`[*model.layer1.parameters(), *model.layer2.parameters()]` is one list of both stages' parameters.",
            ),
            solution_code=(
                "groups = [\n"
                '    {"params": [*model.layer1.parameters(), *model.layer2.parameters()], "lr": 1e-5},\n'
                '    {"params": list(model.fc.parameters()), "lr": 1e-3},\n'
                "]"
            ),
            praise="Two groups, three stages, and everything else stands still.",
        ),
        Exercise(
            "stem",
            stem,
            hints=(
                "Five stages lie below the head: layer4, layer3, layer2, layer1, conv1.",
                "0.001, halved five times. Or: `ladder[0]` is the first group.",
            ),
            solution_code='stem_lr = ladder[0]["lr"]',
            praise="0.001 · 0.5⁵: thirty-two times slower than the head.",
        ),
        Exercise(
            "band",
            band,
            hints=(
                "Too fast is where the loss has begun to rise steeply, at the right end.",
                "Sensible is near the valley or some way left of it; the band says how sure the valley is.",
            ),
            solution_code="too_fast = 10.0\nsensible = curve.valley",
            praise="Between the two lie a few powers of ten. A finder tells which one, not which digit.",
            made_from={"sensible": ("curve",)},
        ),
    ]


def groups(groups: Any, model: nn.Module) -> None:
    expect.a(groups, (list, tuple), "groups")
    expect.true(
        bool(groups) and all(isinstance(one, dict) and {"params", "lr"} <= set(one) for one in groups),
        'Each group is a dict with the keys "params" and "lr".',
    )
    found: dict[int, float] = {}
    for group in groups:
        parameters = list(group["params"])
        expect.true(
            bool(parameters), "A group is empty. `.parameters()` can be read only once: put `list(…)` around it."
        )
        found |= {id(parameter): float(group["lr"]) for parameter in parameters}
    for name, lr in HAND.items():
        for parameter in model.get_submodule(name).parameters():
            expect.true(id(parameter) in found, f"Some parameters of {name} are in no group: they would never learn.")
            expect.true(
                abs(found[id(parameter)] - lr) < 1e-12,
                f"{name} learns at {found[id(parameter)]:g}; asked for is {lr:g}.",
            )
    wanted = {id(p) for name in HAND for p in model.get_submodule(name).parameters()}
    others = next((name for name, p in model.named_parameters() if id(p) in found and id(p) not in wanted), None)
    expect.true(others is None, f"{others} is in a group too. Only layer1, layer2 and fc are to learn.")


def stem(stem_lr: float) -> None:
    expect.number(stem_lr, "stem_lr")
    if abs(stem_lr - 1e-3 * 0.5**6) < 1e-9:
        raise expect.Unmet("One halving too many: from six stages to the first there are five steps.")
    expect.close(stem_lr, 1e-3 * 0.5**5, 1e-7, "stem_lr")


def band(too_fast: float, sensible: float, curve: LRCurve) -> None:
    expect.number(too_fast, "too_fast", 0)
    expect.number(sensible, "sensible", 0)
    low, high = curve.band
    expect.true(sensible >= low / 100, f"At {sensible:g} the head would hardly move in this lesson's time.")
    expect.true(sensible <= 3 * high, f"`sensible` is {sensible:g}: that lies right of the band, where the loss rises.")
    expect.true(too_fast > 3 * high, f"`too_fast` is {too_fast:g}: so near the band the head would still learn.")
