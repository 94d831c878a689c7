"""What freezing changed, as a table that a learner can read."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from transferlab.freezing.parts import Part, StaysInEval
from transferlab.stages import Stages
from transferlab.stages.stage import aligned


@dataclass(frozen=True)
class FreezeReport:
    """What a call changed, and how the model stands now.

    >>> print(freeze_to(model, "layer4"))
    stage   parameters
    conv1        4,768  frozen     (was trainable)
    …
    fc           1,285  trainable
    trainable: 2,100,997 of 2,800,165 parameters (75.0%); the 15 BatchNorm layers of frozen stages: statistics …
    """

    frozen: tuple[str, ...]
    trainable: tuple[str, ...]
    changed: tuple[str, ...]
    trainable_parameters: int
    total_parameters: int
    bn: str
    stages: Stages
    batch_norms: int = 0  # BatchNorm layers in the frozen stages

    def __str__(self) -> str:
        rows = []
        for stage in self.stages:
            state, before = ("frozen", "trainable") if stage.name in self.frozen else ("trainable", "frozen")
            change = f"(was {before})" if stage.name in self.changed else ""
            rows.append((stage.name, f"{stage.num_parameters:,}", state, change))
        share = self.trainable_parameters / max(1, self.total_parameters)
        last = f"trainable: {self.trainable_parameters:,} of {self.total_parameters:,} parameters ({share:.1%})"
        if self.batch_norms:
            last += f"; the {self.batch_norms} BatchNorm layers of frozen stages: {_BN_MEANING[self.bn]}"
        return f"{aligned(('stage', 'parameters', '', ''), rows, left=(0, 2, 3))}\n{last}"

    __repr__ = __str__  # what a notebook shows at the end of a cell


_BN_MEANING = {
    "frozen": "statistics stand still",
    "recalibrate": "statistics wait for recalibrate(model, batches)",
    "train": "trained, statistics move",
    "mixed": "differ from stage to stage",
}


def report(model: nn.Module, found: Stages, parts: Sequence[Part], before: Sequence[bool]) -> FreezeReport:
    """How the model stands, compared with which of its parts were frozen `before`.

    >>> report(model, found, parts, [part.is_frozen() for part in parts]).changed
    ()
    """
    now = [part.is_frozen() for part in parts]
    frozen = [part for part, is_frozen in zip(parts, now, strict=True) if is_frozen]
    keepers = (module.__dict__.get("train") for part in frozen for module in part.modules)
    modes = {keeper.bn for keeper in keepers if isinstance(keeper, StaysInEval)}
    parameters = list(model.parameters())
    return FreezeReport(
        frozen=tuple(part.stage.name for part in frozen),
        trainable=tuple(part.stage.name for part, is_frozen in zip(parts, now, strict=True) if not is_frozen),
        changed=tuple(part.stage.name for part, a, b in zip(parts, before, now, strict=True) if a != b),
        trainable_parameters=sum(p.numel() for p in parameters if p.requires_grad),
        total_parameters=sum(p.numel() for p in parameters),
        bn=modes.pop() if len(modes) == 1 else "mixed" if modes else "frozen",
        stages=found,
        batch_norms=sum(len(part.batch_norms) for part in frozen),
    )
