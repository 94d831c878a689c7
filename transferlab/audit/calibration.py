"""Does a model know how sure it may be? Its confidence against how often it is right, in bins.

    found = calibration(predict(model, images).softmax(1), images.labels)
    print(found)        # 0.081, of which 0.035 would come by luck

The expected calibration error of Naeini et al. (2015), in equal bins as in Guo et al., "On calibration of modern neural
networks" (2017). On few images it is above zero even for a perfect model, so that what luck alone would give is said
with it. Left out: temperature scaling, which mends it.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

NUM_BINS = 10  # Guo et al. take 15 on 10,000 images; a group of a few hundred fills no more than ten
ENOUGH = 100  # images: fewer give less than ten to a bin, and luck alone a figure of about 0.1


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies within `low` … `high`: how many, their mean confidence, how many are right."""

    low: float
    high: float
    num_images: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How far confidence and accuracy lie apart, within 0…1: 0 is perfect.

    `error` is the mean over images of the distance in their bin, `by_luck` what a perfectly calibrated model with the
    same confidences would show on so many images. `bins` are those that hold images. `warning` is None with enough.
    """

    error: float
    by_luck: float
    num_images: int
    bins: tuple[Bin, ...]

    @property
    def warning(self) -> str | None:
        """Why the figure says little, None where it says something."""
        if self.num_images >= ENOUGH:
            return None
        return (
            f"calibration on {self.num_images} image{'s' if self.num_images > 1 else ''} says little: a perfectly "
            f"calibrated model would show about {self.by_luck:.2f} here; {ENOUGH} images or more are needed"
        )

    def __str__(self) -> str:
        return f"{self.error:.3f}, of which {self.by_luck:.3f} would come by luck"


def calibration(probabilities: Tensor, labels: Tensor, num_bins: int = NUM_BINS) -> Calibration:
    """The expected calibration error of probabilities `(N, num_classes)` for labels `(N,)`.

        >>> calibration(torch.tensor([[0.9, 0.1], [0.1, 0.9]]), torch.tensor([0, 0])).error    # right half of the time
        0.4

    Raises:
        ValueError: no images, rows that do not add up to 1 (logits, say), or no number of bins.
    """
    if isinstance(num_bins, bool) or not isinstance(num_bins, int) or num_bins < 1:
        raise ValueError(f"num_bins is a whole number above 0, such as {NUM_BINS}; you gave {num_bins!r}.")
    if probabilities.ndim != 2 or len(probabilities) == 0 or len(probabilities) != len(labels):
        raise ValueError(
            f"Probabilities are (N, num_classes) with N labels, at least one; you gave {tuple(probabilities.shape)} "
            f"and {len(labels)} labels."
        )
    p = probabilities.double().cpu()
    if not torch.isfinite(p).all() or (p < 0).any() or ((p.sum(1) - 1).abs() > 1e-3).any():
        raise ValueError("Each row of probabilities adds up to 1. For logits type logits.softmax(1).")
    confidence, answer = p.max(1)
    right = (answer == labels.cpu()).double()
    number = (confidence * num_bins).ceil().long().clamp(1, num_bins) - 1  # bins are open below and closed above
    bins, error, by_luck = [], 0.0, 0.0
    for i in number.unique().tolist():
        here = number == i
        count = int(here.sum())
        found = Bin(i / num_bins, (i + 1) / num_bins, count, confidence[here].mean().item(), right[here].mean().item())
        bins.append(found)
        error += count / len(p) * abs(found.accuracy - found.confidence)
        # Right answers would scatter round the confidence with this variance; the mean of |normal| is √(2/π) · spread.
        variance = (confidence[here] * (1 - confidence[here])).sum().clamp_min(0).item()
        by_luck += math.sqrt(2 / math.pi * variance) / len(p)
    return Calibration(error, by_luck, len(p), tuple(bins))
