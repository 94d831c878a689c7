"""Exercises of lesson 08: what models inherit."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.data.images import Splits
from transferlab.failures.tags import tag_gap
from transferlab.heads import head_of
from transferlab.learning import expect
from transferlab.learning.exercises import Exercise

NAME = "08_bias"
QUESTION = "Your fine-tuning pictures are perfectly balanced. Is the model fair now?"
ANSWERS = {
    "Yes, balanced data give fair models": (False, "The recorded runs above say otherwise."),
    "Not necessarily: the source may have left its bias in the features": (True, "So measure by group, at the end."),
    "Only if the accuracy is high": (False, "A high mean can go with one group that is served badly."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "by_group",
            grouped,
            hints=(
                "`right[data.held_out.groups == 0]` are the answers within the first group.",
                "The mean of True and False: `.float().mean()`. And `float(…)` makes a plain number of it.",
            ),
            solution_code=(
                "by_group = {\n"
                "    name: float(right[data.held_out.groups == number].float().mean())\n"
                "    for number, name in enumerate(data.held_out.group_names)\n"
                "}\n"
                'print({name: f"{share:.0%}" for name, share in by_group.items()})'
            ),
            praise="Two numbers in place of one. Look at how far they are apart.",
            made_from={"by_group": ("right",)},
        ),
        Exercise(
            "gap",
            gap,
            hints=(
                "`tag_gap(model, pictures, seed)` lies between -1 and 1.",
                "`100 * tag_gap(model, data.held_out, 0)`.",
            ),
            solution_code="gap = 100 * tag_gap(model, data.held_out, 0)",
            praise="Nothing differed but the tags.",
            made_from={"gap": ("model",)},
        ),
        Exercise(
            "fairer",
            fairer,
            hints=(
                "It gives back two things: `fairer, report = …`.",
                "`retrain_last_layer(model, balanced_by_group(data.train))`.",
            ),
            solution_code="fairer, report = retrain_last_layer(model, balanced_by_group(data.train))\nprint(report)",
            praise="The same features, read by a head that the tag did not help.",
            made_from={"fairer": ("model",)},
        ),
    ]


def grouped(by_group: Mapping[str, float], data: Splits, right: Tensor) -> None:
    expect.a(by_group, dict, "by_group")
    names, groups = data.held_out.group_names, data.held_out.groups
    assert groups is not None
    expect.true(set(by_group) == set(names), f"The keys are the groups' names: {', '.join(map(repr, names))}.")
    for number, name in enumerate(names):
        value = by_group[name]
        expect.true(
            not isinstance(value, Tensor), f"`by_group[{name!r}]` is a tensor; `float(…)` makes a plain number of it."
        )
        expect.number(value, f"by_group[{name!r}]")
        expect.true(0 <= value <= 1, f"`by_group[{name!r}]` is {value:g}; an accuracy lies between 0 and 1.")
        truth = float(right[groups == number].float().mean())
        other = float(right[groups != number].float().mean())
        if abs(value - other) < 1e-6 and abs(truth - other) > 1e-6:
            raise expect.Unmet("The two groups are swapped: number 0 has the first name.")
        expect.close(value, truth, 1e-5, f"by_group[{name!r}]")


def gap(gap: float, model: nn.Module, data: Splits) -> None:
    expect.number(gap, "gap", -100, 100)
    truth = tag_gap(model, data.held_out, 0)
    if abs(gap - truth) < 1e-6 and abs(truth) > 1e-3:
        raise expect.Unmet("In points of a hundred, please: a hundred times that.")
    expect.close(gap, 100 * truth, 0.06, "gap")


def fairer(fairer: Any, model: nn.Module) -> None:
    if isinstance(fairer, tuple):
        raise expect.Unmet("`retrain_last_layer` gives back two things. Take them apart: `fairer, report = …`")
    expect.a(fairer, nn.Module, "fairer")
    expect.same_weights(fairer, model, "conv1", "layer1", "layer2", "layer3", "layer4")
    expect.true(
        not torch.equal(_head_weight(fairer), _head_weight(model)),
        "The head is still the biased one. It is to be trained anew, on balanced pictures.",
    )


def _head_weight(model: nn.Module) -> Tensor:
    return next(head_of(model)[1].parameters())
