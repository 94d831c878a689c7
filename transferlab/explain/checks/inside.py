"""Does a map lie on the object? Where true masks are known, as in our worlds, that can be counted.

    result = attribution_inside(explain(model, data.held_out).maps, data.held_out.masks)
    print(result.share)     # 2.4: two and a half times what chance would put there

Source of the pointing game: Zhang et al., "Top-down neural attention by excitation backprop" (2016), here without its
tolerance of 15 pixels. Left out: intersection over union, which needs a threshold that nobody can justify.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from transferlab.explain.checks.estimate import Estimate, estimate
from transferlab.explain.checks.methods import check_maps, is_blank


@dataclass(frozen=True)
class Inside:
    """How much of the maps lies within the masks, each a mean over images (not a ratio of means) with its interval.

    `share` is the share of positive attribution inside, divided by the share of the area: 1 is chance. `pointing` is
    how often the highest value lies inside, `pointing_chance` how often a random pixel would. None: nothing counts.
    `num_blank` maps are the same everywhere or nowhere positive; `num_without` masks are empty, or cover everything.
    """

    share: Estimate | None
    pointing: Estimate | None
    pointing_chance: float | None
    num_images: int
    num_blank: int
    num_without: int


def attribution_inside(maps: Tensor, masks: Tensor | None, seed: int = 0) -> Inside:
    """Compare maps `(N, H, W)` with bool masks `(N, H, W)`, or with one `(H, W)` for all, such as `tag_mask(64)`.

        >>> attribution_inside(maps, data.held_out.masks).share
        Estimate(mean=2.4, low=2.1, high=2.7, num_images=200)
        >>> attribution_inside(maps, worlds.tag_mask(64)).share     # shortcut mass

    Where several pixels share the highest value, they share the point.

    Raises:
        ValueError: no masks, or masks of another type or shape.
    """
    if not isinstance(masks, Tensor) or masks.dtype != torch.bool:
        given = "none" if masks is None else masks.dtype if isinstance(masks, Tensor) else type(masks).__name__
        raise ValueError(
            f"True masks are needed, bool (N, H, W), as the sets of transferlab.worlds have them; you gave {given}."
        )
    if not isinstance(maps, Tensor) or maps.ndim != 3:
        raise ValueError(f"Maps are of shape (N, H, W); you gave {tuple(getattr(maps, 'shape', ()))}.")
    masks = masks.cpu().expand(len(maps), -1, -1) if masks.ndim == 2 else masks.cpu()
    check_maps(maps, len(masks), (masks.shape[1], masks.shape[2]))
    maps, masks = maps.double().flatten(1), masks.flatten(1)  # (N, H·W)
    area = masks.double().mean(1)
    without = (area == 0) | (area == 1)
    positive = maps.clamp_min(0)
    blank = is_blank(maps[:, None]) | (positive.sum(1) == 0)
    counts = ~blank & ~without
    maps, masks, positive, area = maps[counts], masks[counts], positive[counts], area[counts]
    share = (positive * masks).sum(1) / positive.sum(1) / area  # (n,)
    highest = maps == maps.amax(1, keepdim=True)
    pointing = (highest & masks).sum(1) / highest.sum(1)
    return Inside(
        estimate(share, seed),
        estimate(pointing, seed),
        area.mean().item() if len(area) else None,
        len(area),
        int((blank & ~without).sum()),
        int(without.sum()),
    )
