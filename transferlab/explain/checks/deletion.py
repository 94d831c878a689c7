"""Deletion and insertion: take the pixels that a map calls important, and see whether the answer goes with them.

    result = deletion(model, data.held_out, maps)
    print(result.gain)      # above 0: the answer falls sooner than by chance

Source: Petsiuk, Das & Saenko, "RISE: randomized input sampling for explanation of black-box models" (2018). Pixels are
removed towards the picture's mean colour, or put back onto a blurred one, in the order of the map with its signs; the
score is the area under the curve of the class's probability. It is compared with chance on the same image: the map
itself, moved to a random place (around the edges), as coarse or as fine as the map and ignorant of the picture. Single
pixels in random order (`chance="pixels"`) are another comparison, and no fair one for coarse maps: holes like noise
disturb a network more than one big hole does. Left out: training the model anew without those pixels (ROAR).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.explain.checks.estimate import Estimate, estimate
from transferlab.explain.checks.methods import check_maps, is_blank, prepared
from transferlab.explain.requests import Target
from transferlab.inference import model_input

CHANCES = ("moved", "pixels")
BLUR = 1 / 16  # the blur's standard deviation as a share of the picture's width: a thing's colour stays, its form goes
STEPS = 16  # removals along the curve: the area changes by less than its interval with more


@dataclass(frozen=True, eq=False)
class Removal:
    """The probability of the class as pixels go (`kind` "deletion") or come back ("insertion").

    `shares`, `(K,)`, are the shares of pixels changed, 0 … 1. `curves` and `chance_curves`, `(n, K)`, are those of the
    images whose map is not blank; chance is a mean over its orders. `area` and `chance_area` are the areas under them
    within 0…1, `gain` is how much better than chance the map is, image by image: above 0 is better, for both kinds.
    None where every map is blank.
    """

    kind: str
    shares: Tensor
    curves: Tensor
    chance_curves: Tensor
    area: Estimate | None
    chance_area: Estimate | None
    gain: Estimate | None
    num_blank: int


def deletion(model: nn.Module, images: ImageSet | Tensor, maps: Tensor, target: Target = None, **options) -> Removal:
    """Remove the pixels that the maps `(N, H, W)` call most important first; a low area is good.

        >>> deletion(model, images, explain(model, images).maps).gain
        Estimate(mean=0.21, low=0.15, high=0.27, num_images=40)

    Options: `steps`, `chance` ("moved" or "pixels"), `num_chance` orders an image, `seed`, `batch_size` images at once.
    The model stays as it is.

    Raises:
        ValueError: maps of another shape, or an option that does not exist.
    """
    return _removal("deletion", model, images, maps, target, **options)


def insertion(model: nn.Module, images: ImageSet | Tensor, maps: Tensor, target: Target = None, **options) -> Removal:
    """Put the pixels that the maps `(N, H, W)` call most important back onto a blurred picture; a high area is good.

        >>> insertion(model, images, maps, chance="pixels").area.mean
        0.71

    Options and errors are those of `deletion`.
    """
    return _removal("insertion", model, images, maps, target, **options)


def _removal(
    kind: str,
    model: nn.Module,
    images: ImageSet | Tensor,
    maps: Tensor,
    target: Target,
    *,
    steps: int = STEPS,
    chance: str = "moved",
    num_chance: int = 3,
    seed: int = 0,
    batch_size: int = 100,
) -> Removal:
    if chance not in CHANCES:
        raise unknown("chance", chance, CHANCES, owner="Chance is one of")
    for name, value in (("steps", steps), ("num_chance", num_chance), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is a whole number, 1 or more; you gave {value!r}.")
    inside, pixels, targets = prepared(model, images, target)
    check_maps(maps, len(pixels), (pixels.shape[2], pixels.shape[3]))
    shown = torch.nonzero(~is_blank(maps)).flatten()
    shares = torch.linspace(0, 1, steps + 1)
    generator = Generator().manual_seed(seed)
    curves, chance_curves = [], []
    for row in shown.tolist():
        # Image by image: what is drawn for one does not depend on which others are there in the batch.
        orders = [removal_order(maps[row], generator)]
        orders += [removal_order(_by_chance(maps[row], chance, generator), generator) for _ in range(num_chance)]
        x = model_input(inside, pixels[row : row + 1])
        found = _probabilities(inside, x, orders, shares, int(targets[row]), kind, batch_size)  # (1 + C, K)
        curves.append(found[0])
        chance_curves.append(found[1:].mean(0))
    own, other = (torch.stack(rows) if rows else torch.zeros(0, steps + 1) for rows in (curves, chance_curves))
    areas, chances = (torch.trapezoid(rows, shares, dim=1) for rows in (own, other))  # (n,)
    better = chances - areas if kind == "deletion" else areas - chances
    return Removal(
        kind, shares, own, other, estimate(areas), estimate(chances), estimate(better), len(maps) - len(shown)
    )


def removal_order(one: Tensor, generator: Generator) -> Tensor:
    """The rank of each pixel of a map `(H, W)`, 0 for the most important; equals are put in random order.

    >>> removal_order(torch.tensor([[0.1, 0.9], [0.5, 0.2]]), Generator())
    tensor([[3, 0], [1, 2]])
    """
    shuffled = torch.randperm(one.numel(), generator=generator)
    order = shuffled[one.flatten()[shuffled].argsort(descending=True, stable=True)]
    ranks = torch.empty_like(order)
    ranks[order] = torch.arange(one.numel())
    return ranks.view_as(one)


def blurred(x: Tensor) -> Tensor:
    """A batch `(B, 3, H, W)` out of focus: a Gaussian whose width is a sixteenth of the picture's."""
    sigma = max(1.0, BLUR * x.shape[-1])
    reach = min(int(3 * sigma), x.shape[-1] - 1, x.shape[-2] - 1)
    places = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, -1)  # (3, 1, 2·reach + 1)
    x = F.pad(x, (reach, reach, reach, reach), mode="reflect")
    x = F.conv2d(x, kernel[:, :, None, :], groups=x.shape[1])
    return F.conv2d(x, kernel[:, :, :, None], groups=x.shape[1])


def _by_chance(one: Tensor, chance: str, generator: Generator) -> Tensor:
    if chance == "pixels":
        return torch.rand(one.shape, generator=generator)
    shift = [int(torch.randint(side, (1,), generator=generator)) for side in one.shape]
    return one.roll(shift, dims=(0, 1))


def _probabilities(
    inside: nn.Module, x: Tensor, orders: list[Tensor], shares: Tensor, target: int, kind: str, batch_size: int
) -> Tensor:
    """The probability of `target` after each share of each order's pixels, `(orders, K)`; never more than `batch_size`
    pictures are there at once."""
    other = x.mean((2, 3), keepdim=True).expand_as(x) if kind == "deletion" else blurred(x)
    start, end = (x, other) if kind == "deletion" else (other, x)

    def pictures() -> Iterator[Tensor]:
        for order in orders:
            for share in shares.tolist():
                changed = (order < round(share * order.numel())).to(x.device)  # (H, W)
                yield torch.where(changed, end, start)

    found, waiting = [], []
    count = len(orders) * len(shares)
    with torch.no_grad():
        for number, picture in enumerate(pictures(), 1):
            waiting.append(picture)
            if len(waiting) == batch_size or number == count:
                found.append(inside(torch.cat(waiting)).float().softmax(1)[:, target].cpu())
                waiting = []
    return torch.cat(found).view(len(orders), len(shares))
