"""Infidelity and sensitivity: do a map's numbers add up, and do they hold still when the picture hardly changes?

Source: Yeh et al., "On the (in)fidelity and sensitivity of explanations" (2019), computed by `captum.metrics`. Left
out: infidelity under Gaussian noise; squares that are covered say more about pictures.
"""

from typing import Any

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.explain.checks.methods import Method, check_maps, check_method, is_blank, maps_of, prepared
from transferlab.explain.requests import Target
from transferlab.inference import model_input
from transferlab.randomness import OwnRandomness

SQUARE = 1 / 4  # of the picture's width: small enough to lie within a thing, large enough to change the answer
RADIUS = 5  # grey levels of 255, a fiftieth of the range (captum's own default): nobody sees it


def infidelity(
    model: nn.Module,
    images: ImageSet | Tensor,
    maps: Tensor,
    target: Target = None,
    *,
    samples: int = 20,
    seed: int = 0,
    batch_size: int = 100,
) -> Tensor:
    """How much of what covering squares does to the score the maps `(N, H, W)` leave unsaid: `(N,)`, within 0…1.

        >>> infidelity(model, images, explain(model, images, method="integrated_gradients").maps).nanmean()
        tensor(0.35)

    0: the sums of the map within each square are, up to one positive factor an image, the changes of the score. 1: no
    better than an empty map. NaN where a map is blank or no square changes the score. The factor is free since Grad-CAM
    and saliency have no unit; it is fitted to the squares, so that with few of them the value is too low. Squares are
    covered with the model's mean colour, the grey picture that integrated gradients start from.

    Raises:
        ValueError: maps of another shape, or no samples.
    """
    _check_samples(samples)
    from captum.metrics import infidelity as of_captum

    inside, pixels, targets = prepared(model, images, target)
    check_maps(maps, len(pixels), (pixels.shape[2], pixels.shape[3]))
    device = next(inside.parameters()).device
    shares = maps.double() / maps.double().flatten(1).abs().sum(1).clamp_min(1e-300)[:, None, None]

    def answer(given: Tensor) -> Tensor:
        return inside(given.to(device)).double().cpu()  # small differences of squares follow

    found = []
    with OwnRandomness(seed, str(device)):
        for row, x in enumerate(pixels):
            image = model_input(inside, x[None]).cpu()
            # The map, its negative and an empty map see the same squares: three values that hold all that is needed.
            three = torch.stack([shares[row], -shares[row], torch.zeros_like(shares[row])])  # (3, H, W)
            spread = (three / x.shape[0])[:, None].expand(-1, x.shape[0], -1, -1)  # over the colours
            values = of_captum(
                answer, _covered, image.expand(3, -1, -1, -1), spread, target=targets[row].repeat(3),
                n_perturb_samples=samples, max_examples_per_batch=max(3, min(batch_size, 3 * samples)),
            ).tolist()  # fmt: skip
            found.append(_unsaid(*values))
    return torch.tensor(found).masked_fill(is_blank(maps), torch.nan)


def sensitivity_max(
    model: nn.Module,
    images: ImageSet | Tensor,
    method: Method,
    target: Target = None,
    *,
    radius: int = RADIUS,
    samples: int = 2,
    seed: int = 0,
    batch_size: int = 50,
) -> Tensor:
    """The most that a map changes, as a share of its own size, when noise nobody sees is added to the picture: `(N,)`.

        >>> sensitivity_max(model, images, "saliency").nanmean()
        tensor(0.61)

    0: it holds still. 1: it changes by as much as there is in it. The noise is uniform within `radius` grey levels; the
    class explained stays the same. NaN where the map of the picture itself is blank.

    Raises:
        ValueError: no samples, no such method, or a radius that is no number of grey levels.
    """
    _check_samples(samples)
    check_method(method)
    if isinstance(radius, bool) or not isinstance(radius, int) or not 1 <= radius <= 255:
        raise ValueError(f"radius is a number of grey levels, 1 to 255; you gave {radius!r}.")
    from captum.metrics import sensitivity_max as of_captum

    inside, pixels, targets = prepared(model, images, target)
    blank: list[Tensor] = []

    def explained(given: Any, target: Tensor) -> tuple[Tensor]:
        # Captum hands the originals over in a tuple, and takes a bare tensor for a tuple of rows.
        maps = maps_of(method, inside, given[0] if isinstance(given, tuple) else given, target, batch_size=batch_size)
        if isinstance(given, tuple):
            blank.append(is_blank(maps))
        return (maps,)

    def disturbed(given: Tensor) -> Tensor:
        noise = torch.randint(-radius, radius + 1, given.shape)
        return (given.int() + noise).clamp(0, 255).to(torch.uint8)

    found = []
    with OwnRandomness(seed):
        for part, chosen in zip(pixels.split(batch_size), targets.split(batch_size), strict=True):
            at_once = min(max(batch_size, len(part)), len(part) * samples)
            found.append(
                of_captum(
                    explained, part, disturbed, n_perturb_samples=samples, max_examples_per_batch=at_once, target=chosen
                )
            )
    return torch.cat(found).float().masked_fill(torch.cat(blank), torch.nan)


def _check_samples(samples: object) -> None:
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ValueError(f"samples is how often each picture is changed, 1 or more; you gave {samples!r}.")


def _covered(x: Tensor) -> tuple[Tensor, Tensor]:
    """Where a square lies, 0 or 1, and the pictures `(B, 3, H, W)` without it; the same squares for each third of them.

    Captum repeats each of our three pictures `B / 3` times, one after the other.
    """
    count, height, width = len(x) // 3, x.shape[2], x.shape[3]
    tall, wide = max(1, round(SQUARE * height)), max(1, round(SQUARE * width))
    # Squares may stick out over the edge, so that a corner is covered as often as the middle.
    top = torch.randint(1 - tall, height, (count, 1))
    left = torch.randint(1 - wide, width, (count, 1))
    rows, columns = torch.arange(height), torch.arange(width)
    inside = ((rows >= top) & (rows < top + tall))[:, :, None] & ((columns >= left) & (columns < left + wide))[:, None]
    mask = inside[:, None].repeat(3, x.shape[1], 1, 1).to(x)  # (B, 3, H, W)
    return mask, x * (1 - mask)


def _unsaid(own: float, turned: float, empty: float) -> float:
    """From the mean squared errors of a map, its negative and an empty one: the share left after the best factor ≥ 0.

    With s the map's sum in a square and d the change of the score they are E(s − d)², E(s + d)² and Ed². So
    Esd = (turned − own) / 4 and Es² = (own + turned) / 2 − Ed², and the best factor leaves Ed² − (Esd)² / Es².
    """
    together, square = (turned - own) / 4, (own + turned) / 2 - empty
    if empty <= 0:
        return torch.nan
    if together <= 0 or square <= 0:
        return 1.0
    return min(1.0, max(0.0, 1 - together**2 / (square * empty)))
