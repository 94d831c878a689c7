"""Exercises of lesson 09: what the model looks at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from transferlab.explain import Attribution
from transferlab.learning import expect
from transferlab.learning.exercises import Exercise

NAME = "09_what_it_looks_at"
QUESTION = "A map stays the same when all weights are redrawn at random. What does it show?"
ANSWERS = {
    "What the network has learned": (False, "It cannot: that was taken away."),
    "The picture itself: its edges, say": (True, "It never needed the network."),
    "That the network is robust": (False, "A network of random weights has learned nothing to be robust about."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "inside",
            inside,
            hints=(
                "`maps.clamp(min=0)` is the positive weight. Multiplied by the mask, only what is inside remains.",
                "For each picture: the sum inside over the sum of all, `.sum((1, 2))`. Then the mean over pictures whose "
                "sum is above 0.",
            ),
            solution_code=(
                "def share_inside(maps, masks):\n"
                "    weight = maps.clamp(min=0)\n"
                "    whole = weight.sum((1, 2))\n"
                "    inside = (weight * masks).sum((1, 2))\n"
                "    return float((inside[whole > 0] / whole[whole > 0]).mean())"
            ),
            praise="A number where there was a picture.",
        ),
        Exercise(
            "random",
            redrawn,
            hints=(
                '`tl.load("bundled", num_classes=8, pretrained=False)` is such a network.',
                '`explain(network, pictures, target=found["grad_cam"].targets).maps` are its maps for those answers.',
            ),
            solution_code=(
                'network = tl.load("bundled", num_classes=8, pretrained=False)\n'
                'after = explain(network, pictures, target=found["grad_cam"].targets).maps'
            ),
            praise="The same pictures, the same question, and a network that knows nothing.",
        ),
        Exercise(
            "verdicts",
            told,
            hints=(
                "Each of `judged` has a `.method` and a `.verdict`.",
                "`{one.method: one.verdict for one in judged}`.",
            ),
            solution_code="verdicts = {one.method: one.verdict for one in judged}",
            praise="And each has its reasons: `one.words` says them.",
            made_from={"verdicts": ("judged",)},
        ),
    ]


def inside(share_inside: Callable[[Tensor, Tensor], float]) -> None:
    expect.true(callable(share_inside), "`share_inside` is to be a function: `def share_inside(maps, masks): …`")
    maps = torch.zeros(3, 2, 2)
    maps[0] = torch.tensor([[3.0, 1.0], [-1.0, 0.0]])  # three of four parts inside
    maps[1] = torch.tensor([[0.0, 2.0], [1.0, 0.0]])  # none
    masks = torch.tensor([[True, False], [False, False]]).expand(3, 2, 2)
    found = share_inside(maps[:2], masks[:2])
    expect.true(found is not None, "`share_inside` gives back nothing. Is there a `return`?")
    expect.true(
        not isinstance(found, Tensor) or found.numel() == 1, "Give one number back, the mean over all pictures."
    )
    found = float(found)
    if abs(found - 1 / 2) < 1e-6:  # with what speaks against it: 3/3 and 0/3
        raise expect.Unmet("Only positive weight counts: what speaks against the answer is cut off first.")
    if abs(found - 3 / 8) > 1e-6:
        if abs(found - 3 / 4) < 1e-6:
            raise expect.Unmet("That is a sum over the pictures, and the mean is wanted.")
        raise expect.Unmet(f"On two small maps of which 3/4 and nothing lie inside it gives {found:g}, not 0.375.")
    blank = float(share_inside(maps, masks))
    expect.true(blank == blank, "A map without any positive weight makes it not a number. Leave such maps out.")
    expect.true(abs(blank - 3 / 8) < 1e-6, "A map without any positive weight counts as 0 now. Leave such maps out.")


def redrawn(after: Tensor, found: Mapping[str, Attribution]) -> None:
    trained = found["grad_cam"].maps
    expect.true(isinstance(after, Tensor), "`after` is a tensor of maps: an Attribution has them in `.maps`.")
    expect.true(
        after.shape == trained.shape,
        f"`after` has the shape {tuple(after.shape)}, and the maps of before {tuple(trained.shape)}.",
    )
    expect.true(
        not torch.equal(after, trained), "These are the trained network's maps. Ask a network with random weights."
    )


def told(verdicts: Mapping[str, str], judged: Sequence[Any]) -> None:
    expect.a(verdicts, dict, "verdicts")
    names = [one.method for one in judged]
    expect.true(set(verdicts) == set(names), f"The keys are the methods: {', '.join(map(repr, names))}.")
    for one in judged:
        expect.true(
            verdicts[one.method] == one.verdict,
            f"`verdicts[{one.method!r}]` is {verdicts[one.method]!r}. The verdict is one word, in `.verdict`.",
        )
