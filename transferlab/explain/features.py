"""What every stage makes of images, texts or sounds, as vectors: once with its places, once averaged over them.

    features = stage_features(model, data.held_out)
    features["layer3"].places.shape, features["layer3"].mean.shape       # (N, 128 · 4 · 4), (N, 128)

Where things lie matters when two models are compared on the same images; what is there matters when classes are told
apart, and where it lies would only be in the way. One pass gives both. Left out: the head's own output.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.data.labelled import LabelledSet
from transferlab.inference import evaluating, model_input
from transferlab.layer_probes import pooled
from transferlab.randomness import OwnRandomness
from transferlab.stages.taps import taps

GRID = 8  # places a side that a feature map is averaged to before it is compared: enough to see where things are


@dataclass(frozen=True, eq=False)
class StageFeatures:
    """The output of one stage for N images, texts or sounds, float32 on the CPU.

    `places` is `(N, D)`: feature maps on a grid of at most 8×8 places, flattened, sequences with all their tokens.
    `mean` is `(N, C)`: averaged over space or tokens.
    """

    places: Tensor
    mean: Tensor


def stage_features(model: nn.Module, images: LabelledSet, batch_size: int = 100) -> dict[str, StageFeatures]:
    """The outputs of each stage that one tensor alone leaves, stem first; the model stays as it is.

        >>> list(stage_features(load("bundled"), data.held_out))
        ['conv1', 'layer1', 'layer2', 'layer3', 'layer4']

    Raises:
        ValueError: no labelled set, or a model that cannot be tapped between its stages (see `stages.taps`).
    """
    if not isinstance(images, LabelledSet):
        raise ValueError(f"Features are taken from an ImageSet, data.held_out say; you gave {type(images).__name__}.")
    parts: dict[str, tuple[list[Tensor], list[Tensor]]] = {}
    device = str(next(model.parameters()).device)
    # Eval mode before the tracing too, which notes the mode where dropout is a function; and whatever still draws,
    # draws the same each time and nothing from the student's stream.
    with evaluating(model), torch.no_grad(), OwnRandomness(0, device):
        tap = taps(model)
        for start in range(0, len(images), batch_size):
            x = model_input(model, images.rows[start : start + batch_size])
            for stage, features in tap(x).items():
                places, mean = parts.setdefault(stage, ([], []))
                places.append(_on_a_grid(features).float().cpu())
                mean.append(pooled(features).float().cpu())
    return {stage: StageFeatures(torch.cat(places), torch.cat(mean)) for stage, (places, mean) in parts.items()}


def _on_a_grid(features: Tensor) -> Tensor:
    """A batch `(B, …)` as `(B, D)`, maps averaged to a grid where they are finer."""
    if features.ndim == 4:
        if features.shape[1] == features.shape[2] != features.shape[3]:  # (B, H, W, C), as in Swin; see `pooled`
            features = features.permute(0, 3, 1, 2)
        if max(features.shape[2:]) > GRID:
            features = F.adaptive_avg_pool2d(features, GRID)
    return features.flatten(1)
