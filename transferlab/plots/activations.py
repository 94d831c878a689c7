"""What channels make of images: their maps, what excites them, pictures made for them, what tells classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from transferlab.data.images import ImageSet
from transferlab.explain.activations import DeadChannels, TellingChannels
from transferlab.explain.exciting import ExcitingPatches
from transferlab.explain.listening import listed
from transferlab.explain.maximisation import Maximised
from transferlab.plots.sheets import tile
from transferlab.plots.style import COLOURS, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def channel_map_sheet(
    maps: Tensor, channels: Sequence[int] | None = None, columns: int = 8, ax: Axes | None = None
) -> Axes:
    """Maps `(C, h, w)` of one image in grey, each from its own least value (black) to its own greatest (white).

        >>> channel_map_sheet(channel_maps(model, photo, "layer2"), channels=range(16))

    Without `channels` the first 32 are shown.

    Raises:
        ValueError: no maps `(C, h, w)`, or no such channel.
    """
    if not isinstance(maps, Tensor) or maps.ndim != 3:
        raise ValueError("channel_map_sheet() shows maps (C, h, w), as channel_maps(model, image, stage) gives them.")
    shown = list(range(min(32, len(maps)))) if channels is None else list(channels)
    if not shown or not all(0 <= one < len(maps) for one in shown):
        raise ValueError(f"These maps have channels 0 to {len(maps) - 1}; you asked for {shown}.")
    chosen = maps[shown].float()
    low, high = chosen.amin((1, 2), keepdim=True), chosen.amax((1, 2), keepdim=True)
    grey = ((chosen - low) / (high - low).clamp_min(1e-12) * 255).round().to(torch.uint8)
    scale = max(1, 96 // maps.shape[2])
    columns = min(columns, len(shown))
    sheet = tile(grey[:, None].expand(-1, 3, -1, -1), columns, gap=1, scale=scale)
    rows = -(-len(shown) // columns)
    ax = ax or new_axes((columns * 0.95, rows * 1.0 + 0.4))
    ax.imshow(sheet.permute(1, 2, 0).numpy(), interpolation="nearest")
    height, width = maps.shape[1] * scale + 1, maps.shape[2] * scale + 1
    for i, channel in enumerate(shown):
        place = (i % columns * width + 4, i // columns * height + 4)
        _tag(ax, place, str(channel))
    ax.set_axis_off()
    still = [channel for channel, one, other in zip(shown, low, high, strict=True) if one == other]
    flat = f"; the same at every place: {listed(tuple(still))}" if still else ""
    describe(
        ax,
        f"Maps of {len(shown)} channels of {len(maps)} for one image, {maps.shape[1]} by {maps.shape[2]} places{flat}.",
    )
    return ax


def patch_row(patches: ExcitingPatches, images: ImageSet, channel: int, ax: Axes | None = None) -> Axes:
    """The images that excite one channel most, with a box around what the loudest place sees best.

        >>> patch_row(exciting_patches(model, images, "layer3"), images, channel=7)

    Raises:
        ValueError: the channel was not searched.
    """
    return _patch_rows(patches, images, [channel], ax)


def patch_sheet(
    patches: ExcitingPatches, images: ImageSet, channels: Sequence[int] | None = None, ax: Axes | None = None
) -> Axes:
    """The images that excite each channel most, a channel a row; without `channels` the first six that are not silent.

    >>> patch_sheet(exciting_patches(model, images, "layer3", channels=[7, 8, 9]), images)
    """
    if channels is None:
        channels = [channel for channel, found in patches.channels.items() if found][:6]
    return _patch_rows(patches, images, channels, ax)


def _patch_rows(patches: ExcitingPatches, images: ImageSet, channels: Sequence[int], ax: Axes | None) -> Axes:
    from matplotlib.patches import Rectangle

    for channel in channels:
        if channel not in patches.channels:
            raise ValueError(f"Channel {channel} was not searched; these were: {listed(tuple(patches.channels))}.")
    if len(images) != patches.num_images:
        raise ValueError(f"The patches are of {patches.num_images} images, and these are {len(images)}: give the same.")
    if not channels:
        raise ValueError(f"No image excites a channel of '{patches.stage}': there is nothing to show.")
    columns = max(1, *(len(patches.channels[channel]) for channel in channels))
    height, width = images.size
    scale, gap = max(1, 96 // width), 2
    sheet = torch.full((len(channels) * columns, 3, height, width), 255, dtype=torch.uint8)
    for i, channel in enumerate(channels):
        for j, one in enumerate(patches.channels[channel]):
            sheet[i * columns + j] = images.images[one.image]
    picture = tile(sheet, columns, gap, scale)
    ax = ax or new_axes((columns * 0.95 + 0.9, len(channels) * 1.0 + 0.5))
    ax.imshow(picture.permute(1, 2, 0).numpy(), interpolation="nearest")
    for i, channel in enumerate(channels):
        for j, one in enumerate(patches.channels[channel]):
            x, y = gap + j * (width * scale + gap) - 0.5, gap + i * (height * scale + gap) - 0.5
            top, left, bottom, right = (scale * value for value in one.core)
            for colour, line in (("black", 3.0), ("white", 1.4)):  # one of them shows on any picture
                box = Rectangle((x + left, y + top), right - left, bottom - top, fill=False, edgecolor=colour, lw=line)
                ax.add_patch(box)
            _tag(ax, (x + 3, y + 3), f"{one.activation:.1f}")
    step = picture.shape[1] / len(channels)
    ax.set_yticks([step * (i + 0.5) for i in range(len(channels))], [f"channel {channel}" for channel in channels])
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(f"What excites '{patches.stage}' most, of {patches.num_images} images", fontsize=11)
    parts = [
        f"channel {channel} from {found[0].activation:.1f} to {found[-1].activation:.1f}"
        if (found := patches.channels[channel])
        else f"channel {channel} not at all"
        for channel in channels
    ]
    describe(
        ax,
        f"The images of {patches.num_images} that excite channels of '{patches.stage}' most, with a box around what "
        f"the loudest place sees best: {'; '.join(parts)}.",
    )
    return ax


def maximised_sheet(maximised: Maximised, columns: int = 4, ax: Axes | None = None) -> Axes:
    """Pictures made for channels or classes, each with its name and how far the activation rose.

    >>> maximised_sheet(maximise(load("bundled"), "layer3", range(8)))
    """
    count, columns = len(maximised.images), min(columns, len(maximised.images))
    size = maximised.images.shape[3]
    scale, gap, band = max(1, 160 // size), 4, 34  # of pixels between pictures; the band below holds the name
    rows = -(-count // columns)
    step_y, step_x = size * scale + band, size * scale + gap
    sheet = torch.full((3, rows * step_y, columns * step_x), 255, dtype=torch.uint8)
    for i, image in enumerate(maximised.images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)):
        top, left = i // columns * step_y, i % columns * step_x
        sheet[:, top : top + size * scale, left : left + size * scale] = image
    ax = ax or new_axes((columns * 1.9, rows * 2.25 + 0.4))
    ax.imshow(sheet.permute(1, 2, 0).numpy(), interpolation="nearest")
    for i, name in enumerate(maximised.names):
        risen = f"{maximised.before[i]:.1f} → {maximised.after[i]:.1f}"
        silent = maximised.channels[i] in maximised.silent
        centre = i % columns * step_x + size * scale / 2
        ax.text(
            centre, i // columns * step_y + size * scale + 4, f"{name}: {'silent' if silent else risen}",
            ha="center", va="top", fontsize=9,
        )  # fmt: skip
    ax.set_axis_off()
    ax.set_title(f"Made to excite '{maximised.stage}', {maximised.steps} steps", fontsize=11)
    describe(ax, f"Pictures made by gradient ascent. {maximised}.")
    return ax


def telling_dots(telling: TellingChannels, count: int = 12, ax: Axes | None = None) -> Axes:
    """The channels that tell two classes apart best: Cohen's d of each, beside the band that shuffled labels reach.

    >>> telling_dots(telling_channels(model, images, "bee", "ant", "layer3"))
    """
    count = min(count, len(telling.channels))
    effect = telling.effect[:count]
    finite = effect[effect.isfinite()].abs()
    edge = max(finite.max().item() if len(finite) else 0.0, telling.chance) * 1.15 + 0.1
    ax = ax or new_axes((6.4, 0.27 * count + 1.5))
    ax.axvspan(-telling.chance, telling.chance, color="0.9", linewidth=0)
    ax.axvline(0, color="0.5", linewidth=1)
    for i, d in enumerate(effect.clamp(-edge, edge).tolist()):
        colour, marker = (COLOURS[0], "o") if d > 0 else (COLOURS[1], "s")
        filled = abs(d) > telling.chance
        ax.plot([0, d], [i, i], color=colour, linewidth=1.2)
        ax.plot(d, i, marker, color=colour, markerfacecolor=colour if filled else "white", markersize=7)
    ax.set_yticks(range(count), [str(one) for one in telling.channels[:count].tolist()])
    ax.set_ylim(count - 0.4, -0.6)
    ax.set(
        xlim=(-edge, edge), ylabel=f"channel of '{telling.stage}'",
        xlabel=f"Cohen's d:   ← more for {telling.class_b}      more for {telling.class_a} →",
        title=f"{telling.class_a} ({len(telling.values_a)}) and {telling.class_b} ({len(telling.values_b)}); "
        "grey: by chance",
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    best = "; ".join(
        f"channel {one} {d:+.1f}" for one, d in zip(telling.channels[:3].tolist(), effect[:3].tolist(), strict=True)
    ) if count >= 3 else f"channel {int(telling.channels[0])} {effect[0].item():+.1f}"  # fmt: skip
    describe(
        ax,
        f"Channels of '{telling.stage}' that tell {telling.class_a} from {telling.class_b} best, by Cohen's d: {best}. "
        f"Shuffled labels reach {telling.chance:.1f}; {telling.above_chance} of {len(telling.channels)} channels "
        "surpass that.",
    )
    return ax


def dead_bars(found: Sequence[DeadChannels], ax: Axes | None = None) -> Axes:
    """The share of channels that never vary on the given images, a bar a stage.

        >>> dead_bars([dead_channels(model, images, stage) for stage in ("layer1", "layer2", "layer3", "layer4")])

    Raises:
        ValueError: no stage at all.
    """
    if not found:
        raise ValueError("dead_bars() shows stages, such as [dead_channels(model, images, 'layer4')]; you gave none.")
    ax = ax or new_axes((6.4, 0.42 * len(found) + 1.4))
    for i, one in enumerate(found):
        ax.barh(i, 100 * one.share, color=COLOURS[1], height=0.6)
        ax.text(100 * one.share + 1, i, f"{len(one.never_vary)} of {one.num_channels}", va="center", fontsize=9)
    ax.set_yticks(range(len(found)), [one.stage for one in found])
    ax.invert_yaxis()
    many = sorted({one.num_images for one in found})
    images = f"{many[0]} images" if len(many) == 1 else f"{many[0]} to {many[-1]} images"
    ax.set(xlim=(0, 118), xlabel=f"channels that never vary on {images} (%)", title="Dead channels")
    ax.set_xticks(range(0, 101, 20))
    ax.spines[["top", "right"]].set_visible(False)
    parts = ", ".join(f"{one.stage} {len(one.never_vary)} of {one.num_channels}" for one in found)
    describe(ax, f"Channels that never vary on {images}: {parts}.")
    return ax


def activation_figure(
    image: Tensor, maps: Sequence[tuple[str, Tensor]], count: int = 16, figure: Figure | None = None
) -> Figure:
    """One image `(3, H, W)` and, stage by stage, the maps of its `count` most active channels.

    >>> activation_figure(photo, [(name, channel_maps(model, photo, name)) for name in ("conv1", "layer3")])
    """
    from matplotlib.figure import Figure

    figure = figure or Figure(figsize=(2.9 * (len(maps) + 1), 3.3), dpi=130, layout="constrained")
    first, *others = figure.subplots(1, len(maps) + 1, squeeze=False)[0]
    first.imshow(image.permute(1, 2, 0).cpu().numpy(), interpolation="nearest")
    first.set_axis_off()
    first.set_title("image", fontsize=11)
    for ax, (name, one) in zip(others, maps, strict=True):
        order = one.mean((1, 2)).argsort(descending=True, stable=True)[:count].tolist()
        channel_map_sheet(one, order, columns=round(len(order) ** 0.5), ax=ax)
        ax.set_title(f"{name}, {one.shape[1]}×{one.shape[2]} places", fontsize=11)
    named = ", ".join(f"{name} ({len(one)} channels)" for name, one in maps)
    describe(figure, f"An image and the maps of its {count} most active channels at {named}.")
    return figure


def _tag(ax: Axes, place: tuple[float, float], text: str) -> None:
    ax.text(
        *place, text, color="white", fontsize=7, ha="left", va="top",
        bbox={"facecolor": "black", "alpha": 0.65, "pad": 1, "linewidth": 0},
    )  # fmt: skip
