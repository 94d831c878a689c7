"""How well the classes lie apart in what each stage makes of images: two numbers without anything to train.

    for row in stage_separability(model, data.held_out):
        print(row.stage, row.between, row.accuracy)

Features are averaged over space: on a grid, where a thing lies would count as a difference within its class, and a
stage that averages by itself, mostly the last, would seem to leap ahead.

The first number is the share of their variance that lies between the classes, as Kelley, "An unbiased correlation ratio
measure" (1935) corrects it: ε², here with the variances of all dimensions added up, as in Anderson, "A new method for
non-parametric multivariate analysis of variance" (2001). The uncorrected share η² is (K − 1) / (N − 1) where there is
nothing to find, 0.18 for 8 classes of 5 images. ε² is 0 on average then, in any number of dimensions, save that values
below 0 are set to 0.

The second is how often the nearest class mean is the right one (Mensink et al., "Distance-based image classification",
2013), each image left out of its own class's mean. A mean of few images lies farther off in many dimensions, by the
variance within classes divided by their number, and the own class has one image less: left alone, labels without any
meaning would give not chance but nearly 0. So that is subtracted, estimated from all classes together, which is fair
where they spread about alike. What remains lies a little above chance: 0.15 for 8 classes of 5 images in noise, 0.17 of
3, instead of 0.125. Left out: classes that are no single cloud; see `layer_probes`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.explain.features import stage_features
from transferlab.meters import wilson_interval


@dataclass(frozen=True)
class StageSeparability:
    """How far apart the classes lie behind one stage.

    `between` is the share of the variance that lies between the classes, within 0…1; dimensions that vary more weigh
    more. `accuracy` is that of the nearest class mean with the image left out, within 0…1, with its 95 % `interval`;
    `chance` is what labels without meaning would give.
    """

    stage: str
    between: float
    accuracy: float
    interval: tuple[float, float]
    num_images: int
    num_classes: int

    @property
    def chance(self) -> float:
        return 1 / self.num_classes


def stage_separability(model: nn.Module, images: ImageSet, batch_size: int = 100) -> tuple[StageSeparability, ...]:
    """Separability behind every stage that one tensor alone leaves, stem first; the model and its head do not matter.

        >>> stage_separability(load("bundled"), data.held_out)[-1]
        StageSeparability(stage='layer4', between=0.45, accuracy=0.88, …)

    Classes without an image are left out.

    Raises:
        ValueError: fewer than two classes, a class with a single image, or a model that cannot be tapped.
    """
    check_labels(images)
    labels = images.labels.cpu()
    return tuple(
        separability(stage, one.mean, labels) for stage, one in stage_features(model, images, batch_size).items()
    )


def check_labels(images: ImageSet) -> None:
    """Say why classes cannot be told apart in these images, if they cannot.

    Raises:
        ValueError: no ImageSet, fewer than two classes, or a class with a single image.
    """
    if not isinstance(images, ImageSet):
        raise ValueError(f"Separability is about labels: give an ImageSet; you gave {type(images).__name__}.")
    counts = {name: count for name, count in images.counts().items() if count}
    single = [name for name, count in counts.items() if count == 1]
    if len(counts) < 2:
        raise ValueError(f"Separability is about two classes or more; there are images of {', '.join(counts)} alone.")
    if single:
        raise ValueError(f"Each class needs two images or more; there is one of: {', '.join(single)}. Leave them out.")


def separability(stage: str, features: Tensor, labels: Tensor) -> StageSeparability:
    """Both numbers for features `(N, D)` and labels `(N,)`, each class with two images or more.

    >>> separability("layer4", features, data.held_out.labels).between
    0.45
    """
    present, y = torch.unique(labels, return_inverse=True)  # classes 0 … K-1, each with an image
    x = features.double() - features.double().mean(0)
    share, accuracy = between_share(x, y), left_out_accuracy(x, y)
    return StageSeparability(stage, share, accuracy, wilson_interval(accuracy, len(y)), len(y), len(present))


def between_share(x: Tensor, y: Tensor) -> float:
    """Kelley's ε² of features `(N, D)`: the share of variance between the classes 0 … K-1 in `y`, within 0…1.

        >>> between_share(torch.tensor([[0.0], [1.0], [4.0], [5.0]]), torch.tensor([0, 0, 1, 1]))
        0.912

    `1 − (W / (N − K)) / (T / (N − 1))`, with the squares within classes W and those in all T. Nothing varies: 0.
    """
    means, counts = _means(x, y)
    within = (x - means[y]).square().sum()
    total = (x - x.mean(0)).square().sum()
    if total <= _smallest(x):
        return 0.0
    share = 1 - (within / (len(x) - len(counts))) / (total / (len(x) - 1))
    return share.clamp(0, 1).item()


def left_out_accuracy(x: Tensor, y: Tensor) -> float:
    """How often the nearest mean is that of the image's own class, itself left out; several at once share the point.

    >>> left_out_accuracy(torch.tensor([[0.0], [1.0], [4.0], [5.0]]), torch.tensor([0, 0, 1, 1]))
    1.0
    """
    means, counts = _means(x, y)
    squares = (x.square().sum(1)[:, None] - 2 * x @ means.T + means.square().sum(1)).clamp_min(0)  # (N, K)
    rows, n = torch.arange(len(x)), counts[y]
    own = squares[rows, y]
    # Variance within classes, as all images but this one show it.
    spread = (own.sum() - own * n / (n - 1)).clamp_min(0) / (len(x) - 1 - len(counts))  # (N,)
    fair = squares - spread[:, None] / counts
    fair[rows, y] = own * (n / (n - 1)).square() - spread / (n - 1)  # from the mean of the others of its class
    nearest = fair <= fair.amin(1, keepdim=True) + _smallest(x)
    return (nearest[rows, y].double() / nearest.sum(1)).mean().item()


def _means(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of each class `(K, D)` and its number of images `(K,)`."""
    counts = torch.bincount(y).to(x)
    sums = torch.zeros(len(counts), x.shape[1], dtype=x.dtype).index_add_(0, y, x)
    return sums / counts[:, None], counts


def _smallest(x: Tensor) -> Tensor:
    """Squares below this are rounding."""
    return 1e-12 * x.square().sum(1).amax() + 1e-300
