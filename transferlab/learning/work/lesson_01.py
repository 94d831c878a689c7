"""Exercises of lesson 01: lower layers are general."""

from typing import Any

from torch import nn

from transferlab.backbones import load
from transferlab.data.images import Splits
from transferlab.explain import filter_report
from transferlab.layer_probes import layer_probes
from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.stages import stages

NAME = "01_lower_layers"
QUESTION = (
    "A probe behind layer2 of the trained network does far better than behind layer2 of a random one. What follows?"
)
ANSWERS = {
    "The network was trained on this task": (False, "It never was. That is the point."),
    "layer2 holds something that this task can use": (True, "A linear classifier could read it off."),
    "layer2 is the best stage to cut at": (False, "Perhaps not: look at the stages above it."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "edges",
            edges,
            hints=(
                "Both numbers stand in the report's first line; as numbers they are in `report`.",
                "`report.measures.share` is this network's. `report.random_share` is a pair: the mean, and half the "
                "interval. You want the mean.",
            ),
            solution_code="trained_share = report.measures.share\nrandom_share = report.random_share[0]",
            praise="Dozens of times as many as among random kernels.",
        ),
        Exercise(
            "far",
            far,
            hints=(
                "`for probe in tl.layer_probes(pretrained, tissue): print(probe.stage, probe.accuracy)`.",
                "`max(probes, key=lambda probe: probe.accuracy).stage` is the name of the best.",
            ),
            solution_code=(
                "found = tl.layer_probes(pretrained, tissue)\n"
                "for probe in found:\n"
                '    print(f"{probe.stage:8} {probe.accuracy:.0%}")\n'
                "best_stage = max(found, key=lambda probe: probe.accuracy).stage"
            ),
            praise="Compare its lead over the stages below with the one on the objects.",
        ),
        Exercise(
            "transplant",
            transplant,
            hints=(
                'Begin with a random network: `mixed = tl.load("bundled", pretrained=False)`.',
                "For each of `conv1`, `bn1`, `layer1`, `layer2`: "
                "`mixed.get_submodule(name).load_state_dict(pretrained.get_submodule(name).state_dict())`.",
            ),
            solution_code=(
                'mixed = tl.load("bundled", pretrained=False)\n'
                'for name in ("conv1", "bn1", "layer1", "layer2"):\n'
                "    mixed.get_submodule(name).load_state_dict(pretrained.get_submodule(name).state_dict())"
            ),
            praise="Trained below, random above.",
        ),
    ]


def edges(trained_share: float, random_share: float) -> None:
    if isinstance(random_share, tuple):
        raise expect.Unmet("`random_share` is the pair of mean and half interval. Take the mean, the first of the two.")
    expect.number(trained_share, "trained_share")
    expect.true(trained_share <= 1, "Shares lie between 0 and 1: divide percents by a hundred.")
    report = filter_report(load("bundled"))
    if abs(report.measures.share - float(random_share)) < 0.005:
        raise expect.Unmet("The two are swapped: the trained network has more edges than chance.")
    expect.close(float(trained_share), report.measures.share, 0.01, "trained_share")
    expect.close(float(random_share), report.random_share[0], 0.005, "random_share")


def far(best_stage: Any, pretrained: nn.Module, tissue: Splits) -> None:
    names = stages(pretrained).names[:-1]
    expect.true(
        best_stage in names, f"`best_stage` is the name of a stage, one of {', '.join(names)}; it is {best_stage!r}."
    )
    found = {probe.stage: probe.accuracy for probe in layer_probes(pretrained, tissue)}
    best = max(found.values())
    expect.true(
        found[best_stage] >= best,
        f"The probe behind {best_stage} reaches {found[best_stage]:.0%} on the tissue, and another stage more.",
    )


def transplant(mixed: nn.Module) -> None:
    expect.a(mixed, nn.Module, "mixed")
    donor = load("bundled")
    lower, upper = ("conv1", "layer1", "layer2"), ("layer3", "layer4")
    for name in upper:
        try:
            expect.same_weights(mixed, donor, name)
        except expect.Unmet:
            continue
        raise expect.Unmet(f"Stage '{name}' is the trained one too. Only the three lower stages are transplanted.")
    expect.same_weights(mixed, donor, *lower)
    for name in ("bn1", "layer1", "layer2"):
        for mine, theirs in zip(mixed.get_submodule(name).buffers(), donor.get_submodule(name).buffers(), strict=True):
            expect.true(
                bool((mine == theirs).all()),
                f"Weights of '{name}' are there, its BatchNorm's statistics are not: `load_state_dict` copies both.",
            )
