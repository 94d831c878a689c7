"""Claim 13: a few per cent of the parameters do."""

from collections.abc import Mapping

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
from transferlab.recipes import feature_extraction, fine_tuning, lora

PER_CLASS = 20
GAP = 0.5  # of the domain: far enough that adapting the backbone brings something
SEEDS = 5
NEARLY = 0.95  # of what full fine-tuning gains over frozen features
ARMS = {"frozen": feature_extraction(), "all": fine_tuning(), "LoRA": lora()}


def run(scale: Scale) -> Outcome:
    """Gain over frozen features on a drawn target of another domain, and what is left of the source task."""
    results = scale.sweep(ARMS, (PER_CLASS,), SEEDS, scale.target(domain_gap=GAP), measure=source)
    accuracy = {arm: results.values(arm, PER_CLASS) for arm in ARMS}
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
        tables={"accuracy": str(results)},
        data={
            arm: {
                "target": list(accuracy[arm].values()),
                "source": list(results.values(arm, PER_CLASS, "source").values()),
            }
            for arm in ARMS
        },
    )


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
