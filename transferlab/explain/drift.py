"""How far each stage moved from where it began: in its weights, and in what it makes of images.

    for row in stage_drift(load("bundled"), model, images):
        print(row.stage, row.weights, row.similarity)

Weights that moved far may still compute the same, and the other way round; hence both. Nothing is changed. Left out:
which single filters moved.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.data.images import ImageSet
from transferlab.inference import evaluating, model_input
from transferlab.meters import linear_cka
from transferlab.stages import stage_parameters, stages
from transferlab.stages.taps import taps

GRID = 8  # places a side that a feature map is averaged to before it is compared: enough to see where things are


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
    if len(images) < 4:
        raise ValueError(
            f"Similarity is about how images lie to one another: give four or more; you gave {len(images)}."
        )
    found, others = stages(before), stages(after)
    shapes = [
        {name: tuple(p.shape) for stage in part[:-1] for name, p in stage_parameters(model, stage).items()}
        for model, part in ((before, found), (after, others))
    ]
    if found.names[:-1] != others.names[:-1] or shapes[0] != shapes[1]:
        raise ValueError("These are two different architectures. Give the model before and after, load('bundled') say.")
    outputs = [_outputs(model, images, batch_size) for model in (before, after)]
    rows = []
    for stage in found[:-1]:
        old, new = stage_parameters(before, stage), stage_parameters(after, stage)
        moved = sum(
            (new[name].detach().cpu() - p.detach().cpu()).double().square().sum().item() for name, p in old.items()
        )
        size = sum(p.detach().double().square().sum().item() for p in old.values())
        known = stage.name in outputs[0] and stage.name in outputs[1]
        similarity = linear_cka(outputs[0][stage.name], outputs[1][stage.name]) if known else None
        rows.append(StageDrift(stage.name, (moved / size) ** 0.5 if size else 0.0, similarity))
    return tuple(rows)


def _outputs(model: nn.Module, images: ImageSet, batch_size: int) -> dict[str, Tensor]:
    """What each stage makes of each image, as vectors `(N, D)`."""
    tap = taps(model)
    parts: dict[str, list[Tensor]] = {}
    with evaluating(model), torch.no_grad():
        for start in range(0, len(images), batch_size):
            x = model_input(model, images.images[start : start + batch_size])
            for stage, features in tap(x).items():
                if features.ndim == 4 and max(features.shape[2:]) > GRID:
                    features = F.adaptive_avg_pool2d(features, GRID)
                parts.setdefault(stage, []).append(features.flatten(1).cpu())
    return {stage: torch.cat(vectors) for stage, vectors in parts.items()}
