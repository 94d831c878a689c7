"""Claim 5: train the head first, then unfreeze."""

import functools
from collections.abc import Mapping

from torch import nn

from transferlab.backbones import load
from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits
from transferlab.forgetting import remember
from transferlab.inference import predict
from transferlab.meters import accuracy
from transferlab.recipes import Phase, Recipe

PER_CLASS = 10
SHIFT = 0.35  # of the domain: the same kinds, seen otherwise; a third of the way to sonar
HEAD_LR, BACKBONE_LR = 1e-3, 1e-3  # hot enough that a random head's gradients can do harm


def run(scale: Scale) -> Outcome:
    """The same phase over everything, with and without a head that was trained before it."""
    epochs = 10
    everything = Phase("all", 0.0, epochs, HEAD_LR, backbone_lr=BACKBONE_LR)
    arms = {
        "head first": Recipe("head_first", (Phase("head", 1.0, 10, 3e-3), everything)),
        "all at once": Recipe("all_at_once", (everything,)),
    }
    results = scale.sweep(arms, (PER_CLASS,), scale.pick(quick=6, full=12), scale.target(), measure=shifted_and_source)
    source, shifted, target = (
        results.difference("head first", "all at once", PER_CLASS, column)
        for column in ("source", "shifted", "accuracy")
    )
    return Outcome(
        (
            Finding(source.called("source accuracy, head first − all at once")),
            Finding(shifted.called("shifted target, head first − all at once"), main=False),
            Finding(target.called("target, head first − all at once"), main=False),
        ),
        notes=(
            f"Both train everything for {epochs} epochs at {HEAD_LR:g}; one has trained its head alone before. The "
            "source says how far the features were distorted, the shifted target what that costs on images of another "
            "look.",
        ),
        tables={"accuracy": str(results)},
    )


def shifted_and_source(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """Accuracy on the target as another sensor sees it, and on the source task under its own head."""
    other = _shifted(seed)
    return {
        "shifted": accuracy(predict(model, other), other.labels),
        "source": remember(load("bundled")).measure(model),
    }


@functools.lru_cache(maxsize=2)  # every arm of a seed looks at the same
def _shifted(seed: int) -> ImageSet:
    return worlds.target("objects", per_class=1, seed=seed, domain_gap=SHIFT).held_out


CLAIM = Claim(
    5,
    "Train the head first, then unfreeze",
    "Howard & Ruder (2018); Kumar et al. (2022), LP-FT",
    "The same fine-tuning with and without a trained head: source, shifted target and target accuracy",
    run,
)
