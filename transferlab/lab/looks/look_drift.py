"""A look at how far each stage has moved from where it began, and at how well it tells the classes apart.

    DriftLook(start, data.held_out)(model).facts["stages"][-1]
    {'stage': 'layer4', 'weights': 0.18, 'similarity': 0.83, 'between': 0.52}

Weights that moved far may still compute the same, and the other way round; hence both, on the same few images each
time. Left out: what it means; see `explain/drift.py`.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.data.labelled import LabelledSet
from transferlab.explain.drift import check_same_architecture, drift_between
from transferlab.explain.features import StageFeatures, stage_features
from transferlab.explain.separability import between_share
from transferlab.lab.looks.look import some_images
from transferlab.lab.previews import Frame

MOST_IMAGES = 64  # enough for CKA to be steady, and one batch
LEAST_IMAGES = 4


class DriftLook:
    """Every stage in front of the head, compared with the same stage before training.

        >>> DriftLook(load("bundled"), data.held_out)(model).facts["num_images"]
        64

    A stage's facts: `weights` is ‖w − w₀‖ / ‖w₀‖, `similarity` the linear CKA of what it makes of the images with what
    it made of them before, `between` the share of variance that lies between the classes; the last two are None where
    they cannot be had (a stage that several tensors leave, fewer than four images, a class with one image), and all
    where a network that diverged has no numbers any more.
    """

    def __init__(self, start: nn.Module, images: LabelledSet) -> None:
        self.start = start
        self.images = images.subset(some_images(images, MOST_IMAGES).sort().values)
        self.asked: Mapping[str, Any] = {}
        self._features: dict[str, StageFeatures] | None = None

    def __call__(self, model: nn.Module) -> Frame:
        check_same_architecture(self.start, model)
        features = stage_features(model, self.images)
        return self._frame(model, features)

    def before(self) -> Frame:
        """The start itself: nothing has moved."""
        return self._frame(self.start, self._start_features())

    def _frame(self, model: nn.Module, features: dict[str, StageFeatures]) -> Frame:
        alike = len(self.images) >= LEAST_IMAGES
        labels, kept = self._labels()
        rows = []
        for row in drift_between(self.start, model, self._start_features(), features):
            own = features.get(row.stage)
            between = between_share(own.mean[kept].double(), labels) if own is not None and len(labels) else None
            rows.append({
                "stage": row.stage,
                "weights": _number(row.weights),
                "similarity": _number(row.similarity) if alike else None,
                "between": _number(between),
            })  # fmt: skip
        return Frame(facts={"asked": {}, "stages": rows, "num_images": len(self.images), "noun": self.images.noun})

    def _start_features(self) -> dict[str, StageFeatures]:
        if self._features is None:
            self._features = stage_features(self.start, self.images)
        return self._features

    def _labels(self) -> tuple[Tensor, Tensor]:
        """The classes 0 … K-1 that can be told apart, of the images that `kept` names: two or more of each."""
        labels = self.images.labels.cpu()
        if self.images.by_position:
            return labels[:0, 0], labels[:0, 0]
        counts = torch.bincount(labels, minlength=self.images.num_classes)
        kept = torch.nonzero(counts[labels] >= 2).flatten()
        present, y = torch.unique(labels[kept], return_inverse=True)
        return (y, kept) if len(present) >= 2 else (y[:0], kept[:0])


def _number(value: float | None) -> float | None:
    """What JSON can hold."""
    return value if value is not None and isfinite(value) else None
