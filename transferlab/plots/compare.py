"""The same images through several models, or through the epochs of a run: maps over the pictures, side by side.

Maps are drawn as in `maps.py`: the picture in grey, the map in colour where it is strong; where a method also finds
what speaks against the class, orange speaks for it and purple against. A blank map shows its reason in words.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from transferlab.errors import unknown
from transferlab.explain.compare import Answer, Comparison
from transferlab.plots.maps import POSITIVE, SIGNED, attribution_overlay
from transferlab.plots.style import describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FULL = 0.99  # the share of places below full colour: a single pixel would else leave the others pale
NARROW = 1.3  # inches; below that, answers are written smaller
SCALES = {
    "panel": "each panel by its own strongest places: colours say where, not how much",
    "row": "one scale for each image: colours compare the models, whose scores need not be of one size",
}


def comparison_figure(comparison: Comparison, scale: str = "panel", figure: Figure | None = None) -> Figure:
    """A row an image, its picture at the left; a column a model or epoch, with what it answers below.

        >>> comparison_figure(compare(models, images)).savefig("models.png")
        >>> comparison_figure(strip(snapshots, model, images, target="bee"))

    `scale="panel"` stretches the colours of each map by itself; `"row"` shares them within an image.

    Raises:
        ValueError: another scale.
    """
    from matplotlib.figure import Figure

    if scale not in SCALES:
        raise unknown("scale", scale, tuple(SCALES), owner="scale is")
    rows, columns = len(comparison.images), 1 + len(comparison.names)
    side = min(7.2 / columns, 1.8)
    lines = 1 + any(one.explained != one.predicted for answers in comparison.answers.values() for one in answers)
    figure = figure or Figure(figsize=(7.2, rows * (side + 0.03 + 0.13 * lines) + 1.05), dpi=130, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    signed = _signed(comparison)
    for i in range(rows):
        _picture(panels[i, 0], comparison, i)
        limits = [_limit(comparison.attributions[name].maps[i]) for name in comparison.names]
        for name, limit, ax in zip(comparison.names, limits, panels[i, 1:], strict=True):
            _panel(ax, comparison, name, i, max(limits) if scale == "row" else limit, narrow=side < NARROW)
            if i > 0:
                ax.set_title("")
    first = next(iter(comparison.attributions.values()))
    where = {one.stage for one in comparison.attributions.values()}
    at = "the pixels" if where == {None} else " and ".join(f"'{stage}'" for stage in sorted(map(str, where)))
    method = first.method.replace("grad_cam", "Grad-CAM").replace("_", " ")
    _colour_bar(figure, panels, signed, f"{method} at {at}; {SCALES[scale]}")
    figure.draw_without_rendering()  # the layout knows the size of a blank panel's text only from the second pass on
    texts = [_sentence(comparison, i) for i in range(rows)]
    describe(figure, f"Maps of {method} at {at}, {SCALES[scale]}. {' '.join(texts)}")
    return figure


def comparison_panel(
    comparison: Comparison, name: str, image: int = 0, limit: float | None = None, ax: Axes | None = None
) -> Axes:
    """One map over its picture, with the answer below; a blank map shows why it is blank.

        >>> comparison_panel(comparison, "fine-tuned", image=0)

    Colours are full from `limit` on; None takes the value that 1 % of the places exceed.

    Raises:
        ValueError: no such model or image.
    """
    if name not in comparison.names:
        raise unknown("model", name, comparison.names, owner="This comparison holds")
    if not 0 <= image < len(comparison.images):
        raise ValueError(f"No image {image}: the comparison has {len(comparison.images)}, numbered from 0.")
    ax = ax or new_axes((2.6, 3))
    _panel(ax, comparison, name, image, limit, narrow=False)
    return ax


def _panel(ax: Axes, comparison: Comparison, name: str, i: int, limit: float | None, narrow: bool) -> None:
    image, strengths = comparison.images[i], comparison.attributions[name].maps[i]
    answer, reason = comparison.answers[name][i], comparison.attributions[name].blank[i]
    if reason:
        _empty(ax, image.shape[1], image.shape[2], f"blank: {reason}", narrow)
    else:
        attribution_overlay(_unit(image) * 255, strengths, ax, scale=limit, signed=_signed(comparison))
    truth = comparison.labels[i] if comparison.labels else None
    ax.set_xlabel(_below(answer, truth, longest=10 if narrow else 16), fontsize=6.5 if narrow else 8)
    ax.set_title(name, fontsize=9)
    describe(ax, f"{name}, image {i}: {_said(answer, reason, strengths)}")


def _picture(ax: Axes, comparison: Comparison, i: int) -> None:
    image = _unit(comparison.images[i]).expand(3, -1, -1).permute(1, 2, 0)
    ax.imshow(image.numpy(), interpolation="nearest")
    ax.set_xlabel(f"is: {comparison.labels[i]}" if comparison.labels else f"image {i}", fontsize=8)
    ax.set_title("picture" if i == 0 else "", fontsize=9)
    _bare(ax)


def _empty(ax: Axes, height: int, width: int, text: str, narrow: bool) -> None:
    ax.imshow([[0.93]], cmap="gray", vmin=0, vmax=1, extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    ax.text(
        0.5, 0.5, fill(text, 20 if narrow else 24), ha="center", va="center", fontsize=5.2 if narrow else 7,
        transform=ax.transAxes, color="0.25",
    )  # fmt: skip
    _bare(ax)


def _bare(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _unit(image: Tensor) -> Tensor:
    """A picture within 0…1: bytes as they are, normalised floats stretched from their least to their largest."""
    if image.dtype == torch.uint8:
        return image.float() / 255
    least, most = image.min().float(), image.max().float()
    return (image.float() - least) / (most - least).clamp_min(1e-12)


def _signed(comparison: Comparison) -> bool:
    """Whether the method also finds what speaks against a class."""
    return any(bool((one.maps < 0).any()) for one in comparison.attributions.values())


def _limit(strengths: Tensor) -> float:
    sizes = strengths.abs().flatten()
    if not bool(torch.isfinite(sizes).all()):
        return 0.0
    return sizes.sort().values[int(FULL * (len(sizes) - 1))].item() or sizes.max().item()


def _colour_bar(figure: Figure, panels, signed: bool, scale: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shown = ScalarMappable(Normalize(-1 if signed else 0, 1), SIGNED if signed else POSITIVE)
    bar = figure.colorbar(shown, ax=panels, location="bottom", shrink=0.5, aspect=40, pad=0.02)
    ends = [(-1, "against the class"), (1, "for the class")] if signed else [(0, "nothing"), (1, "most")]
    bar.set_ticks([place for place, _ in ends], labels=[text for _, text in ends], fontsize=8)
    bar.set_label(scale, fontsize=8, color="0.3")
    bar.outline.set_visible(False)  # type: ignore[operator]


def _below(answer: Answer, truth: str | None, longest: int = 16) -> str:
    right = " ✓" if truth is not None and answer.predicted == truth else ""
    text = f"{_short(answer.predicted, longest)} {answer.probability:.0%}{right}"
    if answer.explained == answer.predicted:
        return text
    return f"{text}\nmap: {_short(answer.explained, longest)} {answer.explained_probability:.0%}"


def _short(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _said(answer: Answer, reason: str | None, strengths: Tensor) -> str:
    text = f"answers {answer.predicted} ({answer.probability:.0%})"
    if answer.explained != answer.predicted:
        text += f", map for {answer.explained} ({answer.explained_probability:.0%})"
    if reason:
        return f"{text}, blank since {reason}."
    y, x = divmod(int(strengths.argmax()), strengths.shape[1])
    return f"{text}, strongest at row {y}, column {x} of {strengths.shape[0]}×{strengths.shape[1]}."


def _sentence(comparison: Comparison, i: int) -> str:
    truth = f" ({comparison.labels[i]})" if comparison.labels else ""
    parts = [
        f"{name} {_said(comparison.answers[name][i], one.blank[i], one.maps[i])}"
        for name, one in comparison.attributions.items()
    ]
    return f"Image {i}{truth}: {' '.join(parts)}"
