"""Symptoms of learning rates: losses that leap, weights that went far and know less, scales that nobody reads."""

import math

import torch

from transferlab.backbones.card import card_of
from transferlab.meters import wilson_interval
from transferlab.museum.evidence import Evidence
from transferlab.museum.report import CERTAIN, SUSPECTED, Finding, Unexamined

LEAP = 2.0  # times the loss of guessing and of the first batch: 1.12 was the most in 48 healthy trainings, 2.6 at × 100
FAR = 0.5  # ‖w − w₀‖ / ‖w₀‖ of the backbone: 0.12 at most without this bug, 5.5 with it


def rate_too_high(evidence: Evidence) -> Finding | Unexamined | None:
    """Losses far above guessing after the first batch, or a backbone that went far and tells less apart than before.

    >>> rate_too_high(evidence).numbers["drift"]
    5.2
    """
    losses = [float(loss) for loss in evidence.losses or ()]
    guessing = math.log(evidence.num_classes)
    numbers: dict[str, float] = {"guessing": guessing}
    seen, sure = [], SUSPECTED
    if losses:
        broken = [loss for loss in losses if not math.isfinite(loss)]
        peak = max(losses[1:] or losses)
        numbers |= {"first": losses[0], "peak": peak}
        if broken:
            seen.append(f"{len(broken)} of {len(losses)} losses are not finite")
            sure = CERTAIN
        elif peak > LEAP * max(guessing, losses[0]):
            seen.append(
                f"the loss began at {losses[0]:.2f} and leapt to {peak:.3g}, where guessing costs {guessing:.2f}"
            )
    drift = _drift(evidence)
    if drift is not None:
        numbers["drift"] = drift
        if not math.isfinite(drift) or drift > FAR:
            worse = _knows_less(evidence, numbers)
            seen.append(f"the backbone moved by {drift:.2f} times its own size")
            if worse:
                seen.append(
                    f"a linear probe on its features gets {numbers['after']:.0%} where it got {numbers['before']:.0%}"
                )
                sure = CERTAIN
            elif not (losses and len(seen) > 1):
                seen.pop()  # far, but none the worse for it
    if seen:
        rates = sorted({group["lr"] for group in evidence.optimizer.param_groups}) if evidence.optimizer else []
        at = f" at a rate of {rates[-1]:.0e}" if rates else ""
        remedy = "Start again from the pretrained weights with a hundredth of the learning rate; lr_find shows which."
        text = ", and ".join(seen)
        return Finding("rate_too_high", f"{text[0].upper()}{text[1:]}{at}.", numbers, sure, remedy)
    if not losses and drift is None:
        return Unexamined("rate_too_high", "give losses=, one a batch, and before=, the state before training")
    return None


def _drift(evidence: Evidence) -> float | None:
    """`‖w − w₀‖ / ‖w₀‖` of the weights in front of the head; None where they are not known or were random anyway."""
    card = card_of(evidence.model) if evidence.model is not None else None
    if evidence.model is None or evidence.start is None or (card is not None and not card.pretrained):
        return None
    moved = size = 0.0
    for name, parameter in evidence.model.named_parameters():
        if name in evidence.start and name not in evidence.head_names:
            old = evidence.start[name].detach().cpu().double()
            moved += (parameter.detach().cpu().double() - old).square().sum().item()
            size += old.square().sum().item()
    return (moved / size) ** 0.5 if size else None


def _knows_less(evidence: Evidence, numbers: dict[str, float]) -> bool:
    """Whether the features tell the held-out classes apart less well than before, beyond the luck of the images."""
    assert evidence.model is not None
    images = evidence.data.held_out
    if not all(torch.isfinite(parameter).all() for parameter in evidence.model.parameters()):
        before, guessing = evidence.told_apart(evidence.pretrained, images.images, images.labels)
        numbers |= {"before": before, "after": guessing}
        return True
    models = {"before": evidence.pretrained, "after": evidence.model}
    numbers |= {name: evidence.told_apart(model, images.images, images.labels)[0] for name, model in models.items()}
    return numbers["after"] < wilson_interval(numbers["before"], len(images))[0]


def lr_scale_ignored(evidence: Evidence) -> Finding | Unexamined | None:
    """Parameter groups with different `lr_scale` and one and the same `lr`.

    >>> lr_scale_ignored(evidence).numbers["lowest_scale"]
    0.0156
    """
    if evidence.optimizer is None:
        return Unexamined("lr_scale_ignored", "give optimizer=")
    groups = [group for group in evidence.optimizer.param_groups if "lr_scale" in group]
    scales = sorted({float(group["lr_scale"]) for group in groups})
    rates = sorted({float(group["lr"]) for group in groups})
    if len(scales) < 2 or len(rates) > 1:
        return None
    if rates[0] == 0:
        return Unexamined("lr_scale_ignored", "all rates are 0 by now; give the optimizer as it is while it trains")
    return Finding(
        "lr_scale_ignored",
        f"{len(groups)} parameter groups carry lr_scale from {scales[0]:.3g} to {scales[-1]:.3g}, and all of them "
        f"learn at lr {rates[0]:.3g}.",
        {"groups": len(groups), "lowest_scale": scales[0], "highest_scale": scales[-1], "lr": rates[0]},
        CERTAIN,
        "Multiply it in: for group in optimizer.param_groups: group['lr'] *= group['lr_scale']. Or use "
        "lr_groups(model, head_lr=1e-3, layer_decay=0.7), whose groups carry a true lr.",
    )
