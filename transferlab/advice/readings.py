"""What can be read off features before anything is trained: does this backbone's last stage carry the answers at all?

    read(load("bundled"), data.train).top          # 0.87: the question is nearly answered already

A reading is the accuracy of a ridge probe on kept features, each image left out once (see `layer_probes`): it costs one
pass of the network and no held-out image. Where there is nothing to read it lies below guessing, since the class of the
image that is left out has one image less than the others. Where the last stage reads nothing, and a lower one does, or
one with its places kept, or even a network of random weights, the question is not too hard but asks for what the
pretraining threw away: a task of another structure. Left out: how well what cannot be read could be learnt.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.explain.features import stage_features
from transferlab.layer_probes import ridge
from transferlab.meters import wilson_interval

MOST_IMAGES = 600  # a probe of more is hardly better known, and costs their number cubed


@dataclass(frozen=True)
class Reading:
    """One probe: `places` says whether feature maps were kept as a grid or averaged; accuracies lie within 0…1."""

    stage: str
    places: bool
    accuracy: float
    interval: tuple[float, float]  # 95 %, over images

    @property
    def where(self) -> str:
        """In words: 'layer3 with its places'."""
        return f"{self.stage} with its places" if self.places else self.stage


@dataclass(frozen=True)
class Readings:
    """All probes of a network on one set of images, stem first, and the largest class's share, which is `chance`."""

    each: tuple[Reading, ...]
    chance: float
    num_images: int

    @property
    def top(self) -> Reading:
        """What a head gets to see: the last stage, averaged over its places."""
        return [one for one in self.each if not one.places][-1]

    @property
    def elsewhere(self) -> Reading:
        """The best of the others: lower stages, and the last map with its places."""
        others = [one for one in self.each if one is not self.top]
        return max(others, key=lambda one: one.accuracy) if others else self.top

    @property
    def best(self) -> Reading:
        return max(self.each, key=lambda one: one.accuracy)


def read(model: nn.Module, images: ImageSet, seed: int = 0) -> Readings:
    """A probe behind every stage, and one more on the last map with its places; the model stays as it is.

        >>> read(load("bundled"), worlds.target("objects", task="position").train).elsewhere.where
        'layer3 with its places'

    Of more than 600 images as many of each class are read as make about that number, drawn by `seed`.

    Raises:
        ValueError: the model cannot be tapped between its stages (see `stages.taps`).
    """
    images = at_most(images, MOST_IMAGES, seed)
    labels = images.labels.cpu()
    found, last_map = [], None
    for stage, features in stage_features(model, images).items():
        found.append(reading(stage, False, features.mean, labels, images.num_classes))
        if features.places.shape[1] > features.mean.shape[1]:
            last_map = (stage, features.places)
    if last_map is not None:
        found.insert(-1, reading(last_map[0], True, last_map[1], labels, images.num_classes))
    return Readings(tuple(found), max(images.counts().values()) / len(images), len(images))


def reading(stage: str, places: bool, features: Tensor, labels: Tensor, num_classes: int) -> Reading:
    """The leave-one-out accuracy of a ridge probe on features `(N, D)`, each brought to variance 1.

    >>> reading("layer4", False, features, labels, num_classes=8).accuracy
    0.87
    """
    x = features.double()
    spread = x.std(0, correction=0)
    x = (x - x.mean(0)) / torch.where(spread > 1e-8, spread, 1.0)
    if x.shape[1] > len(x):  # the same angles and lengths in as many dimensions as there are images
        values, vectors = torch.linalg.eigh(x @ x.T)
        x = vectors * values.clamp_min(0).sqrt()
    accuracy = ridge(x, labels, num_classes)[1]
    return Reading(stage, places, accuracy, wilson_interval(accuracy, len(labels)))


def at_most(images: ImageSet, number: int, seed: int = 0) -> ImageSet:
    """About `number` images, each class cut to the same most; the set itself where it is small enough.

    >>> len(at_most(data.train, 600))
    600
    """
    if len(images) <= number:
        return images
    counts, most = sorted(images.counts().values()), number // images.num_classes
    for i, count in enumerate(counts):  # small classes leave room to the larger ones
        most = max(1, (number - sum(counts[:i])) // (len(counts) - i))
        if count > most:
            break
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    labels, taken = images.labels.cpu()[rows], []
    for label in range(images.num_classes):
        taken.append(rows[labels == label][:most])
    return images.subset(torch.cat(taken).sort().values)
