"""How well could one tell the classes apart by what a stage gives? A linear classifier on every stage, all at once.

    for probe in layer_probes(model, data):
        print(probe.stage, probe.accuracy)

One pass over the images feeds all probes. Each is ridge regression on the one-hot labels, solved in closed form (Hoerl
& Kennard 1970): another classifier than the head that a recipe trains, and no rival to it, but one without a learning
rate, so that stages are compared and nothing else. How strongly it is regularised is chosen on the training images
alone, by the exact leave-one-out error. Source: Alain & Bengio, "Understanding intermediate layers using linear
classifier probes" (2016). Left out: probes of single channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.callable_module import make_callable
from transferlab.data.labelled import UNLABELLED, LabelledSet, Splits
from transferlab.inference import evaluating, model_input
from transferlab.meters import accuracy, wilson_interval
from transferlab.stages.taps import taps

STRENGTHS = torch.logspace(-4, 4, 17, dtype=torch.float64)  # of the penalty, for features of variance 1, per image
MOST_CLASSES = 1_000  # of a probe, which solves for one column a class


@dataclass(frozen=True)
class Probe:
    """A linear classifier behind one stage.

    `accuracy` is on the held-out images, within 0…1, with its 95 % interval; `train_accuracy` is leave-one-out, each
    training image judged by a probe that has not seen it. `strength` is the penalty that was chosen.
    """

    stage: str
    num_features: int
    accuracy: float
    interval: tuple[float, float]
    train_accuracy: float
    strength: float


def layer_probes(model: nn.Module, data: Splits, batch_size: int = 250) -> tuple[Probe, ...]:
    """A probe behind every stage that one tensor alone leaves, stem first; the model stays as it is.

        >>> for probe in layer_probes(load("bundled"), data): print(f"{probe.stage:8} {probe.accuracy:.0%}")
        conv1    34%
        …

    Feature maps are averaged over space, sequences over their tokens, texts over the real ones (`model.pooled`). Where
    every position has a label, each of those is an example. The head does not matter.

    Raises:
        ValueError: the model cannot be tapped between its stages (see `stages.taps`), or so many classes that no probe
            can be fitted, as of a whole vocabulary.
    """
    if data.train.num_classes > MOST_CLASSES:
        raise ValueError(
            f"A probe tells at most {MOST_CLASSES:,} classes apart, and here are {data.train.num_classes:,}. Probe "
            "with other labels, such as the kinds of texts."
        )
    train, held_out = (_features(model, images, batch_size) for images in (data.train, data.held_out))
    labels, held_labels = asked(data.train.labels.cpu()), asked(data.held_out.labels.cpu())
    return tuple(
        _probe(stage, train[stage], labels, held_out[stage], held_labels, data.train.num_classes) for stage in train
    )


def asked(labels: Tensor) -> Tensor:
    """The labels of all examples in one row; of positions, of those that have one.

    >>> asked(torch.tensor([[3, 1], [0, -100]]))
    tensor([3, 1, 0])
    """
    return labels if labels.ndim == 1 else labels[labels != UNLABELLED]


def pooled(features: Tensor) -> Tensor:
    """A batch of features as vectors `(B, C)`: averaged over space or tokens.

        >>> pooled(torch.zeros(2, 64, 16, 16)).shape, pooled(torch.zeros(2, 197, 192)).shape
        (torch.Size([2, 64]), torch.Size([2, 192]))

    Four dimensions are `(B, C, H, W)`, or `(B, H, W, C)` where the middle two agree and the last does not, as in Swin.
    """
    if features.ndim == 4:
        last = features.shape[1] == features.shape[2] != features.shape[3]
        return features.mean((1, 2)) if last else features.mean((2, 3))
    return features.mean(1) if features.ndim == 3 else features.flatten(1)


def _features(model: nn.Module, images: LabelledSet, batch_size: int) -> dict[str, Tensor]:
    tap = taps(model)
    by_image = getattr(model, "pooled", pooled)  # a network for texts knows which tokens are padding
    parts: dict[str, list[Tensor]] = {}
    with evaluating(model), torch.no_grad():
        for start in range(0, len(images), batch_size):
            x = model_input(model, images.rows[start : start + batch_size])
            labels = images.labels[start : start + batch_size].to(x.device)
            for stage, features in tap(x).items():
                one = features[labels != UNLABELLED] if images.by_position else by_image(features)
                parts.setdefault(stage, []).append(one.double().cpu())
    return {stage: torch.cat(features) for stage, features in parts.items()}


def _probe(stage: str, x: Tensor, y: Tensor, x_held_out: Tensor, y_held_out: Tensor, num_classes: int) -> Probe:
    spread = x.std(0, correction=0)
    mean, scale = x.mean(0), torch.where(spread > 1e-8, spread, 1.0)
    x, x_held_out = (x - mean) / scale, (x_held_out - mean) / scale
    strength, train_accuracy, weight, bias = ridge(x, y, num_classes)
    found = accuracy(x_held_out @ weight + bias, y_held_out)
    return Probe(stage, x.shape[1], found, wilson_interval(found, len(y_held_out)), train_accuracy, strength)


def ridge(x: Tensor, y: Tensor, num_classes: int) -> tuple[float, float, Tensor, Tensor]:
    """Ridge regression of one-hot labels on centred features `(N, D)`: strength, its accuracy, weight `(D, K)`, bias.

        >>> strength, accuracy, weight, bias = ridge(x - x.mean(0), y, num_classes=8)

    The strength is the one with the best leave-one-out accuracy, the strongest among equals. The error with image i
    left out is its residual divided by `1 − H_ii`, where H is the matrix that gives the fit: no probe is fitted twice.
    """
    targets = nn.functional.one_hot(y, num_classes).to(x)  # (N, K)
    bias = targets.mean(0)
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    projected = u.T @ (targets - bias)  # (R, K)
    best: tuple[float, float, Tensor] | None = None
    for strength in STRENGTHS.flip(0):
        shrunk = s.square() / (s.square() + strength * len(x))  # (R,)
        leverage = u.square() @ shrunk + 1 / len(x)  # the bias sees every image equally
        fitted = bias + u @ (shrunk[:, None] * projected)
        left_out = targets - (targets - fitted) / (1 - leverage).clamp_min(1e-9)[:, None]
        found = accuracy(left_out, y)
        if best is None or found > best[1]:
            best = (strength.item(), found, shrunk / s.clamp_min(1e-12))
    assert best is not None
    weight = vh.T @ (best[2][:, None] * projected)
    return best[0], best[1], weight, bias


make_callable(__name__, layer_probes)
