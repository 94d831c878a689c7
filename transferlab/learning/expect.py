"""What a checker may expect of a student's work: on behaviour, never on how it was written.

    from transferlab.learning import expect

    def check(model, data):
        expect.outputs(model, data.train.num_classes)
        expect.frozen(model, "layer1", "layer2")

Each expectation returns nothing where it is met and raises `Unmet`, with a sentence that helps, where it is not. None
of them changes a model. Left out: comparing source code.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import torch
from torch import nn

from transferlab.freezing.parts import Part, StaysInEval, parts_of
from transferlab.heads import head_of, out_features_of
from transferlab.stages import stages


class Unmet(Exception):
    """An expectation that is not met; its text is for the student."""


def true(condition: bool, sentence: str) -> None:
    """The condition holds; else the sentence is said.

    >>> expect.true(run.accuracy > 0.5, "This is hardly better than guessing.")
    """
    if not condition:
        raise Unmet(sentence)


def a(value: Any, kind: type | tuple[type, ...], name: str) -> None:
    """`value` is of this type.

    >>> expect.a(run, Run, "run")
    """
    if not isinstance(value, kind):
        wanted = " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise Unmet(f"`{name}` should be a {wanted}; it is a {type(value).__name__}.")


def number(value: Any, name: str, low: float | None = None, high: float | None = None) -> None:
    """A finite number within `low` … `high`.

    >>> expect.number(accuracy, "accuracy", 0, 1)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise Unmet(f"`{name}` should be a number; it is {value!r}.")
    if low is not None and value < low:
        raise Unmet(f"`{name}` is {value:g}, and should be at least {low:g}.")
    if high is not None and value > high:
        raise Unmet(f"`{name}` is {value:g}, and should be at most {high:g}.")


def close(value: Any, expected: float, within: float, name: str) -> None:
    """A number within so much of what was expected; the expected number is not given away.

    >>> expect.close(share, 0.0007, within=0.0001, name="share")
    """
    number(value, name)
    if abs(value - expected) > within:
        way = "high" if value > expected else "low"
        raise Unmet(f"`{name}` is {value:g}: too {way}.")


def outputs(model: nn.Module, num_classes: int, name: str = "model") -> None:
    """The classifier has one output a class."""
    a(model, nn.Module, name)
    found = out_features_of(head_of(model)[1])
    if found != num_classes:
        raise Unmet(f"The head of `{name}` has {found} outputs, and there are {num_classes} classes.")


def frozen(model: nn.Module, *names: str) -> None:
    """These stages learn nothing: no gradient, and BatchNorm's statistics stay; all but the head where none is named.

    >>> expect.frozen(model, "conv1", "layer1")
    """
    for part in _parts(model, names or _backbone(model)):
        if not part.is_frozen():
            raise Unmet(f"Stage '{part.stage.name}' still trains: some of its parameters ask for gradients.")
        keepers = [one.__dict__.get("train") for one in part.batch_norms]
        if any(not isinstance(one, StaysInEval) or one.bn == "train" for one in keepers):
            raise Unmet(
                f"Stage '{part.stage.name}' has no gradients, but its BatchNorm would still move with every batch once "
                "the model is in training mode. `freeze` takes care of both."
            )


def trains(model: nn.Module, *names: str) -> None:
    """Everything in these stages learns.

    >>> expect.trains(model, "layer4", "fc")
    """
    for part in _parts(model, names):
        if not all(one.requires_grad for one in part.parameters):
            raise Unmet(f"Stage '{part.stage.name}' is frozen: some of its parameters ask for no gradients.")


def same_weights(model: nn.Module, other: nn.Module, *names: str) -> None:
    """These stages are bit for bit the same in both models.

    >>> expect.same_weights(model, load("bundled"), "conv1")
    """
    for one, before in zip(_parts(model, names), _parts(other, names), strict=True):
        for name, mine, theirs in zip(one.stage.parameters, one.parameters, before.parameters, strict=True):
            if not torch.equal(mine.detach().cpu(), theirs.detach().cpu()):
                raise Unmet(f"{name} is no longer what it was in the pretrained model.")


def finite(model: nn.Module, name: str = "model") -> None:
    """No weight is NaN or infinite."""
    for key, value in model.state_dict().items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise Unmet(f"{key} of `{name}` is no number any more: the learning rate was far too high.")


def _backbone(model: nn.Module) -> tuple[str, ...]:
    a(model, nn.Module, "model")
    return tuple(stages(model).names[:-1])


def _parts(model: nn.Module, names: Sequence[str]) -> list[Part]:
    a(model, nn.Module, "model")
    found = {part.stage.name: part for part in parts_of(model, stages(model))}
    missing = [name for name in names if name not in found]
    if missing:
        raise Unmet(f"The model has no stage '{missing[0]}'; its stages are: {', '.join(found)}.")
    return [found[name] for name in names]
