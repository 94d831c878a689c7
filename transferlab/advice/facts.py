"""What is measured of data and backbone before anything is trained: the numbers that advice is made of.

    facts = facts_of(worlds.target("objects"), load("bundled"))
    facts.pretrained.top.accuracy, facts.look.value, facts.minutes["fine_tuning"]

Only training images are looked at, so that held-out accuracy stays honest. Left out: whether labels are right, and
whether the images are those that the question is about.
"""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from transferlab.advice.distance import LookDistance, look_distance
from transferlab.advice.likeness import Situation, situation_of
from transferlab.advice.menu import MENU
from transferlab.advice.readings import Readings, at_most, read
from transferlab.advice.times import minutes_of
from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data import worlds
from transferlab.data.folder_report import fingerprint
from transferlab.data.images import ImageSet, Splits
from transferlab.randomness import OwnRandomness

SOURCE_SEED = 30_000  # drawn images of the source that neither pretraining nor the measure of forgetting has seen
LOOKED_AT = 400  # images for the distance: more change its second digit no more


@dataclass(frozen=True)
class Facts:
    """Everything that advice rests on; sizes in pixels, minutes by strategy, None where it cannot be measured.

    `pretrained` and `random` are the readings of the backbone and of its twin with random weights. `copies` counts
    training images that are there already, `leaked` the held-out ones that are in training too, `conflicts` the
    pictures that lie in two classes.
    """

    data: str
    backbone: str
    is_pretrained: bool
    counts: Mapping[str, int]
    num_held_out: int
    image_size: tuple[int, int]
    input_size: int | None
    label_safe: tuple[str, ...]
    task: str | None
    pretrained: Readings
    random: Readings | None
    look: LookDistance | None
    source_look: LookDistance | None
    copies: int
    leaked: int
    conflicts: int
    minutes: Mapping[str, float]

    @property
    def num_train(self) -> int:
        return sum(self.counts.values())

    @property
    def num_classes(self) -> int:
        return len(self.counts)

    @property
    def per_class(self) -> float:
        """Images of the class in the middle."""
        return statistics.median(self.counts.values())

    @property
    def imbalance(self) -> float:
        """How many times the smallest class goes into the largest."""
        return max(self.counts.values()) / min(self.counts.values())

    @property
    def situation(self) -> Situation:
        return situation_of(self.pretrained, self.random, self.per_class)


def facts_of(data: Splits, model: nn.Module, task: str | None = None, device: str = "cpu") -> Facts:
    """Measure them: three passes over at most 600 images, and a few batches of training; model and data stay.

        >>> facts_of(data, load("bundled")).situation
        Situation(probe=0.82, top=0.8, elsewhere=0.81, random=0.24, per_class=20)

    Raises:
        ValueError: the model cannot be tapped between its stages, or has no head to replace.
    """
    card = card_of(model)
    twin = random_twin(model)
    menu = {name: recipe for name, recipe in MENU.items() if recipe.starts_from == "pretrained" or twin is not None}
    seen = prints(data.train)
    train = set(seen)
    labelled = set(zip(seen, data.train.labels.tolist(), strict=True))
    has_source = card is not None and card.name == "bundled"
    source = worlds.source(per_class=5, seed=SOURCE_SEED, size=card.input_size) if card and has_source else None
    return Facts(
        data=data.train.name or "images",
        backbone=card.name if card else type(model).__name__,
        is_pretrained=card is None or card.pretrained,
        counts=data.train.counts(),
        num_held_out=len(data.held_out),
        image_size=data.train.size,
        input_size=card.input_size if card else None,
        label_safe=data.train.label_safe,
        task=task,
        pretrained=read(model, data.train),
        random=read(twin, data.train) if twin is not None else None,
        look=look_distance(model, at_most(data.train, LOOKED_AT)),
        source_look=look_distance(model, source) if source else None,
        copies=len(data.train) - len(train),
        leaked=sum(one in train for one in prints(data.held_out)),
        conflicts=len(labelled) - len(train),
        minutes=minutes_of(menu, model, data, device),
    )


def random_twin(model: nn.Module) -> nn.Module | None:
    """The same network with random weights, the same ones each time; None for a network that `load` did not make.

    >>> random_twin(load("bundled")).card.weights
    'random'
    """
    card = card_of(model)
    if card is None:
        return None
    device = next(model.parameters()).device
    with OwnRandomness(0):
        return load(card.name, pretrained=False).to(device)


def prints(images: ImageSet) -> list[str]:
    """A hash of each image's pixels.

    >>> len(set(prints(data.train)))
    160
    """
    return [fingerprint(one.contiguous().cpu().numpy()) for one in images.images]
