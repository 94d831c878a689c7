"""How edge-like and how colour-opponent the first layer's kernels are, as numbers.

    print(filter_report(load("bundled")))

**Edge-likeness** of a kernel is the share of its variance over space (each channel's mean taken off) that one oriented
Gabor in one colour explains (`gabors.py`).

**A kernel counts as edge-like** if that share is above what 95 % of noise reaches which is as smooth and as grey as the
kernel itself (`edge_noise.py`), and above what a round blob explains of it, for an edge has a direction. Against plain
coloured noise 85 % of grey noise would count too, and 90 % of blurred noise. By this rule 0 to 10 % of kernels without
edges count, by how smooth they are. Its price: a plain ramp across the kernel is what very smooth noise looks like, and
does not count.

**Colour opponency** is the share of a kernel's energy that lies off the grey axis, where red, green and blue are equal.
Noise has 2/3, for two of three directions are off that axis; 0 is a black-and-white kernel.

Left out: curves, corners, crosses and gratings in two colours, which score low and are no noise.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.edge_noise import limits_of
from transferlab.explain.filters import check_kernels, first_kernels, first_layer, random_counterpart
from transferlab.explain.gabors import blobs, explained, gabors
from transferlab.meters import mean_interval, wilson_interval
from transferlab.stages.stage import aligned

DEAD = 0.01  # of the largest kernel's norm: such a kernel lies below the rounding of the others in half precision


@dataclass(frozen=True, eq=False)
class KernelMeasures:
    """What was measured on kernels, a value each: `(K,)`, shares within 0…1.

    `edge` is the share of variance that the best Gabor explains, `limit` what 95 % of noise as smooth and as grey stays
    below, `blob` what the best round blob explains, `edge_like` the decision, `opponency` the share of energy off the
    grey axis; `dead` is true where the norm is under 1 % of the largest. `fitted` `(K, 3, h, w)` is that Gabor,
    `orientation` the direction of its stripes in degrees (0 flat, 90 upright, in between rising to the right) and
    `frequency` is in cycles a pixel.
    """

    edge: Tensor
    limit: Tensor
    blob: Tensor
    edge_like: Tensor
    opponency: Tensor
    dead: Tensor
    fitted: Tensor
    orientation: Tensor
    frequency: Tensor

    @property
    def share(self) -> float:
        """The share of edge-like kernels among those that are not dead; 0 where all are."""
        return (self.edge_like & ~self.dead).sum().item() / max(1, int((~self.dead).sum()))


def measure_kernels(kernels: Tensor) -> KernelMeasures:
    """Edge-likeness and colour opponency of kernels `(K, 3, h, w)`.

        >>> measure_kernels(first_kernels(load("bundled"))).edge.median()

    Raises:
        ValueError: no such kernels, or fewer than 2×2 weights a channel, which have no direction.
    """
    kernels = check_kernels(kernels).float().cpu()
    height, width = kernels.shape[2:]
    if min(height, width) < 2:
        raise ValueError(f"Kernels of {height}×{width} have no direction to measure; 2×2 is the least.")
    atoms, settings = gabors(height, width)
    edge, best, fitted = explained(kernels, atoms)
    blob = explained(kernels, blobs(height, width))[0]
    limit = limits_of(kernels)
    norms = kernels.flatten(1).norm(dim=1)
    off_grey = (kernels - kernels.mean(1, keepdim=True)).flatten(1).norm(dim=1)
    opponency = (off_grey / norms.clamp_min(1e-30)).square()
    orientation, frequency = settings[best].T
    return KernelMeasures(
        edge, limit, blob, (edge > limit) & (edge > blob), opponency, norms <= DEAD * norms.max(), fitted,
        orientation, frequency,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class FilterReport:
    """A network's first kernels beside those of the same architecture with random weights; `print` shows a table.

        >>> report = filter_report(load("bundled"))
        >>> report.measures.share, report.ratio

    `kernels` `(K, 3, h, w)` and `measures` are the network's, `random` holds the measures of each random counterpart
    and `random_kernels` the kernels of the first. `dead` are the numbers of the kernels that are almost zero.
    """

    layer: str
    kernels: Tensor
    measures: KernelMeasures
    random: tuple[KernelMeasures, ...]
    random_kernels: Tensor

    @property
    def random_share(self) -> tuple[float, float]:
        """The mean share of edge-like kernels over the random counterparts, and half its 95 % interval."""
        return mean_interval([one.share for one in self.random])

    @property
    def ratio(self) -> float:
        """The share of edge-like kernels over the random one; infinite where no random kernel is edge-like."""
        mean = self.random_share[0]
        return self.measures.share / mean if mean else math.inf if self.measures.share else math.nan

    @property
    def ratio_at_least(self) -> float:
        """The least that fits the counts: the low end of this share's 95 % interval over the high end of theirs."""
        alive = int((~self.measures.dead).sum())
        random = sum(int((~one.dead).sum()) for one in self.random)
        counted = sum(int((one.edge_like & ~one.dead).sum()) for one in self.random)
        if not alive:
            return 0.0
        return wilson_interval(self.measures.share, alive)[0] / wilson_interval(counted / random, random)[1]

    @property
    def dead(self) -> tuple[int, ...]:
        return tuple(torch.nonzero(self.measures.dead).flatten().tolist())

    def __str__(self) -> str:
        count, _, height, width = self.kernels.shape
        alive = ~self.measures.dead
        share, half = self.random_share
        rows = [("edge-like", f"{self.measures.share:.0%}", f"{share:.1%} ± {half:.1%}")]
        for name, field in (("edge-likeness, median", "edge"), ("colour opponency, median", "opponency")):
            own = getattr(self.measures, field)[alive]
            mean, half = mean_interval([getattr(one, field).median().item() for one in self.random])
            rows.append((name, f"{own.median():.2f}" if len(own) else "none", f"{mean:.2f} ± {half:.2f}"))
        rows.append(("dead", f"{len(self.dead)}", f"{sum(int(one.dead.sum()) for one in self.random)}"))
        lines = [
            f"'{self.layer}': {count} kernels of {height}×{width}, beside {len(self.random)} random networks alike",
            aligned(("kernels", "this network", "random"), rows),
            f"Edge-like is what one Gabor explains better than it does 95 % of noise as smooth and grey, and better "
            f"than a round blob does: {_times(self.ratio)} (at least {self.ratio_at_least:.1f} ×).",
        ]
        if self.dead:
            lines.append(f"Dead, and left out above: {', '.join(map(str, self.dead))}.")
        return "\n".join(lines)


