"""The image patches that excite a channel most: what a deeper channel looks for, shown in pictures that exist.

    exciting_patches(load("bundled"), images, "layer3").channels[7][0].box

Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks" (2014), show channels so. Each image gives its
loudest place at most, and the patch is what that place can see (`receptive_field.py`). What excites a channel most is
not all that excites it: look at the activations that come with the patches. Left out: what hardly excites it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.explain.listening import Listening, check_channel, listed
from transferlab.explain.receptive_field import receptive_fields


@dataclass(frozen=True)
class Patch:
    """Where a channel is excited: the image's row in its set, the place `(row, column)` on the stage's grid, the box.

    `box` is what that place can see, in pixels: top, left, bottom, right, the last two one past the end, clipped to the
    picture; `core` is the middle of it that counts most (see `receptive_field.py`), the same way. `activation` is the
    channel's value there.
    """

    image: int
    place: tuple[int, int]
    box: tuple[int, int, int, int]
    core: tuple[int, int, int, int]
    activation: float

    def crop(self, images: ImageSet) -> Tensor:
        """The pixels of its core, uint8 `(3, height, width)`.

        >>> exciting.channels[7][0].crop(images).shape
        """
        top, left, bottom, right = self.core
        return images.images[self.image, :, top:bottom, left:right]


@dataclass(frozen=True)
class ExcitingPatches:
    """The patches of each channel of a stage, the most exciting first; a channel that never varies has none.

    `grid` is the stage's `(h, w)`, `num_images` how many images were searched.
    """

    stage: str
    grid: tuple[int, int]
    num_images: int
    channels: dict[int, tuple[Patch, ...]]

    @property
    def silent(self) -> tuple[int, ...]:
        """The channels that no image excites."""
        return tuple(channel for channel, patches in self.channels.items() if not patches)

    def __str__(self) -> str:
        lines = [f"'{self.stage}', {self.grid[0]}×{self.grid[1]} places: what excites it in {self.num_images} images"]
        for channel, patches in list(self.channels.items())[:10]:
            shown = ", ".join(f"image {one.image} at {one.place} {one.activation:.2f}" for one in patches[:3])
            lines.append(f"channel {channel}: {shown or 'nothing'}{', …' if len(patches) > 3 else ''}")
        if len(self.channels) > 10:
            lines.append(f"… and {len(self.channels) - 10} more channels")
        if self.silent:
            lines.append(f"Not excited by any image: {listed(self.silent)}.")
        return "\n".join(lines)

    __repr__ = __str__


def exciting_patches(
    model: nn.Module,
    images: ImageSet,
    stage: str | int,
    channels: int | Sequence[int] | None = None,
    count: int = 9,
    batch_size: int = 100,
) -> ExcitingPatches:
    """The `count` patches that excite each channel of a stage most, one an image at most; all channels without a list.

        >>> print(exciting_patches(load("bundled"), worlds.source(per_class=20), "layer3", channels=[0, 1]))

    Equal activations are taken in the order of the images, and of the places within one. Patches that do no more than
    the channel's lowest activation are left out, so that there may be fewer. The model stays as it is.

    Raises:
        ValueError: no such stage or channel, a stage without places, or images that the model does not take.
    """
    if not isinstance(images, ImageSet):
        raise ValueError(f"exciting_patches() searches an ImageSet; you gave {type(images).__name__}.")
    for name, value in (("count", count), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is a whole number above 0; you gave {value!r}.")
    listening = Listening(model, stage, images.images)
    chosen = _chosen(channels, listening)
    loudest, places, lowest = [], [], torch.full((len(chosen),), torch.inf)
    for maps in listening.over(images.images, batch_size):
        flat = maps[:, chosen].flatten(2).float()  # (B, channels, h·w)
        most = flat.amax(2)
        positions = torch.arange(flat.shape[2], device=flat.device).expand_as(flat)
        # The first of equals, which argmax does not promise.
        first = torch.where(flat == most[..., None], positions, flat.shape[2] - 1).amin(2)
        loudest.append(most.cpu())
        places.append(first.cpu())
        lowest = torch.minimum(lowest, flat.amin((0, 2)).cpu())
    values, where = torch.cat(loudest), torch.cat(places)  # (N, channels)
    best = values.argsort(dim=0, descending=True, stable=True)[:count]  # (count, channels)
    fields = receptive_fields(listening, images.size)
    found: dict[int, tuple[Patch, ...]] = {}
    for i, channel in enumerate(chosen):
        patches = []
        for row in best[:, i].tolist():
            if values[row, i] > lowest[i]:
                place_row, place_column = divmod(int(where[row, i]), listening.grid[1])
                place = place_row, place_column
                patches.append(Patch(row, place, fields.box(*place), fields.core(*place), values[row, i].item()))
        found[channel] = tuple(patches)
    return ExcitingPatches(listening.stage, listening.grid, len(images), found)


def _chosen(channels: int | Sequence[int] | None, listening: Listening) -> list[int]:
    if channels is None:
        return list(range(listening.num_channels))
    asked = [channels] if isinstance(channels, int) else list(channels)
    if not asked:
        raise ValueError("channels names no channel; leave it out for all of them.")
    for channel in asked:
        check_channel(channel, listening.stage, listening.num_channels)
    return asked
