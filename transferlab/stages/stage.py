"""What a stage is: one step of the ordered list that everything in transferlab speaks of.

After fastai's parameter groups and timm's `group_matcher`, with names that a user can type. Left out: how stages are
found (`finding.py`) and what is done with them (freezing, groups, probes).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from transferlab.errors import unknown


@dataclass(frozen=True)
class Stage:
    """One step of a network, from stem to head.

        >>> stages(resnet18())[0]
        Stage('conv1', 9,536 parameters)

    `name` is the name of its first module, as the model itself spells it ('layer3', 'features.5', 'blocks.7').
    `modules` are the dotted names of all its modules, those without parameters included: `('conv1', 'bn1', 'relu',
    'maxpool')`. `parameters` are the dotted names of its parameters; each tensor belongs to exactly one stage, a
    shared one to the first. `depth` counts the layers with a weight matrix or kernel from the input up to and
    including this stage. `is_head` marks the classifier, always the last stage.
    """

    name: str
    modules: tuple[str, ...]
    num_parameters: int
    depth: int
    is_head: bool
    parameters: tuple[str, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        return f"Stage('{self.name}', {self.num_parameters:,} parameters{', head' if self.is_head else ''})"


class Stages(tuple[Stage, ...]):
    """The stages of a model, stem first, head last: a tuple that also knows them by name.

    >>> found = stages(resnet18())
    >>> found.names
    ('conv1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc')
    >>> found.index("layer3")
    3
    >>> print(found)
    """

    __slots__ = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(stage.name for stage in self)

    @property
    def head(self) -> Stage:
        """The classifier's stage."""
        return self[-1]

    def index(self, stage: str | int | Stage) -> int:  # type: ignore[override]
        """The position of a stage given by its name, its number (negative ones count from the head) or itself.

            >>> stages(model).index("layre4")
            ValueError: No stage 'layre4'. This model's stages are: conv1, layer1, … Did you mean 'layer4'?

        Raises:
            ValueError: there is no stage of that name or number.
        """
        if isinstance(stage, Stage):
            stage = stage.name
        if isinstance(stage, str):
            if stage not in self.names:
                raise unknown("stage", stage, self.names, owner="This model's stages are")
            return self.names.index(stage)
        if isinstance(stage, bool) or not isinstance(stage, int):
            raise ValueError(
                f"A stage is given by name, such as '{self.names[-1]}', or by number; you gave {stage!r} "
                f"({type(stage).__name__})."
            )
        if not -len(self) <= stage < len(self):
            numbered = ", ".join(f"{number} {name}" for number, name in enumerate(self.names))
            raise ValueError(f"No stage number {stage}. This model's stages are: {numbered}.")
        return stage % len(self)

    def __str__(self) -> str:
        rows = [(str(i), s.name, f"{s.num_parameters:,}", str(s.depth)) for i, s in enumerate(self)]
        return aligned(("", "stage", "parameters", "depth"), rows, left=(1,))

    __repr__ = __str__


def aligned(header: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """A small table for reports, columns as wide as their widest cell; those in `left` are aligned to the left.

    >>> print(aligned(("stage", "parameters"), [("conv1", "9,408")]))
    stage  parameters
    conv1       9,408
    """
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    cells = [
        [cell.ljust(width) if i in left else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]  # noqa: B905
        for line in lines
    ]
    return "\n".join("  ".join(line).rstrip() for line in cells)
