"""How far each stage moved from where it began: in its weights, and in what it makes of images.

    for row in stage_drift(load("bundled"), model, images):
        print(row.stage, row.weights, row.similarity)

Weights that moved far may still compute the same, and the other way round; hence both. Nothing is changed. Left out:
which single filters moved; a whole run, see `drift_along.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from transferlab.data.images import ImageSet
from transferlab.explain.features import StageFeatures, stage_features
from transferlab.meters import linear_cka
from transferlab.stages import stage_parameters, stages


@dataclass(frozen=True)
class StageDrift:
    """How one stage differs between two models.

    `weights` is `‖w − w₀‖ / ‖w₀‖` over all its parameters. `similarity` is the linear CKA of what it makes of the
    images, 1 for the same up to rotation and scale; None where more than one tensor leaves the stage.
    """

    stage: str
    weights: float
    similarity: float | None


def stage_drift(before: nn.Module, after: nn.Module, images: ImageSet, batch_size: int = 100) -> tuple[StageDrift, ...]:
    """Drift of every stage in front of the head, stem first. The heads may differ, the backbones' shapes may not.

        >>> stage_drift(load("bundled"), tuned, data.held_out)[-1]
        StageDrift(stage='layer4', weights=0.18, similarity=0.83)

    Raises:
        ValueError: two architectures, or fewer than four images.
    """
    check_enough(images)
    check_same_architecture(before, after)
    features = [stage_features(model, images, batch_size) for model in (before, after)]
    return drift_between(before, after, features[0], features[1])


def check_enough(images: ImageSet) -> None:
    """Raises ValueError where there are fewer than four images."""
    if len(images) < 4:
        raise ValueError(
            f"Similarity is about how images lie to one another: give four or more; you gave {len(images)}."
        )


def check_same_architecture(before: nn.Module, after: nn.Module) -> None:
    """Raises ValueError where anything in front of the heads has another name or shape."""
    parts = [stages(model)[:-1] for model in (before, after)]
    shapes = [
        {name: tuple(p.shape) for stage in part for name, p in stage_parameters(model, stage).items()}
        for model, part in zip((before, after), parts, strict=True)
    ]
    if [stage.name for stage in parts[0]] != [stage.name for stage in parts[1]] or shapes[0] != shapes[1]:
        raise ValueError("These are two different architectures. Give the model before and after, load('bundled') say.")


def drift_between(
    before: nn.Module, after: nn.Module, old: Mapping[str, StageFeatures], new: Mapping[str, StageFeatures]
) -> tuple[StageDrift, ...]:
    """`stage_drift` for two models of one architecture whose features are known already.

    >>> drift_between(before, after, stage_features(before, images), stage_features(after, images))
    """
    rows = []
    for stage in stages(before)[:-1]:
        weights = stage_parameters(before, stage), stage_parameters(after, stage)
        moved = sum(
            (weights[1][name].detach().cpu() - p.detach().cpu()).double().square().sum().item()
            for name, p in weights[0].items()
        )
        size = sum(p.detach().double().square().sum().item() for p in weights[0].values())
        known = stage.name in old and stage.name in new
        similarity = linear_cka(old[stage.name].places, new[stage.name].places) if known else None
        rows.append(StageDrift(stage.name, (moved / size) ** 0.5 if size else 0.0, similarity))
    return tuple(rows)