def filter_report(model: nn.Module, seed: int = 0, num_random: int = 10) -> FilterReport:
    """How edge-like and colour-opponent a network's first kernels are, beside `num_random` random counterparts.

        >>> print(filter_report(load("bundled")))
        'conv1': 32 kernels of 7×7, beside 10 random networks alike
        …

    The counterparts have the seeds `seed`, `seed + 1`, … (see `filters.random_counterpart`). The model stays as it is.

    Raises:
        ValueError: the network has no first kernels to show, or fewer than two counterparts are asked for.
    """
    if isinstance(num_random, bool) or not isinstance(num_random, int) or num_random < 2:
        raise ValueError(f"An interval needs two random counterparts or more; you gave num_random={num_random!r}.")
    name, layer = first_layer(model)
    kernels = first_kernels(model)
    random = []
    for number in range(seed, seed + num_random):
        # Of other networks the layer alone is drawn anew: ten copies of a big one would take seconds.
        fresh = random_counterpart(model if type(model) is SmallResNet else layer, number)
        random.append(first_kernels(fresh) if type(model) is SmallResNet else fresh.get_parameter("weight").float())
    measured = tuple(measure_kernels(one) for one in random)
    return FilterReport(name, kernels, measure_kernels(kernels), measured, random[0])


def _times(ratio: float) -> str:
    if math.isnan(ratio):
        return "none here, and none among the random ones"
    return "no random kernel is" if math.isinf(ratio) else f"{ratio:.0f} × as many as among random ones"
