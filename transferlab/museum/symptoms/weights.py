"""Symptoms in the weights: what moved although it was frozen, and what stood still although it was to learn.

Each is a comparison with the state before training, bit for bit.
"""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from transferlab.freezing import StaysInEval
from transferlab.museum.evidence import Evidence
from transferlab.museum.report import CERTAIN, SUSPECTED, Finding, Unexamined
from transferlab.stages import stage_parameters, stages

BEFORE = "give before=, the model or its state_dict() from before training"


def statistics_drift(evidence: Evidence) -> Finding | Unexamined | None:
    """BatchNorm layers whose parameters are frozen and whose running statistics moved all the same.

    >>> statistics_drift(evidence).numbers["layers"]
    20
    """
    model, start = evidence.model, evidence.start
    if model is None:
        return Unexamined("statistics_drift", "give the model")
    modules = dict(model.named_modules())
    layers = {
        name: module
        for name, module in modules.items()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    }
    if not layers:
        return None
    if start is None:
        return Unexamined("statistics_drift", BEFORE)
    shifts, factors = {}, {}
    for name, layer in layers.items():
        owner: nn.Module = layer if list(layer.parameters()) else modules[name.rpartition(".")[0]]
        frozen = not any(parameter.requires_grad for parameter in owner.parameters())
        keeper = layer.__dict__.get("train")
        if isinstance(keeper, StaysInEval) and keeper.bn != "frozen":
            continue  # meant to move
        key = f"{name}.running_mean"
        assert layer.running_mean is not None
        assert layer.running_var is not None
        if frozen and key in start and not evidence.stood_still(key, layer.running_mean):
            old = start[f"{name}.running_var"].cpu() + layer.eps
            shifts[name] = ((layer.running_mean.cpu() - start[key].cpu()).square() / old).mean().sqrt().item()
            factors[name] = ((layer.running_var.cpu() + layer.eps) / old).log().abs().mean().exp().item()
    if not shifts:
        return None
    worst = max(shifts, key=lambda name: shifts[name])
    return Finding(
        "statistics_drift",
        f"{len(shifts)} of {len(layers)} BatchNorm layers are frozen, and their running statistics are not those from "
        f"before training; the furthest, '{worst}', moved by {shifts[worst]:.2f} standard deviations, and its "
        f"variances changed by a factor of {factors[worst]:.2f}.",
        {"layers": len(shifts), "of": len(layers), "shift": shifts[worst], "factor": factors[worst]},
        CERTAIN,
        "Put what is frozen into eval mode after every model.train(), for instance by freeze(model) in place of "
        "requires_grad = False. If they were meant to move, say so: freeze(model, bn='recalibrate').",
    )


def unfrozen_too_late(evidence: Evidence) -> Finding | Unexamined | None:
    """Parameters that may learn, and that no optimizer knows.

    >>> unfrozen_too_late(evidence).numbers["tensors"]
    15
    """
    model, optimizer = evidence.model, evidence.optimizer
    if model is None:
        return Unexamined("unfrozen_too_late", "give the model")
    body = {name: p for name, p in model.named_parameters() if name not in evidence.head_names}
    trainable = {name: p for name, p in body.items() if p.requires_grad}
    if not trainable:
        return None
    if optimizer is not None:
        known = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        idle = {name: p for name, p in trainable.items() if id(p) not in known}
        if evidence.start is not None:  # an optimizer of an earlier phase may have trained them
            idle = {name: p for name, p in idle.items() if name not in evidence.start or evidence.stood_still(name, p)}
        why = "are not in the optimizer"
        # Where nothing was ever frozen, somebody may simply have meant to train the head alone.
        sure = CERTAIN if len(trainable) < len(body) else SUSPECTED
    elif evidence.start is not None:
        # A single tensor can stand still for many reasons; a whole stage with gradients does not, while others learn.
        moved = any(
            name in evidence.start and not evidence.stood_still(name, p) for name, p in model.named_parameters()
        )
        still = [
            stage_parameters(model, stage)
            for stage in (stages(model)[:-1] if moved else ())
            if all(p.requires_grad and evidence.stood_still(n, p) for n, p in stage_parameters(model, stage).items())
        ]
        idle = {name: p for part in still for name, p in part.items()}
        why, sure = "are bit for bit what they were before training", SUSPECTED
    else:
        return Unexamined("unfrozen_too_late", f"give optimizer=, or {BEFORE}")
    if not idle:
        return None
    modules = list(dict.fromkeys(name.split(".")[0] for name in idle))
    number = sum(p.numel() for p in idle.values())
    return Finding(
        "unfrozen_too_late",
        f"{len(idle)} parameter tensors ({number:,} numbers, in {', '.join(modules)}) may learn and {why}.",
        {"tensors": len(idle), "parameters": number},
        sure,
        "After unfreezing type update_groups(optimizer, model), or optimizer.add_param_group, or freeze them.",
    )


def frozen_head(evidence: Evidence) -> Finding | Unexamined | None:
    """A head that was never trained.

    >>> frozen_head(evidence).sure
    'certain'
    """
    model = evidence.model
    if model is None:
        return Unexamined("frozen_head", "give the model")
    head = {name: p for name, p in model.named_parameters() if name in evidence.head_names}
    if not head:
        return Unexamined("frozen_head", "this model has no head that can be found")
    frozen = not any(parameter.requires_grad for parameter in head.values())
    start = evidence.start or {}
    if any(name in start for name in head):
        if not all(evidence.stood_still(name, parameter) for name, parameter in head.items() if name in start):
            return None
        seen, sure = "is bit for bit what it was before training", CERTAIN
    elif frozen:
        seen, sure = "gets no gradient", SUSPECTED
    else:
        return None
    owner = next(iter(head)).rpartition(".")[0]
    because = ", and its requires_grad is False" if frozen and sure == CERTAIN else ""
    return Finding(
        "frozen_head",
        f"The head '{owner}', {sum(p.numel() for p in head.values()):,} numbers, {seen}{because}.",
        {"tensors": len(head), "requires_grad": float(not frozen)},
        sure,
        f"Type model.{owner}.requires_grad_(True) before the optimizer is made, and make the head after freezing.",
    )
