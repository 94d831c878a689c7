"""Exercises of lesson 10: the bug museum."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import Optimizer

from transferlab.backbones import load
from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.museum import EXHIBITS, Report

NAME = "10_bug_museum"
QUESTION = "Validation accuracy jumps from 85 % to 99 % after a small change in how data is loaded. First thought?"
ANSWERS = {
    "The change was a good idea": (False, "Perhaps. But the other explanation is likelier."),
    "Pictures that are trained on got into the validation set": (True, "Check that before you celebrate."),
    "The learning rate is too high": (False, "That makes numbers worse, not better."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "cause",
            cause,
            hints=(
                "`doctor(second, data)` examines it. Print the report first.",
                "`.causes` is a tuple of names; the first one is `[0]`.",
            ),
            solution_code="report = doctor(second, data)\nprint(report)\ncause = report.causes[0]",
            praise="Parameters that ask for a gradient, and an optimizer that has never heard of them.",
        ),
        Exercise(
            "thaw",
            thaw,
            hints=(
                "The optimizer must be told after the thaw. One way: `optimizer.add_param_group({…})`.",
                "Another way: unfreeze first, and make the optimizer from two groups with their own `lr`.",
            ),
            solution_code=(
                "def thaw(model):\n"
                "    tl.freeze(model)\n"
                "    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)\n"
                '    tl.unfreeze(model, "layer4")\n'
                '    optimizer.add_param_group({"params": list(model.layer4.parameters()), "lr": 1e-4})\n'
                "    return optimizer"
            ),
            praise="What is thawed is known to the optimizer, at its own rate.",
        ),
        Exercise(
            "healthy",
            healthy,
            hints=(
                "Three lines: a model with a head for these classes, a run, a report.",
                "`tl.train(model, data, tl.feature_extraction(epochs=EPOCHS))`, then `doctor(run, data, model=model)`.",
            ),
            solution_code=(
                'model = tl.load("bundled", num_classes=8)\n'
                "run = tl.train(model, data, tl.feature_extraction(epochs=EPOCHS), progress=False)\n"
                "report = doctor(run, data, model=model)\n"
                "print(report)"
            ),
            praise="Nothing found, and what was looked for in vain is said. Read also what could not be examined.",
        ),
    ]


def cause(cause: Any) -> None:
    expect.true(
        cause in EXHIBITS,
        f"`cause` is one name of the museum, such as 'eval_forgotten'; it is {cause!r}.",
    )
    expect.true(
        cause == "unfrozen_too_late",
        "That is not what the doctor found. When was the optimizer made, and when did layer4 thaw?",
    )


def thaw(thaw: Callable[[nn.Module], Optimizer]) -> None:
    expect.true(callable(thaw), "`thaw` is to be a function of a model: `def thaw(model): …`")
    model = load("bundled", num_classes=8)
    optimizer = thaw(model)
    expect.true(optimizer is not None, "`thaw(model)` gives back nothing. Is there a `return`?")
    expect.a(optimizer, Optimizer, "thaw(model)")
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for name, lr in (("layer4", 1e-4), ("fc", 1e-3)):
        expect.trains(model, name)
        for parameter in model.get_submodule(name).parameters():
            expect.true(id(parameter) in rates, f"The optimizer still does not know {name}.")
            expect.true(
                abs(rates[id(parameter)] - lr) < 1e-12,
                f"{name} learns at {rates[id(parameter)]:g}; asked for is {lr:g}.",
            )
    expect.frozen(model, "conv1", "layer1", "layer2", "layer3")


def healthy(report: Report) -> None:
    expect.a(report, Report, "report")
    expect.true(
        not report.causes,
        f"The doctor found {', '.join(report.causes)}. Is this the report on your own, healthy run?",
    )
