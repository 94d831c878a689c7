"""How well would this network do on that task? Scores from one pass over the images, before anything is trained.

    probabilities = predict(model, images).softmax(1)
    print(leep(probabilities, images.labels), logme(features, images.labels))

Higher is better for all of them, and only the order means something: a score ranks networks on one task, and says
nothing about two tasks. Everything is computed in float64, and classes without an image do not count. Sources are named
at each function. Left out: scores that need the source images (task vectors, domain distances), and regression.
"""

import math

import torch
from torch import Tensor, nn

from transferlab.layer_probes import ridge

SCORES = {"leep": "LEEP", "nce": "NCE", "logme": "LogME", "h_score": "H-score", "linear_probe": "linear probe"}
MOST_STEPS = 1000  # of the fixed point; it mostly takes 10 to 50, and longer only where the evidence is flat
LARGEST_SIGNAL = 1e10  # signal to noise, where the labels follow from the features exactly and nothing else limits it


def leep(source_probabilities: Tensor, labels: Tensor) -> float:
    """Log expected empirical prediction: how surely the source classes, as they are, tell the new labels.

        >>> leep(predict(load("bundled"), images).softmax(1), images.labels)
        -1.17

    `source_probabilities` are `(N, S)`, what the source head gives, `labels` `(N,)`. A mean log-likelihood in nats, at
    most 0. The classifier that it judges draws a source class from the network and a label from those that went with
    it. Source: Nguyen et al., "LEEP: A New Measure to Evaluate Transferability of Learned Representations" (2020).

    Raises:
        ValueError: no probabilities, labels that do not fit them, a single class, or a class with one image.
    """
    theta = _matrix(source_probabilities, "source_probabilities")
    if theta.shape[1] < 2 or theta.min() < 0 or (theta.sum(1) - 1).abs().max() > 1e-3:
        raise ValueError(
            "source_probabilities are shares of two source classes or more that sum to 1 for each image. "
            "Type leep(logits.softmax(1), labels)."
        )
    y, num_classes = _classes(labels, len(theta))
    joint = nn.functional.one_hot(y, num_classes).double().T @ theta / len(theta)  # (K, S)
    given_source = joint / joint.sum(0).clamp_min(torch.finfo(torch.float64).tiny)
    expected = theta @ given_source.T  # (N, K)
    return expected[torch.arange(len(y)), y].log().mean().item()


def nce(source_labels: Tensor, labels: Tensor) -> float:
    """Negative conditional entropy: how much the source class of an image says about its new label.

        >>> nce(predict(load("bundled"), images).argmax(1), images.labels)
        -0.90

    `source_labels` `(N,)` are the classes that the source head chooses, `labels` `(N,)`. In nats, at most 0, and minus
    the entropy of the labels where the source says nothing. Many source classes for few images make it look good. It is
    LEEP with all probability on the chosen class. Source: Tran et al., "Transferability and Hardness of Supervised
    Classification Tasks" (2019).

    Raises:
        ValueError: source labels that are no whole numbers, labels that do not fit them, a single class, or a class
            with one image.
    """
    source = _whole_numbers(source_labels, "source_labels")
    y, num_classes = _classes(labels, len(source))
    z = source.unique(return_inverse=True)[1]
    pairs = z * num_classes + y
    joint = torch.bincount(pairs, minlength=(int(z.max()) + 1) * num_classes).view(-1, num_classes).double() / len(y)
    return (torch.xlogy(joint, joint).sum() - torch.xlogy(joint.sum(1), joint.sum(1)).sum()).item()


def h_score(features: Tensor, labels: Tensor, shrinkage: bool = True) -> float:
    """How much of the spread of the features, whitened, lies between the classes.

        >>> h_score(features, images.labels)                      # Ibrahim et al.
        >>> h_score(features, images.labels, shrinkage=False)     # Bao et al.

    `features` are `(N, D)`, `labels` `(N,)`. Between 0 and the smaller of D and the number of classes less one: the
    trace of the inverse covariance times the covariance of the class means. Source: Bao et al., "An
    Information-Theoretic Approach to Transferability in Task Transfer Learning" (2019). With fewer images than
    features every network gets the best score there is; so by default the covariance is shrunk as Ledoit & Wolf (2004)
    do, after Ibrahim et al., "Newer is not always better: Rethinking transferability metrics, their peculiarities,
    stability and performance" (2021). Features that never vary score 0.

    Raises:
        ValueError: features that are not finite `(N, D)`, labels that do not fit them, a single class, or a class with
            one image.
    """
    x = _matrix(features, "features")
    y, num_classes = _classes(labels, len(x))
    x = x - x.mean(0)
    _, s, vh = torch.linalg.svd(x, full_matrices=False)
    variances = s.square() / len(x)  # (R,), along the principal directions
    share = _ledoit_wolf(x, variances) if shrinkage else 0.0
    shrunk = (1 - share) * variances + share * variances.sum() / x.shape[1]
    members = nn.functional.one_hot(y, num_classes).double()  # (N, K)
    means = (members.T @ x) / members.sum(0)[:, None] @ vh.T  # (K, R)
    between = (members.mean(0)[:, None] * means.square()).sum(0)  # (R,)
    there = variances > variances.max() * len(x) * torch.finfo(torch.float64).eps
    return ((1 - share) * (between / shrunk)[there]).sum().item()


