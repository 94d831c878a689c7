"""One phase of a recipe, carried out on a model: where the freeze line lies, which group learns at which rate.

Between a recipe, which knows no model, and the training loop, which knows no stages. `plan` describes the phases
without touching the model; `begin` sets one up.
"""

import copy
import math
from typing import Any

from torch import nn
from torch.optim import Optimizer

from transferlab.freezing import freeze_to
from transferlab.lora.adding import LoraReport, add_adapters
from transferlab.lora.layers import adapters_of
from transferlab.lr_groups import lr_groups, update_groups
from transferlab.optimizers import adamw
from transferlab.recipes import Phase, Recipe
from transferlab.records import PhaseRow, StageRow
from transferlab.stages import stages

WARM_UP = 0.15  # share of a phase in which its rate rises; Smith & Topin (2017) take longer, over far more steps
PATIENCE = 3  # epochs in a row that may pass without progress before a phase counts as converged
PROGRESS = 0.01  # a training loss less than 1 % below the best is no progress


def freeze_line(model: nn.Module, frozen_share: float) -> int:
    """The index of the first stage that trains when this share of the backbone's stages is frozen.

    >>> freeze_line(load("bundled"), 0.8)   # conv1 layer1 layer2 layer3 | layer4 fc
    4
    """
    num_backbone_stages = len(stages(model)) - 1
    return math.floor(frozen_share * num_backbone_stages + 1e-9)


def learning_rates(phase: Phase) -> dict:
    """The arguments of `lr_groups` that give this phase's rates."""
    if phase.lowest_lr is not None:
        return {"head_lr": phase.head_lr, "backbone_lr": slice(phase.lowest_lr, phase.backbone_lr)}
    # A phase that trains the head alone has no rate for a stage that is thawed by hand: a tenth, as in fine-tuning.
    return {"head_lr": phase.head_lr, "backbone_lr": phase.backbone_lr or phase.head_lr / 10}


def begin(
    model: nn.Module, phase: Phase, recipe: Recipe, optimizer: Optimizer | None, line: int | None = None
) -> tuple[Optimizer, PhaseRow]:
    """Move the freeze line and the learning rates; what trained before keeps its optimizer state.

        >>> optimizer, row = begin(model, recipe.phases[0], recipe, optimizer=None)

    `line`, the number of the first stage that trains, overrules the phase's own: somebody moved it by hand.
    """
    line = freeze_line(model, phase.frozen_share) if line is None else line
    optimizer = move_line(model, line, phase, recipe, optimizer)
    return optimizer, _row(model, phase, line, optimizer.param_groups)


def move_line(
    model: nn.Module, line: int, phase: Phase, recipe: Recipe, optimizer: Optimizer | None = None
) -> Optimizer:
    """Freeze what lies before stage number `line`, and bring the optimizer up to date, or make one.

    >>> optimizer = move_line(model, 4, phase, recipe)
    """
    freeze_to(model, line, bn=recipe.bn)
    arguments = {**learning_rates(phase), "weight_decay": recipe.weight_decay}
    if optimizer is None:
        optimizer = adamw(lr_groups(model, **arguments))
    else:
        update_groups(optimizer, model, **arguments)
    _give_stages_their_own(phase, optimizer.param_groups)
    return optimizer


def adapt(model: nn.Module, recipe: Recipe, seed: int = 0) -> LoraReport | None:
    """Give the model the adapters that the recipe asks for, unless it has just those; returns what was added.

        >>> adapt(model, lora(r=4))

    Raises:
        ValueError: it has others, or has some where the recipe trains the weights beside them.
    """
    there = adapters_of(model)
    if not there:
        return add_adapters(model, recipe.adapters, seed) if recipe.adapters else None
    wanted = recipe.adapters
    if wanted is None or any(
        (one.r, one.scaling, one.lora_dropout.p) != (wanted.r, wanted.scaling, wanted.lora_dropout)
        for one in there.values()
    ):
        asked = f"asks for rank {wanted.r}" if wanted else "trains the weights themselves"
        raise ValueError(
            f"This model has adapters of rank {next(iter(there.values())).r} already, and the recipe '{recipe.name}' "
            f"{asked}. Type merge_lora(model) or remove_lora(model) first (from transferlab.lora)."
        )
    return None


def plan(model: nn.Module, recipe: Recipe) -> tuple[PhaseRow, ...]:
    """What each phase would train, and how fast, on this model, which stays as it is.

    >>> for phase in plan(model, fine_tuning()): print(phase)
    """
    model, rows = copy.deepcopy(model), []
    adapt(model, recipe)
    for phase in recipe.phases:
        line = freeze_line(model, phase.frozen_share)
        freeze_to(model, line, bn=recipe.bn)
        groups = lr_groups(model, **learning_rates(phase))  # no optimizer: the first one of a process takes seconds
        _give_stages_their_own(phase, groups)
        rows.append(_row(model, phase, line, groups))
    return tuple(rows)


def _give_stages_their_own(phase: Phase, groups: list[dict[str, Any]]) -> None:
    for group in groups:
        group["lr"] = phase.stage_lrs.get(group["stage"], group["lr"])


def _row(model: nn.Module, phase: Phase, line: int, groups: list[dict[str, Any]]) -> PhaseRow:
    """Stages below the line count as frozen, although with bn="train" their norms learn on."""
    rates = {group["stage"]: group["lr"] for group in groups}
    rows = tuple(
        StageRow(stage.name, stage.num_parameters, rates.get(stage.name) if i >= line else None)
        for i, stage in enumerate(stages(model))
    )
    return PhaseRow(phase.name, phase.epochs, rows)


def one_cycle(progress: float) -> float:
    """The share of the peak rate after `progress` 0…1 of a phase: up in a line, then down to zero in half a cosine.

    >>> one_cycle(0.15)
    1.0
    """
    if progress < WARM_UP:
        return 0.1 + 0.9 * progress / WARM_UP  # a first step at zero would be lost
    return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


def has_converged(losses: list[float]) -> bool:
    """Whether the training loss made no progress in the last epochs; judged on training data alone.

    >>> has_converged([1.0, 0.5, 0.499, 0.498, 0.499])
    True
    """
    if len(losses) <= PATIENCE:
        return False
    best_before = min(losses[:-PATIENCE])
    return min(losses[-PATIENCE:]) > best_before * (1 - PROGRESS)
