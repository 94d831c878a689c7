"""Attribution maps over pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from transferlab.plots.style import describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGNED = "PuOr_r"  # orange speaks for, purple against; told apart by colour-blind eyes, and in grey by its middle
POSITIVE = "inferno"  # even steps of lightness from nothing to much


def attribution_overlay(
    image: Tensor,
    values: Tensor,
    ax: Axes | None = None,
    *,
    title: str = "",
    scale: float | None = None,
    blank: str | None = None,
    outline: Tensor | None = None,
    signed: bool | None = None,
) -> Axes:
    """One map `(H, W)` over its picture `(3, H, W)`, uint8: the picture in grey, the map in colour where it is strong.

        >>> attribution_overlay(data.images[0], explained.maps[0], outline=data.masks[0], title="bee, 93 %")

    Maps with both signs are orange where they speak for the class and purple where against it; others go from clear to
    yellow. `scale` is the value of the full colour (the map's own 99th percentile where none is given, so that one
    pixel does not darken the rest). `blank` is written in place of a map with nothing in it. `outline`, bool `(H, W)`,
    is drawn as a line: the true mask. `signed` says which colours a map gets that could have had both signs.
    """
    ax = ax or new_axes((2.6, 2.8))
    grey = image.float().mean(0).div(255).numpy()  # (H, W)
    signed = bool(values.min() < 0) if signed is None else signed
    strongest = scale or float(torch.quantile(values.abs().flatten().float(), 0.99)) or float(values.abs().max())
    ax.imshow(grey, cmap="gray", vmin=-0.3, vmax=1.15, interpolation="nearest")
    if blank or strongest == 0:
        ax.text(
            0.5, 0.5, _wrapped(blank or "nothing"), ha="center", va="center", transform=ax.transAxes, fontsize=7,
            bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "0.7"},
        )  # fmt: skip
    else:
        strength = (values / strongest).clamp(-1, 1).numpy()
        ax.imshow(
            strength, cmap=SIGNED if signed else POSITIVE, vmin=-1 if signed else 0, vmax=1,
            alpha=abs(strength) ** 0.7 * 0.85, interpolation="bilinear",
        )  # fmt: skip
    if outline is not None and outline.any() and not outline.all():
        ax.contour(outline.float().numpy(), levels=[0.5], colors="white", linewidths=1.6)
        ax.contour(outline.float().numpy(), levels=[0.5], colors="#0072B2", linewidths=0.8)
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if title:
        ax.set_title(title, fontsize=8)
    row, column = divmod(int(values.abs().argmax()), values.shape[1])
    describe(ax, f"{title}: {blank}" if blank else f"{title}: the map is strongest at row {row}, column {column}.")
    return ax


def _wrapped(text: str, width: int = 24) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))
