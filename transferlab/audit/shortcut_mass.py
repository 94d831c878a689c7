"""How much of what an answer rests on lies on a suspected shortcut: a tag, a ruler, a watermark, the sky.

    use, masses = shortcut_mass(model, images, worlds.tag_mask(64))
    print(use.mass, use.area)           # 0.41 (0.37 … 0.45) of the attribution on 0.035 of the area

An attribution method is no proof: look at `explain.judge` first, and try several. Left out: finding shortcuts that
nobody has thought of.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from transferlab.data.checks import described
from transferlab.data.images import ImageSet
from transferlab.explain.attribution import explain
from transferlab.explain.checks.estimate import Estimate, estimate
from transferlab.explain.checks.methods import is_blank


@dataclass(frozen=True)
class ShortcutUse:
    """`mass` is the share of positive attribution inside the mask, a mean over images, `area` that of the pixels.

    A map that knows nothing of the shortcut gives the two about the same. `num_blank` maps are empty and
    `num_without` images have no shortcut; neither count. `mass` is None where none does. `stage` is where the method
    looked, None for pixels.
    """

    method: str
    stage: str | None
    mass: Estimate | None
    area: float
    num_blank: int = 0
    num_without: int = 0

    @property
    def times(self) -> float | None:
        """How many times its area the shortcut gets: 1 is what chance would give."""
        return None if self.mass is None or self.area == 0 else self.mass.mean / self.area

    def __str__(self) -> str:
        where = f"{self.method}{f' at {self.stage}' if self.stage else ''}"
        if self.mass is None:
            return f"nothing to be said about the shortcut by {where}: every map is blank, or no image has one"
        return (
            f"{self.mass.mean:.0%} of {where} lies on the shortcut (95 % interval {self.mass.low:.0%} … "
            f"{self.mass.high:.0%}), which covers {self.area:.1%} of the picture: {self.times:.1f} times its area"
        )


def shortcut_mass(
    model: nn.Module, images: ImageSet, shortcut: Tensor | np.ndarray, method: str = "grad_cam", seed: int = 0
) -> tuple[ShortcutUse, Tensor]:
    """Explain what the model answers for each image, and count what lies inside the mask.

        >>> shortcut_mass(model, data.held_out, worlds.tag_mask(64))[0].times
        11.7

    `shortcut` is bool, `(H, W)` for all images or `(N, H, W)`. The second value is each image's share, `(N,)`, NaN
    where it does not count. `seed` draws the interval's bootstrap.

    Raises:
        ValueError: no such mask, one that covers nothing or everything, or what `explain` refuses.
    """
    masks = check_shortcut(shortcut, images)
    found = explain(model, images, method=method)
    positive = found.maps.double().clamp_min(0).flatten(1)  # (N, H·W)
    inside = masks.expand(len(images), -1, -1).flatten(1)
    area = inside.double().mean(1)
    without = area == 0
    blank = is_blank(found.maps[:, None]) | (positive.sum(1) == 0)
    masses = (positive * inside).sum(1) / positive.sum(1).clamp_min(torch.finfo(torch.float64).tiny)
    masses[blank | without] = torch.nan
    counts = ~(blank | without)
    mean_area = area[counts].mean().item() if counts.any() else area.mean().item()
    use = ShortcutUse(
        method, found.stage, estimate(masses, seed), mean_area, int((blank & ~without).sum()), int(without.sum())
    )
    return use, masses


def check_shortcut(shortcut: object, images: ImageSet) -> Tensor:
    """The mask as bool `(1, H, W)` or `(N, H, W)`.

    Raises:
        ValueError: not a bool mask of the images' size, or one that covers nothing or all of every picture.
    """
    masks = torch.from_numpy(shortcut.copy()) if isinstance(shortcut, np.ndarray) else shortcut
    height, width = images.size
    shapes = ((height, width), (len(images), height, width))
    if not isinstance(masks, Tensor) or masks.dtype != torch.bool or tuple(masks.shape) not in shapes:
        raise ValueError(
            f"shortcut is a bool mask of shape {shapes[0]}, or {shapes[1]} with one for each image; you gave "
            f"{described(shortcut)}. For drawn worlds type worlds.tag_mask({height})."
        )
    masks = masks.detach().cpu()
    masks = masks if masks.ndim == 3 else masks[None]
    if not masks.any() or masks.all():
        raise ValueError(
            f"The shortcut's mask covers {'everything' if masks.all() else 'nothing'}, so that there is nothing to "
            "compare it with. It is true where the shortcut lies."
        )
    return masks
