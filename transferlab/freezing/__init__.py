"""Freezing by stage: no gradient, and nothing else that moves either.

    freeze_to(model, "layer4")     # layer4 and fc train, everything before stands still

`requires_grad=False` alone does not freeze a network: BatchNorm's running statistics go on drifting in train mode, and
dropout goes on dropping. Frozen here also means eval mode, and it has to outlast every `model.train()`. That is why
each module of a frozen stage gets a `train` of its own, a small object in the instance's `__dict__` (`StaysInEval`)
that takes the place of the method. The alternatives fall short: a forward hook comes too late for whoever looks at
`bn.training` before the first batch; another class for the module would no longer be the student's module; a bound
method pickles as a mere name and loses its override. An object that knows its module goes through `copy.deepcopy` and
`torch.save` and belongs to the copy afterwards. `state_dict()` knows nothing of it, and `unfreeze` deletes it.
A model pickled whole while frozen needs transferlab to be loaded. Left out: freezing parts of a stage, and dropout that
a model's own forward computes as a function (`F.dropout(x, training=self.training)`) between two of its stages.

Sources: fastai `fastai/learner.py` (`freeze_to`) for the verbs; Ioffe & Szegedy (2015) for BatchNorm's two modes.
"""

from collections.abc import Iterable, Sequence

from torch import nn

from transferlab.errors import unknown
from transferlab.freezing.parts import StaysInEval, parts_of
from transferlab.freezing.recalibration import recalibrate
from transferlab.freezing.report import FreezeReport, report
from transferlab.stages import Stage, Stages, stages

__all__ = ["BN_MODES", "FreezeReport", "StaysInEval", "freeze", "freeze_report", "freeze_to", "recalibrate", "unfreeze"]

BN_MODES = ("frozen", "recalibrate", "train")


def freeze(model: nn.Module, *which: str | int | Stage, bn: str = "frozen") -> FreezeReport:
    """Freeze the given stages; without any, everything but the head, which is made trainable.

        >>> freeze(model)                       # feature extraction
        >>> freeze(model, "conv1", "layer1")

    A frozen stage gets no gradient, runs in eval mode after every `model.train()` (dropout and drop path are off) and
    its buffers stay as they are. `bn` says what holds for the BatchNorm layers in it:

    - `"frozen"`: eval mode, running statistics bit-equal;
    - `"recalibrate"`: the same, once `recalibrate(model, batches)` has fitted the statistics to the new images;
    - `"train"`: what fastai does by default (`train_bn=True`): their weights and biases stay trainable and their
      statistics follow the batches. Unlike fastai, dropout is off, and LayerNorm freezes like any other layer.

    Stages that are not named stay as they are. Gradients of what is frozen are dropped, so that an optimizer that still
    holds these parameters leaves them alone.

    Raises:
        ValueError: there is no such stage, no such `bn`, no classifier, or nothing in front of the head.
    """
    found = stages(model)
    if not which:
        if len(found) == 1:
            raise ValueError(f"There is nothing to freeze in front of the head: the only stage is '{found.head.name}'.")
        return freeze_to(model, found.head.name, bn=bn)
    return _apply(model, found, freeze=_indices(found, which), unfreeze=(), bn=_checked(bn))


def freeze_to(model: nn.Module, stage: str | int | Stage, bn: str = "frozen") -> FreezeReport:
    """Draw the freeze line: everything before `stage` is frozen, `stage` and what follows is trainable.

        >>> freeze_to(model, "layer4")
        >>> freeze_to(model, -2)      # by number, as in fastai: the last two stages train
        >>> freeze_to(model, 0)       # nothing is frozen

    For `bn` see `freeze`. Source: fastai's `Learner.freeze_to`, with stages in place of parameter groups.

    Raises:
        ValueError: there is no such stage (a line past the head would leave nothing to train), or no such `bn`.
    """
    found = stages(model)
    if stage == len(found) and not isinstance(stage, bool):
        raise ValueError(
            f"freeze_to({stage}) lies past the head and would leave nothing to train. The last line is "
            f"freeze_to({len(found) - 1}), which trains only the head '{found.head.name}'."
        )
    line = found.index(stage)
    return _apply(model, found, freeze=range(line), unfreeze=range(line, len(found)), bn=_checked(bn))


def unfreeze(model: nn.Module, *which: str | int | Stage, bn: str | None = None) -> FreezeReport:
    """Make the given stages trainable; without any, the whole model.

        >>> unfreeze(model, "layer4")

    `bn` is for the stages that remain frozen; None leaves theirs as it is. What was unfrozen is in the model's own mode
    (train or eval) and bears no trace of having been frozen.

    Raises:
        ValueError: there is no such stage, or no such `bn`.
    """
    found = stages(model)
    remaining: Sequence[int] = ()
    indices = _indices(found, which) if which else range(len(found))
    if bn is not None:
        remaining = [i for i, part in enumerate(parts_of(model, found)) if i not in indices and part.is_frozen()]
    return _apply(model, found, freeze=remaining, unfreeze=indices, bn=_checked(bn or "frozen"))


def freeze_report(model: nn.Module) -> FreezeReport:
    """How the model stands; nothing is changed.

    >>> freeze_report(model).trainable
    ('layer4', 'fc')
    """
    found = stages(model)
    parts = parts_of(model, found)
    return report(model, found, parts, [part.is_frozen() for part in parts])


def _apply(model: nn.Module, found: Stages, freeze: Iterable[int], unfreeze: Iterable[int], bn: str) -> FreezeReport:
    parts = parts_of(model, found)
    before = [part.is_frozen() for part in parts]
    for i in unfreeze:
        parts[i].unfreeze(model.training)
    for i in freeze:
        parts[i].freeze(bn, model.training)
    return report(model, found, parts, before)


def _indices(found: Stages, which: Sequence[str | int | Stage]) -> list[int]:
    return sorted({found.index(stage) for stage in which})


def _checked(bn: str) -> str:
    if bn not in BN_MODES:
        raise unknown("bn", bn, BN_MODES, owner="bn is one of")
    return bn
