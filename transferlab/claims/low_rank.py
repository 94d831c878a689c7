"""Claim 13: a few per cent of the parameters do."""

import dataclasses
from collections.abc import Mapping
from statistics import fmean

from torch import nn

from transferlab.backbones import load
from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.costs import TrainingCost, training_cost
from transferlab.data.images import Splits
from transferlab.experiments.effects import effect
from transferlab.forgetting import remember
from transferlab.freezing import freeze_to
from transferlab.inference import model_input
from transferlab.lora import add_lora
from transferlab.recipes import Recipe, feature_extraction, fine_tuning, lora
from transferlab.stages.stage import aligned

PER_CLASS = 20
GAP = 0.5  # of the domain: far enough that adapting the backbone brings something
SEEDS = 5
NEARLY = 0.95  # of what full fine-tuning gains over frozen features
ARMS = {"frozen": feature_extraction(), "all": fine_tuning(), "LoRA": lora()}


def everything(top: float) -> Recipe:
    """`fine_tuning` with another rate at the top of the backbone, a tenth of it at the stem."""
    first, second = fine_tuning().phases
    return Recipe("fine_tuning", (first, dataclasses.replace(second, backbone_lr=top, lowest_lr=top / 10)))


FRONT = {  # the same two ways at other rates, in a full ledger: learning and forgetting as a curve each
    "all at 3e-4": everything(3e-4), "all at 1e-3": everything(1e-3),
    "LoRA at 1e-4": lora(adapter_lr=1e-4), "LoRA at 3e-4": lora(adapter_lr=3e-4),
}  # fmt: skip


def run(scale: Scale) -> Outcome:
    """Gain over frozen features on a drawn target of another domain, and what is left of the source task."""
    arms = scale.pick(quick=ARMS, full=ARMS | FRONT)
    results = scale.sweep(arms, (PER_CLASS,), SEEDS, scale.target(domain_gap=GAP), measure=source)
    accuracy = {arm: results.values(arm, PER_CLASS) for arm in arms}
    left = {arm: results.values(arm, PER_CLASS, "source") for arm in arms}
    reached = [
        (accuracy["LoRA"][seed] - accuracy["frozen"][seed])
        - NEARLY * (accuracy["all"][seed] - accuracy["frozen"][seed])
        for seed in results.seeds
    ]
    costs = step_costs()
    gain = results.difference("all", "frozen", PER_CLASS)
    return Outcome(
        (
            Finding(effect("accuracy, LoRA's gain − 95 % of full fine-tuning's", reached)),
            Finding(
                results.difference("LoRA", "all", PER_CLASS, "source").called(
                    "source accuracy, LoRA − full fine-tuning"
                )
            ),
            Finding(gain.called("full fine-tuning's gain over frozen features"), main=False),
        ),
        notes=(
            f"LoRA of rank 4 in every convolution trains {costs['LoRA'].share:.1%} of the parameters, head included.",
            *(f"{arm}, a step on 32 images: {cost}" for arm, cost in costs.items()),
        ),
        tables={"accuracy": str(results), "learned and left, means over seeds": _front(accuracy, left)},
        data={arm: {"target": [*accuracy[arm].values()], "source": [*left[arm].values()]} for arm in arms},
    )


def _front(accuracy: Mapping[str, Mapping[int, float]], left: Mapping[str, Mapping[int, float]]) -> str:
    rows = [(arm, f"{fmean(accuracy[arm].values()):.1%}", f"{fmean(left[arm].values()):.1%}") for arm in accuracy]
    return aligned(("", "target", "source"), rows)


def source(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """What is left of the source task."""
    return {"source": remember(load("bundled")).measure(model)}


def step_costs() -> dict[str, TrainingCost]:
    """What a step on 32 images costs each way, in its last phase.

    >>> step_costs()["LoRA"].share
    """
    import torch

    pixels = torch.zeros(32, 3, 64, 64, dtype=torch.uint8)
    costs = {}
    for arm, line in (("frozen", "fc"), ("all", "conv1"), ("LoRA", "conv1")):
        model = load("bundled", num_classes=8)
        if arm == "LoRA":
            add_lora(model, r=4)
        freeze_to(model, line)
        costs[arm] = training_cost(model, model_input(model, pixels))
    return costs


CLAIM = Claim(
    13,
    "A few per cent of the parameters do",
    "Hu et al. (2021), LoRA; Biderman et al., “LoRA Learns Less and Forgets Less” (2024)",
    "LoRA, full fine-tuning and frozen features on a target of another domain, with what is left of the source",
    run,
)
