"""What a run computed, in passes: one pass is one image forward through the whole network, whatever machine it ran on.

    passes_after(run, flops_by_stage(model))      # after epoch 0, 1, 2, …

Counted from the network's own multiplications, stage by stage: what trains costs three passes of its share (backward is
twice forward), what is frozen costs one pass an image and mirror image, once a phase. Left out: evaluation, which all
arms have in common, and the pretraining, which somebody else has paid.
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from transferlab.backbones.card import card_of
from transferlab.inference import evaluating
from transferlab.records import Run
from transferlab.stages import stages

TRAINED = 3.0  # passes of a forward and a backward: the latter has two products where the former has one
VIEWS = 2  # of an image that is kept: itself and its mirror image


def flops_by_stage(model: nn.Module) -> dict[str, float]:
    """The share of a forward pass that each stage takes, by its floating-point operations; they sum to 1.

    >>> flops_by_stage(load("bundled"))
    {'conv1': 0.11, 'layer1': 0.27, …}
    """
    card = card_of(model)
    size = card.input_size if card else 64
    x = torch.zeros(1, 3, size, size, device=next(model.parameters()).device)
    counted = {}
    with evaluating(model), torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(x)
    for module, operations in counter.get_flop_counts().items():
        counted[module.partition(".")[2]] = sum(operations.values())
    shares = {}
    for stage in stages(model):
        shares[stage.name] = float(sum(counted.get(name, 0) for name in stage.modules))
    whole = sum(shares.values())
    assert whole > 0, "a network multiplies"
    return {name: value / whole for name, value in shares.items()}


def passes_after(run: Run, shares: Mapping[str, float]) -> list[float]:
    """How many passes the run had computed after each of its epochs, epoch 0 first.

    >>> passes_after(run, shares)[-1]
    9600.0
    """
    found, spent, previous = [0.0], 0.0, None
    rows = {row.name: row for row in run.phases}
    for epoch in run.epochs[1:]:
        stages_of_phase = rows[epoch.phase].stages
        thawed = sum(shares[row.stage] for row in stages_of_phase if row.lr is not None)
        if epoch.phase != previous and rows[epoch.phase].kept_at is not None:
            spent += VIEWS * run.num_train * (1 - thawed)
        elif rows[epoch.phase].kept_at is None:
            spent += run.num_train * (1 - thawed)
        spent += TRAINED * run.num_train * thawed
        previous = epoch.phase
        found.append(spent)
    return found


def passes_until(run: Run, shares: Mapping[str, float], accuracy: float) -> float | None:
    """The passes until the run first reached this held-out accuracy; None where it never did.

    >>> passes_until(run, shares, 0.8)
    """
    for epoch, spent in zip(run.epochs, passes_after(run, shares), strict=True):
        if epoch.held_out_accuracy >= accuracy:
            return spent
    return None
