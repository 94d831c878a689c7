"""How alike two maps of the same picture are: rank correlation and structural similarity.

Sources: Spearman, "The proof and measurement of association between two things" (1904), ties at their mean rank; Wang
et al., "Image quality assessment: from error visibility to structural similarity" (2004), with a flat window. A blank
map is like nothing: NaN. Left out: similarity of histograms of gradients, the third measure of Adebayo et al. (2018).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from transferlab.explain.checks.methods import is_blank
from transferlab.rank_agreement import ranks

WINDOW = 7  # pixels a side


def spearman(one: Tensor, other: Tensor) -> Tensor:
    """Rank correlation of each pair of maps `(N, H, W)`, within -1…1, as `(N,)`; NaN where one of them is blank.

        >>> spearman(maps, 3 * maps + 1)
        tensor([1., 1., …])

    Values that are the same share their mean rank: Grad-CAM's many zeros count as equals and not as an order.
    """
    first, second = (ranks(maps.flatten(1)) for maps in (one, other))
    first, second = (found - found.mean(1, keepdim=True) for found in (first, second))
    together = (first * second).sum(1) / (first.norm(dim=1) * second.norm(dim=1))
    return together.masked_fill(is_blank(one) | is_blank(other), torch.nan)


def ssim(one: Tensor, other: Tensor) -> Tensor:
    """Structural similarity of the sizes `|map|` of each pair `(N, H, W)`, at most 1; NaN where one is blank.

        >>> ssim(maps, 3 * maps)
        tensor([1., 1., …])

    Each is divided by its largest value first, so that only the pattern counts. It is high wherever both are near zero,
    which makes it a weaker witness than the ranks.
    """
    blank = is_blank(one) | is_blank(other)
    a, b = (_scaled(maps)[:, None] for maps in (one, other))  # (N, 1, H, W)
    window = min(WINDOW, *one.shape[1:])
    correction = window**2 / (window**2 - 1) if window > 1 else 1.0  # the sample's variance, not the window's own

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, window, stride=1)

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = ((mean(x * x) - m * m) * correction for x, m in ((a, mean_a), (b, mean_b)))
    both = (mean(a * b) - mean_a * mean_b) * correction
    c1, c2 = 0.01**2, 0.03**2  # Wang's constants, for values within 0…1
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    bottom = (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    return (top / bottom).flatten(1).mean(1).masked_fill(blank, torch.nan)


def _scaled(maps: Tensor) -> Tensor:
    sizes = maps.double().abs()
    return sizes / sizes.flatten(1).amax(1).clamp_min(1e-300)[:, None, None]
