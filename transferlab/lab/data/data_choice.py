"""Data that can be made again: a drawn world, a set of torchvision's, a folder, each with what was edited by hand.

    choice = WorldData("objects", per_class=20, task="hue")
    data = choice.make()
    print(choice.code())       # data = tl.worlds.target("objects", per_class=20, task="hue")

A choice is a frozen record, equal to another that gives the same images, and its code gives them bit for bit. Left out:
sounds, see `sound_choice`; what was made in the notebook, see `given_data`; records on the disk, see `choice_json`.
"""

from dataclasses import dataclass, field, replace

from transferlab.data import worlds
from transferlab.data.folder import folder_splits
from transferlab.data.images import Splits
from transferlab.data.torchvision_sets import torchvision_splits
from transferlab.lab.data.choice_code import budget, budget_code, check_types, folder_stamp, quoted, turned
from transferlab.lab.data.edits import Edits
from transferlab.lab.settings import DataChoice

FEW = 2000  # images of each part of a torchvision set: enough to learn from, read in seconds


@dataclass(frozen=True)
class WorldData:
    """A drawn target and its knobs; see `worlds.target`.

    >>> WorldData("satellite", per_class=10, shortcut=0.9).make().train
    """

    name: str = "objects"
    per_class: int = 20
    task: str = "kind"
    domain_gap: float = 0.0
    shortcut: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_types(self)

    def make(self) -> Splits:
        knobs = {"task": self.task, "domain_gap": self.domain_gap, "shortcut": self.shortcut}
        return worlds.target(self.name, self.per_class, seed=self.seed, **knobs)  # type: ignore[arg-type]

    def code(self) -> str:
        more = turned(self, "task", "domain_gap", "shortcut", "seed")
        return f"data = tl.worlds.target({quoted(self.name)}, per_class={self.per_class}{more})"


@dataclass(frozen=True)
class FolderData:
    """A folder of images; `per_class` of each class to train on, None for all. Paths as `folder_splits` takes them.

        >>> FolderData("flowers").fresh().make().train

    `stamp` says in which state the folder was: two choices of a folder that has changed in between are not equal.
    """

    path: str
    per_class: int | None = None
    size: int = 64
    seed: int = 0
    stamp: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        check_types(self)

    def make(self) -> Splits:
        splits = folder_splits(self.path, size=self.size, seed=self.seed, progress=False)
        return budget(splits, self.per_class, self.seed)

    def code(self) -> str:
        more = turned(self, "size", "seed")
        return f"data = tl.folder_splits({quoted(self.path)}{more})" + budget_code(self.per_class, self.seed)

    def fresh(self) -> "FolderData":
        """This choice with the stamp of the folder as it is now.

        >>> FolderData("flowers").fresh() == FolderData("flowers").fresh()
        True
        """
        return replace(self, stamp=folder_stamp(self.path))


@dataclass(frozen=True)
class TorchvisionData:
    """A data set of torchvision's that lies on the disk; nothing is fetched. `root` as for `torchvision_set`.

    >>> TorchvisionData("CIFAR10", per_class=20).make().train
    """

    name: str
    per_class: int | None = None
    limit: int | None = FEW  # of each part
    root: str | None = None
    size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        check_types(self)

    def make(self) -> Splits:
        splits = torchvision_splits(
            self.name, self.root, self.size, limit=self.limit, seed=self.seed, progress=False
        )  # fmt: skip
        return budget(splits, self.per_class, self.seed)

    def code(self) -> str:
        limit = "" if self.limit is None else f", limit={self.limit}"
        more = f"{limit}{turned(self, 'root', 'size', 'seed')}"
        call = f"data = torchvision_splits({quoted(self.name)}{more})"
        return "from transferlab.data import torchvision_splits\n" + call + budget_code(self.per_class, self.seed)


@dataclass(frozen=True)
class EditedData:
    """Another choice with pictures relabelled or left out.

        >>> EditedData(WorldData("objects"), Edits(dropped=(("train", 7),))).make()

    The budget of the choice is taken first: a picture that is left out is not replaced by another.
    """

    base: DataChoice
    edits: Edits

    def make(self) -> Splits:
        return self.edits.apply(self.base.make())

    def code(self) -> str:
        return "\n".join(part for part in (self.base.code(), self.edits.code()) if part)
