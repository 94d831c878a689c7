"""Drift and separability of every stage along a run: how far from the pretrained model, how far apart the classes.

    for row in drift_along(snapshots, load("bundled"), data.held_out):
        print(row.epoch, row.stage, row.weights, row.similarity, row.between)

The measures are those of `drift.py` and `separability.py`; the features of each snapshot are computed once for all of
them. Left out: what happens within an epoch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from transferlab.callable_module import make_callable
from transferlab.data.images import ImageSet
from transferlab.explain.drift import check_enough, check_same_architecture, drift_between
from transferlab.explain.features import stage_features
from transferlab.explain.separability import check_labels, separability
from transferlab.explain.snapshot import Snapshot, model_at


@dataclass(frozen=True)
class RunDrift:
    """One stage after one epoch, compared with the model that the run started from.

    `weights` and `similarity` are those of `StageDrift`; `between`, `accuracy` and `chance` those of
    `StageSeparability`, on the same images, None where more than one tensor leaves the stage.
    """

    epoch: int
    phase: str
    stage: str
    weights: float
    similarity: float | None
    between: float | None
    accuracy: float | None
    chance: float


def drift_along(
    snapshots: Iterable[Snapshot], model: nn.Module, images: ImageSet, batch_size: int = 100
) -> tuple[RunDrift, ...]:
    """A row a snapshot and stage, epochs in the order given, stem first. `model` is what drift is counted from.

        >>> rows = drift_along(snapshots, load("bundled"), data.held_out)
        >>> rows[-1]
        RunDrift(epoch=20, phase='all', stage='layer4', weights=0.029, similarity=0.91, between=0.52, …)

    Its head may be another one than the run's. Nothing is changed.

    Raises:
        ValueError: no snapshots, or of another model; fewer than four images, or classes with a single image.
    """
    chosen = tuple(snapshots)
    if not chosen:
        raise ValueError("There are no snapshots. Type snapshots.keep(record, model) for each record that fit yields.")
    check_labels(images)
    check_enough(images)
    labels = images.labels.cpu()
    start = stage_features(model, images, batch_size)
    rows = []
    for snapshot in chosen:
        then = model_at(model, snapshot)
        check_same_architecture(model, then)
        now = stage_features(then, images, batch_size)
        for drift in drift_between(model, then, start, now):
            features = now.get(drift.stage)
            apart = None if features is None else separability(drift.stage, features.mean, labels)
            rows.append(
                RunDrift(
                    snapshot.epoch, snapshot.phase, drift.stage, drift.weights, drift.similarity,
                    apart.between if apart else None, apart.accuracy if apart else None, 1 / len(labels.unique()),
                )
            )  # fmt: skip
    return tuple(rows)


make_callable(__name__, drift_along)
