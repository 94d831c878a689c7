"""Data that can be made again: a drawn world, a folder, or a torchvision set, as a frozen record with its own code.

choice = WorldData("objects", per_class=20, task="hue")
data = choice.make()
print(choice.code())       # data = tl.worlds.target("objects", per_class=20, task="hue")
"""

from dataclasses import dataclass, fields

from transferlab.data import worlds
from transferlab.data.folder import folder_splits
from transferlab.data.images import Splits


@dataclass(frozen=True)
class WorldData:
    """A drawn target and its knobs; see `worlds.target`."""

    name: str = "objects"
    per_class: int = 20
    task: str = "kind"
    domain_gap: float = 0.0
    shortcut: float = 0.0
    seed: int = 0

    def make(self) -> Splits:
        return worlds.target(
            self.name, self.per_class, task=self.task, domain_gap=self.domain_gap, shortcut=self.shortcut, seed=self.seed
        )  # fmt: skip

    def code(self) -> str:
        turned = {
            one.name: getattr(self, one.name) for one in fields(self)[2:] if getattr(self, one.name) != one.default
        }
        more = "".join(f", {name}={value!r}" for name, value in turned.items())
        return f'data = tl.worlds.target("{self.name}", per_class={self.per_class}{more})'


@dataclass(frozen=True)
class FolderData:
    """A folder of images; `per_class` of each class to train on, None for all."""

    path: str
    per_class: int | None = None
    size: int = 64
    seed: int = 0

    def make(self) -> Splits:
        splits = folder_splits(self.path, size=self.size, seed=self.seed)
        if self.per_class is None:
            return splits
        return Splits(splits.train.per_class(self.per_class, self.seed), splits.held_out, splits.notes)

    def code(self) -> str:
        code = f"data = tl.folder_splits({self.path!r}, size={self.size}, seed={self.seed})"
        if self.per_class is not None:
            code += f"\ndata = tl.Splits(data.train.per_class({self.per_class}, {self.seed}), data.held_out)"
        return code
