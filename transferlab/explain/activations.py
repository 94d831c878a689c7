"""What the channels of a stage make of images: their maps, which tell two classes apart, which never answer.

    channel_maps(model, photo, "layer2")                         # (C, h, w)
    print(telling_channels(model, images, "bee", "ant", "layer3"))

The maps are taken in a copy of the model (`listening.py`) and are `(C, h, w)` for a ViT's tokens and Swin's
channels-last maps too. Effect sizes: Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988). Left out:
the classifier, whose outputs are classes and no maps.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.explain.listening import Listening, listed
from transferlab.explain.requests import pictures
from transferlab.stages.stage import aligned

SHUFFLES = 200  # of the labels: enough for a 95 % point, and done in a moment


def channel_maps(model: nn.Module, image: Tensor | ImageSet, stage: str | int) -> Tensor:
    """What each channel of a stage answers at each place of one image: float32 `(C, h, w)`, on the CPU.

        >>> channel_maps(load("bundled"), images.images[0], "layer2").shape
        torch.Size([64, 8, 8])

    `image` is uint8 `(3, H, W)` (or floats that are normalised already). The model stays as it is.

    Raises:
        ValueError: no such stage, one without places, or not one image that the model takes.
    """
    pixels = pictures(image)
    if len(pixels) != 1:
        raise ValueError(f"channel_maps() shows one image at a time; you gave {len(pixels)}. Type images.images[0].")
    with torch.no_grad():
        return Listening(model, stage, pixels)(pixels)[0][0].float().cpu().contiguous()


@dataclass(frozen=True, eq=False)
class TellingChannels:
    """How far apart two classes lie in each channel of a stage, the furthest first; `print` shows the first ten.

    Each image counts with the mean of a channel's map. `effect` `(C,)` is Cohen's d, `(mean_a − mean_b) / s` with
    `s² = ((n_a − 1) s_a² + (n_b − 1) s_b²) / (n_a + n_b − 2)`: positive where `class_a` excites the channel more;
    0.8 is commonly called large. `channels` `(C,)` are the numbers of the channels, `values_a` `(n_a, C)` and
    `values_b` `(n_b, C)` the means of the images, in the same order of channels. `chance` is the largest |d| that 95 %
    of shuffled labels stay below: with many channels and few images some channel always seems to tell.
    """

    stage: str
    class_a: str
    class_b: str
    channels: Tensor
    effect: Tensor
    values_a: Tensor
    values_b: Tensor
    chance: float

    @property
    def above_chance(self) -> int:
        """How many channels tell the classes apart better than shuffled labels do."""
        return int((self.effect.abs() > self.chance).sum())

    def __str__(self) -> str:
        rows = [
            (str(channel.item()), f"{d:+.2f}", f"{a:.3g}", f"{b:.3g}")
            for channel, d, a, b in zip(
                self.channels[:10], self.effect, self.values_a.mean(0), self.values_b.mean(0), strict=False
            )
        ]
        head = ("channel", "Cohen's d", f"mean {self.class_a}", f"mean {self.class_b}")
        return "\n".join([
            f"'{self.stage}': {self.class_a} ({len(self.values_a)} images) and {self.class_b} ({len(self.values_b)})",
            aligned(head, rows, left=()),
            f"{self.above_chance} of {len(self.channels)} channels are above |d| = {self.chance:.2f}, the largest that "
            "shuffled labels give 19 times in 20.",
        ])  # fmt: skip


def telling_channels(
    model: nn.Module, images: ImageSet, class_a: str | int, class_b: str | int, stage: str | int, seed: int = 0
) -> TellingChannels:
    """Which channels of a stage differ most between two classes of an image set, with how much chance would give.

        >>> print(telling_channels(load("bundled"), data.held_out, "disc", "star", "layer3"))

    `seed` shuffles the labels for `chance`. The model stays as it is.

    Raises:
        ValueError: no such stage or class, one class twice, or fewer than two images of one.
    """
    if not isinstance(images, ImageSet):
        raise ValueError(f"telling_channels() needs labelled images, an ImageSet; you gave {type(images).__name__}.")
    a, b = (_class_of(images, one) for one in (class_a, class_b))
    if a == b:
        raise ValueError(f"'{images.class_names[a]}' was given twice: a class does not differ from itself.")
    rows = [torch.nonzero(images.labels.cpu() == label).flatten() for label in (a, b)]
    for label, own in zip((a, b), rows, strict=True):
        if len(own) < 2:
            raise ValueError(
                f"A class varies from two images on; there {'is 1' if len(own) else 'are none'} of "
                f"'{images.class_names[label]}'. The images are: {images!r}."
            )
    chosen = images.images[torch.cat(rows)]
    listening = Listening(model, stage, chosen)
    values = torch.cat([maps.double().mean((2, 3)).cpu() for maps in listening.over(chosen)])  # (n_a + n_b, C)
    count = len(rows[0])
    generator = Generator().manual_seed(seed)
    by_chance = [
        cohens_d(values[order[:count]], values[order[count:]]).abs().max()
        for order in (torch.randperm(len(values), generator=generator) for _ in range(SHUFFLES))
    ]
    effect = cohens_d(values[:count], values[count:])
    order = effect.abs().argsort(descending=True, stable=True)
    return TellingChannels(
        listening.stage, images.class_names[a], images.class_names[b], order, effect[order].float(),
        values[:count, order].float(), values[count:, order].float(), torch.stack(by_chance).quantile(0.95).item(),
    )  # fmt: skip


def cohens_d(one: Tensor, other: Tensor) -> Tensor:
    """The difference of two groups' means in pooled standard deviations, `(C,)`, of `(n, C)` and `(m, C)`.

        >>> cohens_d(torch.tensor([[1.0], [3]]), torch.tensor([[0.0], [2]]))
        tensor([0.7071])

    0 where nothing varies and the means agree; infinite where nothing varies within the groups and the means differ.
    """
    squares = (one - one.mean(0)).square().sum(0) + (other - other.mean(0)).square().sum(0)
    pooled = (squares / (len(one) + len(other) - 2)).sqrt()
    difference = one.mean(0) - other.mean(0)
    # What rounding leaves of equal values is no difference.
    same = difference.abs() <= 1e-9 * (one.abs().amax(0) + other.abs().amax(0))
    return torch.where(same, 0.0, difference / pooled)


@dataclass(frozen=True)
class DeadChannels:
    """Channels of a stage that say nothing about `num_images` images; other images may wake them.

    `never_vary` have one and the same value at every place of every image: these are dead. `never_above_zero` behind a
    ReLU are the same ones; where activations may be negative (a ViT's tokens) such a channel may well say something.
    """

    stage: str
    num_channels: int
    num_images: int
    never_vary: tuple[int, ...]
    never_above_zero: tuple[int, ...]

    @property
    def share(self) -> float:
        """The share of channels that never vary, within 0…1."""
        return len(self.never_vary) / self.num_channels

    def __str__(self) -> str:
        parts = [
            f"{len(found)} never {what}{f' ({listed(found)})' if found else ''}"
            for found, what in ((self.never_vary, "vary"), (self.never_above_zero, "rise above zero"))
        ]
        many = f"{self.num_images} image{'s' if self.num_images > 1 else ''}"
        return f"'{self.stage}': of {self.num_channels} channels, on {many}, {' and '.join(parts)}."


def dead_channels(model: nn.Module, images: ImageSet | Tensor, stage: str | int) -> DeadChannels:
    """Which channels of a stage never vary, and which never rise above zero, on these images.

        >>> print(dead_channels(load("bundled"), data.held_out, "layer4"))
        'layer4': of 256 channels, on 200 images, 0 never vary and 0 never rise above zero.

    Raises:
        ValueError: no such stage, one without places, or images that the model does not take.
    """
    pixels = pictures(images)
    listening = Listening(model, stage, pixels)
    highest = torch.full((listening.num_channels,), -math.inf)
    lowest = torch.full((listening.num_channels,), math.inf)
    for maps in listening.over(pixels):
        highest = torch.maximum(highest, maps.amax((0, 2, 3)).float().cpu())
        lowest = torch.minimum(lowest, maps.amin((0, 2, 3)).float().cpu())
    still, low = (torch.nonzero(found).flatten().tolist() for found in (highest == lowest, highest <= 0))
    return DeadChannels(listening.stage, listening.num_channels, len(pixels), tuple(still), tuple(low))


def _class_of(images: ImageSet, name: str | int) -> int:
    if isinstance(name, str):
        if name not in images.class_names:
            raise unknown("class", name, images.class_names, owner="These images' classes are")
        return images.class_names.index(name)
    if isinstance(name, bool) or not isinstance(name, int) or not 0 <= name < images.num_classes:
        raise ValueError(f"No class {name!r}: these images have {images.num_classes}, by name or numbered from 0.")
    return name