def logme(features: Tensor, labels: Tensor) -> float:
    """Log marginal evidence of a Bayesian linear model of the labels, with its two variances chosen for the best.

        >>> logme(features, images.labels)
        0.03

    `features` are `(N, D)`, taken as they are, `labels` `(N,)`: each class against the others as 0 and 1, the mean over
    the classes, for each image, in nats. It averages over all weights where a trained head takes the best, and so does
    not overfit. The fixed point is MacKay's, for one unknown: signal to noise (β/α); the noise follows from it. Labels
    that follow from the features exactly would have no finite evidence; there the signal stops at 10¹⁰ times the noise.
    Source: You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning" (2021).

    Raises:
        ValueError: features that are not finite `(N, D)`, labels that do not fit them, a single class, or a class with
            one image.
    """
    x = _matrix(features, "features")
    y, num_classes = _classes(labels, len(x))
    targets = nn.functional.one_hot(y, num_classes).double()  # (N, K)
    u, s, _ = torch.linalg.svd(x, full_matrices=False)
    power = s.square()[:, None]  # (R, 1)
    seen = (u.T @ targets).square()  # (R, K), what the features can say of the labels
    unseen = (targets.square().sum(0) - seen.sum(0)).clamp_min(0)  # (K,)
    if len(s) == len(x):
        unseen = torch.zeros_like(unseen)  # as many features as images: rounding is all that is left
    ratio = _signal_to_noise(power, seen, unseen, len(x))
    noise = ((seen / (1 + ratio * power)).sum(0) + unseen) / len(x)  # (K,), 1/β
    evidence = -0.5 * (math.log(2 * math.pi) + noise.log() + (ratio * power).log1p().sum(0) / len(x) + 1)
    return evidence.mean().item()


def linear_probe(features: Tensor, labels: Tensor) -> float:
    """The leave-one-out accuracy of ridge regression on the features: a classifier, only without training.

        >>> linear_probe(features, images.labels)
        0.82

    `features` are `(N, D)`, `labels` `(N,)`; within 0…1. It is the probe of `layer_probes` on features of variance 1,
    with the penalty that does best, which makes it a little too good. Source: Alain & Bengio (2016).

    Raises:
        ValueError: features that are not finite `(N, D)`, labels that do not fit them, a single class, or a class with
            one image.
    """
    x = _matrix(features, "features")
    y, num_classes = _classes(labels, len(x))
    spread = x.std(0, correction=0)
    x = (x - x.mean(0)) / torch.where(spread > 1e-8, spread, 1.0)
    return ridge(x, y, num_classes)[1]


def _signal_to_noise(power: Tensor, seen: Tensor, unseen: Tensor, num_images: int) -> Tensor:
    """The fixed point of β/α for each class, `(K,)`; 0 for features that are 0 everywhere."""
    if power.sum() == 0:
        return torch.zeros_like(unseen)
    lowest, highest = 1 / (LARGEST_SIGNAL * power.max()), LARGEST_SIGNAL / power.max()
    ratio = (len(power) / power.sum()).expand_as(unseen)
    for _ in range(MOST_STEPS):
        left = 1 / (1 + ratio * power)  # (R, K), the share of each direction that is put down to noise
        used = (1 - left).sum(0)  # γ, how many directions carry signal
        weights = (ratio.square() * power * seen * left.square()).sum(0)  # the squared length of the mean weights
        residual = (seen * left.square()).sum(0) + unseen
        free = left.sum(0) + num_images - len(power)  # N − γ, without its rounding
        previous, ratio = ratio, (free * weights / (used * residual)).clamp(lowest, highest)
        if (ratio / previous - 1).abs().max() < 1e-7:
            break
    return ratio


def _ledoit_wolf(x: Tensor, variances: Tensor) -> float:
    """How far the covariance of centred features `(N, D)` is to be drawn towards a multiple of the identity, 0…1."""
    num_images, num_features = x.shape
    squares = variances.square().sum()
    noise = (x.square().sum(1).square().sum() / num_images - squares) / num_images
    distance = squares - variances.sum().square() / num_features
    return (noise.clamp_max(distance) / distance).item() if distance > 1e-12 * squares else 0.0


def _matrix(given: Tensor, name: str) -> Tensor:
    if not isinstance(given, Tensor) or given.ndim != 2 or not given.is_floating_point() or given.shape[1] == 0:
        shape = f"{given.dtype} of shape {tuple(given.shape)}" if isinstance(given, Tensor) else type(given).__name__
        raise ValueError(
            f"{name} are a row of numbers for each image, a float tensor (N, …); you gave {shape}. "
            "Maps become rows with transferlab.layer_probes.pooled(maps)."
        )
    if not given.isfinite().all():
        count = int((~given.isfinite()).any(1).sum())
        raise ValueError(f"{name} hold NaN or infinity in {count} of {len(given)} rows: look at the network first.")
    return given.detach().double().cpu()


def _whole_numbers(given: Tensor, name: str) -> Tensor:
    whole = isinstance(given, Tensor) and not given.is_floating_point() and not given.is_complex()
    if not whole or given.ndim != 1 or given.dtype == torch.bool:
        shape = f"{given.dtype} of shape {tuple(given.shape)}" if isinstance(given, Tensor) else type(given).__name__
        raise ValueError(f"{name} are whole numbers, one for each image, a tensor (N,); you gave {shape}.")
    return given.detach().long().cpu()


def _classes(labels: Tensor, num_images: int) -> tuple[Tensor, int]:
    """The labels as 0, 1, … of the classes that occur, and how many these are."""
    labels = _whole_numbers(labels, "labels")
    if len(labels) != num_images:
        raise ValueError(f"There are {num_images} images and {len(labels)} labels; each image has one.")
    occurring, y, counts = labels.unique(return_inverse=True, return_counts=True)
    if len(occurring) < 2:
        raise ValueError("A score tells how well classes are told apart; the labels name fewer than two.")
    if counts.min() < 2:
        alone = occurring[counts.argmin()].item()
        raise ValueError(f"Class {alone} has a single image, which says nothing about its class: give two or more.")
    return y, len(occurring)
