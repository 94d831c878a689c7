"""What a run of the lab is set to: backbone, data, recipe and the student's own numbers, as one frozen record.

    settings = Settings(recipe="mine", line="layer4", stage_lrs={"fc": 1e-3, "layer4": 1e-4}, epochs=10)
    recipe = settings.to_recipe(stage_names)

A named recipe has its own freeze lines and rates; whoever moves one of them trains by a recipe of their own, "mine":
one phase, from `line` on, each stage at its rate. Left out: what is done while a run is on, which the run records.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import nn

from transferlab.data.images import Splits
from transferlab.errors import check_learning_rate, unknown
from transferlab.keep_methods import EWC, L2SP, KeepMethod, LwF, Replay
from transferlab.recipes import RECIPES, Phase, Recipe

MINE = "mine"
RECIPE_NAMES = (*RECIPES, MINE)
KEEP_METHODS: dict[str, type[KeepMethod]] = {"L2SP": L2SP, "EWC": EWC, "LwF": LwF, "Replay": Replay}
REHEARSED = ("EWC", "Replay")  # look at source images that are never measured on
REHEARSAL = 5  # of each source class


class DataChoice(Protocol):
    """Data that can be made again: what `data_choice.py` offers, or `GivenData` of `given_data.py`."""

    def make(self) -> Splits:
        """The images."""

    def code(self) -> str:
        """The line of Python that makes them."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run; the same settings give the same run, bit for bit on a CPU.

    `backbone` is a name for `load`, or a model of your own. `line`, the first stage that trains, `stage_lrs` and
    `epochs` hold for the recipe "mine"; `length` shortens or lengthens a named recipe (0.5 is half of its epochs).

    Raises:
        ValueError: something that no run could be trained with.
    """

    backbone: str | nn.Module = "bundled"
    data: DataChoice | None = None
    recipe: str = "fine_tuning"
    length: float = 1.0
    line: str | None = None
    stage_lrs: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 10
    schedule: str = "one_cycle"
    bn: str = "frozen"
    batch_size: int = 32
    keep: str | None = None
    seed: int = 0
    device: str = "cpu"
    measurements_per_epoch: int = 4

    def __post_init__(self) -> None:
        if self.recipe not in RECIPE_NAMES:
            raise unknown("recipe", self.recipe, RECIPE_NAMES, owner="The recipes are")
        if self.keep is not None and self.keep not in KEEP_METHODS:
            raise unknown("way to keep the source task", self.keep, list(KEEP_METHODS), owner="The ways are")
        if self.bn not in ("frozen", "train"):
            raise unknown("bn", self.bn, ["frozen", "train"])
        whole = {"epochs": (1, 500), "batch_size": (2, 4096), "seed": (0, 2**31), "measurements_per_epoch": (0, 50)}
        for name, (least, most) in whole.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise ValueError(f"{name} is a whole number of {least} … {most}; you gave {value!r}.")
        if isinstance(self.length, bool) or not isinstance(self.length, int | float) or not 0 < self.length <= 10:
            raise ValueError(f"length is a factor on the recipe's epochs, above 0 and at most 10; not {self.length!r}.")
        for stage, lr in self.stage_lrs.items():
            check_learning_rate(lr, f"the rate of '{stage}'")

    def changed(self, **changes: Any) -> "Settings":
        """Other settings with these changes.

        >>> settings.changed(epochs=5)
        """
        names = [one.name for one in dataclasses.fields(self)]
        for name in changes:
            if name not in names:
                raise unknown("setting", name, names, owner="The settings are")
        return dataclasses.replace(self, **changes)

    @property
    def starts_from_random(self) -> bool:
        return self.recipe == "from_scratch"

    @property
    def keep_method(self) -> KeepMethod | None:
        """The way to keep the source task, with its usual numbers; from random weights there is nothing to keep."""
        return KEEP_METHODS[self.keep]() if self.keep and not self.starts_from_random else None

    def to_recipe(self, stages: Sequence[str]) -> Recipe:
        """The recipe for a model of these stages, stem first, head last.

        >>> settings.to_recipe(("conv1", "layer1", "fc"))
        """
        if self.recipe != MINE:
            named = RECIPES[self.recipe](bn=self.bn, batch_size=self.batch_size, keep=self.keep_method)
            return named if self.length == 1 else named.shortened(self.length)
        return Recipe(
            MINE, (self._phase(stages),), bn=self.bn, batch_size=self.batch_size, keep=self.keep_method
        )  # fmt: skip

    def _phase(self, stages: Sequence[str]) -> Phase:
        line = self.line if self.line is not None else stages[-1]
        for stage in (line, *self.stage_lrs):
            if stage not in stages:
                raise unknown("stage", stage, stages, owner="This model's stages are")
        head_lr = self.stage_lrs.get(stages[-1], 1e-3)
        share = stages.index(line) / max(1, len(stages) - 1)
        rates = {stage: lr for stage, lr in self.stage_lrs.items() if stage != stages[-1]}
        return Phase(MINE, share, self.epochs, head_lr, stage_lrs=rates, schedule=self.schedule)
