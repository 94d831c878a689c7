"""One backbone, one data set, several recipes side by side: the job behind `transferlab run`.

Every recipe starts from the same weights and sees the same images in the order its seed gives. Left out: budgets and
sweeps, which are experiments.
"""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import nn

from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data import worlds
from transferlab.data.folder import folder_splits
from transferlab.data.images import ImageSet, Splits
from transferlab.errors import did_you_mean
from transferlab.forgetting import SourceMemory, remember
from transferlab.heads import replace_head
from transferlab.phases import plan
from transferlab.randomness import OwnRandomness
from transferlab.recipes import Recipe
from transferlab.records import Epoch, Measurement, PhaseRow, Run, Step
from transferlab.training import fit


def find_data(given: str, per_class: int | None, size: int, seed: int) -> Splits:
    """A drawn target by its name, or a folder of images.

        >>> find_data("objects", per_class=20, size=64, seed=0)
        >>> find_data("ants_and_bees/", per_class=None, size=64, seed=0)

    Raises:
        ValueError: neither a target nor a folder has this name.
    """
    if given in worlds.TARGETS:
        return worlds.target(given, per_class=20 if per_class is None else per_class, seed=seed, size=size)
    if not Path(given).is_dir():
        raise ValueError(
            f"No data '{given}': it is neither a folder nor a drawn target. The targets are: "
            f"{', '.join(worlds.TARGETS)}.{did_you_mean(given, worlds.TARGETS)}"
        )
    splits = folder_splits(given, size=size, seed=seed)
    if per_class is None:
        return splits
    return Splits(splits.train.per_class(per_class, seed), splits.held_out, splits.notes)


class Comparison:
    """Recipes on one backbone and one data set, ready to run.

    >>> comparison = Comparison("bundled", find_data("objects", 20, 64, 0), [feature_extraction()], seed=0)
    >>> for recipe, record in comparison.records(): ...
    >>> comparison.runs

    Below `checkpoints` each run is saved in a folder of its own after each epoch; with `resume` those that were begun
    there go on, and those that were finished are read.
    """

    def __init__(
        self, backbone: str, data: Splits, recipes: Sequence[Recipe], seed: int = 0, device: str = "cpu",
        probes_per_class: int = 5, checkpoints: Path | None = None, resume: bool = False,
    ) -> None:  # fmt: skip
        self.backbone, self.data, self.recipes, self.seed, self.device = backbone, data, recipes, seed, device
        self.checkpoints, self.resume = checkpoints, resume
        self.runs: list[Run] = []
        self.models: dict[str, nn.Module] = {}  # by recipe, as far as they were trained
        self.pretrained = self.memory = None
        if any(recipe.starts_from == "pretrained" for recipe in recipes):
            self.pretrained = load(backbone)
            self.memory = _memory(self.pretrained, data.held_out, probes_per_class)

    def model(self, recipe: Recipe) -> nn.Module:
        """Fresh weights for one recipe: the pretrained ones, or random ones, with a new head."""
        num_classes = self.data.train.num_classes
        if recipe.starts_from == "random":
            with OwnRandomness(self.seed):
                return load(self.backbone, num_classes=num_classes, pretrained=False)
        model = copy.deepcopy(self.pretrained)
        assert model is not None
        replace_head(model, num_classes, seed=self.seed)
        return model

    def plans(self) -> dict[str, tuple[PhaseRow, ...]]:
        """What each recipe will train, stage by stage."""
        return {recipe.name: plan(self.model(recipe), recipe) for recipe in self.recipes}

    def records(self) -> Iterator[tuple[Recipe, Step | Measurement | Epoch | Run]]:
        """Train one recipe after another; every record comes with its recipe, and finished runs gather in `runs`."""
        for recipe in self.recipes:
            memory = self.memory if recipe.starts_from == "pretrained" else None
            folder = self.checkpoints / f"{recipe.name}-seed-{self.seed}" if self.checkpoints else None
            model = self.models[recipe.name] = self.model(recipe)
            records = fit(
                model, self.data, recipe, memory=memory, seed=self.seed, device=self.device,
                checkpoints=folder, resume=self.resume,
            )  # fmt: skip
            for record in records:
                if isinstance(record, Run):
                    self.runs.append(record)
                yield recipe, record


def _memory(model: nn.Module, probes: ImageSet, per_class: int) -> SourceMemory:
    """Accuracy on drawn source images where the backbone has some, else agreement on the held-out images."""
    card = card_of(model)
    if card and card.name == "bundled":
        return remember(model, per_class=per_class)
    return remember(model, probes)
