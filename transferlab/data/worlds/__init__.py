"""Worlds: tasks whose pictures are drawn, with true masks and true knobs, anywhere and without a network.

    source = worlds.source(per_class=20)                          # what the bundled backbone was pretrained on
    data = worlds.target("objects", per_class=20, task="hue")     # what to transfer to
    data = worlds.target("satellite", per_class=50, shortcut=0.9)

The source world holds 32 kinds of things. The target "objects" shows eight kinds that the source does not hold, in the
source's own look; `domain_gap` moves it away. "satellite", "tissue", "defects" and "thermal" are named after domains
where transfer is said to be hard. Everything is drawn by seeded torch code: one seed, one set of pictures, on every
machine with the same version of torch. Left out: photographs; see `folder` and `torchvision_set`.
"""

import hashlib
import math
from collections.abc import Callable, Mapping

import torch
from torch import Generator, Tensor

from transferlab.data.images import ImageSet, Splits
from transferlab.data.worlds import (
    artefacts,
    defects,
    gap,
    nature,
    newcomers,
    satellite,
    scene,
    shortcut,
    thermal,
    tissue,
)
from transferlab.data.worlds.scene import HUES, MOST_BEADS, Factors
from transferlab.data.worlds.shortcut import tag_mask
from transferlab.errors import unknown

__all__ = ["DIRECTIONS", "SOURCE_CLASSES", "TARGETS", "TASKS", "source", "tag_mask", "target"]

SOURCE_KINDS = dict(sorted({**nature.KINDS, **artefacts.KINDS}.items()))
SOURCE_CLASSES: tuple[str, ...] = tuple(SOURCE_KINDS)
DIRECTIONS = ("up", "upper right", "right", "lower right", "down", "lower left", "left", "upper left")
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight")

# The questions that can be asked of one and the same picture of "objects", their answers, and the augmentations that
# leave an answer true: mirrored, a thing on the left lies on the right; cropped, a bead may be gone.
TASKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "kind": (tuple(newcomers.KINDS), ("crop", "flip")),
    "count": (COUNTS, ("flip",)),
    "position": (DIRECTIONS, ()),
    "orientation": (DIRECTIONS, ("crop",)),
    "hue": (tuple(HUES), ("crop", "flip")),
}
NAMED: dict[str, tuple[tuple[str, ...], Callable[[Tensor, Generator, int], tuple[Tensor, Tensor]]]] = {
    "satellite": (satellite.CLASSES, satellite.draw),
    "tissue": (tissue.CLASSES, tissue.draw),
    "defects": (defects.CLASSES, defects.draw),
    "thermal": (thermal.CLASSES, thermal.draw),
}
TARGETS: tuple[str, ...] = ("objects", *NAMED)


def source(per_class: int = 20, seed: int = 0, size: int = 64) -> ImageSet:
    """Freshly drawn images of the source world's 32 classes, with masks.

        >>> source(per_class=20, seed=1)
        ImageSet('source world', 640 images of 64×64, 32 classes: 20 to 20 images each, with masks)

    The bundled backbone was pretrained on seeds from a million on; any smaller seed gives images that it has not seen.

    Raises:
        ValueError: `per_class`, `seed` or `size` is no whole number that makes sense.
    """
    _check_numbers(per_class=per_class, seed=seed, size=size)
    generator = stream("source", seed)
    labels = torch.arange(len(SOURCE_CLASSES)).repeat_interleave(per_class)
    count = len(labels)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    upright = torch.randn(count, generator=generator) * 0.35
    factors = Factors(
        kind=labels,
        hue=uniform(0, 1),
        angle=torch.where(uniform(0, 1) < 0.3, uniform(0, math.tau), upright),  # mostly upright, as things are seen
        x=uniform(-0.3, 0.3),
        y=uniform(-0.3, 0.3),
        scale=uniform(0.42, 0.72),
        beads=torch.randint(MOST_BEADS + 1, (count,), generator=generator),
    )
    images, masks = scene.draw(SOURCE_KINDS, factors, generator, size)
    return ImageSet(images, labels, SOURCE_CLASSES, masks=masks, name="source world")


def target(
    name: str = "objects",
    per_class: int = 20,
    *,
    seed: int = 0,
    size: int = 64,
    task: str = "kind",
    domain_gap: float = 0.0,
    shortcut: float = 0.0,
    held_out_per_class: int = 25,
) -> Splits:
    """A task to transfer to: images to train on and images held out, with masks.

        >>> data = target("objects", per_class=20, task="orientation", domain_gap=0.5)
        >>> data.train
        ImageSet('objects, orientation, domain gap 0.5', 160 images of 64×64, 8 classes: up 20, …, with masks)

    `task` is the question asked of the pictures of "objects": "kind", "count" (of the beads), "position", "orientation"
    or "hue". One seed gives the same pictures for all five, with other labels. `domain_gap`, 0…1, moves the look of
    every target away from its own. With `shortcut`, 0…1, every picture wears a coloured tag: in training that of its
    class with this probability, held out one at random; `groups` then says whether the tag agrees with the label.
    Held-out images do not depend on `per_class`, so that budgets are measured on the same ones.

    Raises:
        ValueError: an unknown target or task, or a knob outside its range.
    """
    if name not in TARGETS:
        raise unknown("target", name, TARGETS, "The drawn targets are")
    if task not in TASKS:
        raise unknown("task", task, list(TASKS), "The questions are")
    if task != "kind" and name != "objects":
        raise ValueError(
            f"'{name}' can only be asked for its kind; you gave task='{task}'. Type target('objects', task='{task}')."
        )
    _check_numbers(per_class=per_class, seed=seed, size=size, held_out_per_class=held_out_per_class)
    for knob, value in (("domain_gap", domain_gap), ("shortcut", shortcut)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"{knob} lies between 0 and 1; you gave {value!r}.")
    train, held_out = (
        _drawn(name, number, f"{name}/{part}", seed, size, task, domain_gap, shortcut, part == "train")
        for part, number in (("train", per_class), ("held out", held_out_per_class))
    )
    return Splits(train, held_out)


def _drawn(
    name: str,
    per_class: int,
    part: str,
    seed: int,
    size: int,
    task: str,
    domain_gap: float,
    strength: float,
    train: bool,
) -> ImageSet:
    """One half of a target; scenes, gap and tags have random numbers of their own, so that each knob turns alone."""
    if name == "objects":
        class_names, label_safe = TASKS[task]
        answers, factors = _questions(per_class, stream(f"{part}/factors", seed))
        labels = answers[task]
        images, masks = scene.draw(newcomers.KINDS, factors, stream(part, seed), size)
    else:
        (class_names, draw), label_safe = NAMED[name], ("crop", "flip")
        labels = torch.arange(len(class_names)).repeat_interleave(per_class)
        images, masks = draw(labels, stream(part, seed), size)
    images, masks = gap.widen(images, masks, domain_gap, stream(f"{part}/gap", seed))
    groups: Tensor | None = None
    group_names: tuple[str, ...] = ()
    if strength > 0:
        tags = shortcut.choose_tags(labels, len(class_names), strength if train else 0.0, stream(f"{part}/tags", seed))
        images, masks = shortcut.stick(images, masks, tags)
        groups, group_names = (tags != labels).long(), shortcut.GROUPS
    title = ", ".join(
        [
            name,
            *([task] if task != "kind" else []),
            *([f"domain gap {domain_gap:g}"] if domain_gap else []),
            *([f"shortcut {strength:g}"] if strength else []),
        ]
    )
    return ImageSet(
        images,
        labels,
        class_names,
        masks=masks,
        groups=groups,
        group_names=group_names,
        name=title,
        label_safe=label_safe,
    )


def _questions(per_class: int, generator: Generator) -> tuple[Mapping[str, Tensor], Factors]:
    """Every question's answers for the same pictures, each answer `per_class` times, and the scenes that give them."""
    count = 8 * per_class

    def shuffled() -> Tensor:
        return torch.arange(8).repeat(per_class)[torch.randperm(count, generator=generator)]

    def spread(amount: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * amount

    answers = {task: shuffled() for task in TASKS}
    bearing = answers["position"] * (math.tau / 8)
    hues = torch.tensor(list(HUES.values()))
    factors = Factors(
        kind=answers["kind"],
        hue=(hues[answers["hue"]] + spread(0.012)) % 1,
        angle=answers["orientation"] * (math.tau / 8) + spread(0.15),
        x=0.40 * bearing.sin() + spread(0.06),
        y=-0.40 * bearing.cos() + spread(0.06),
        scale=0.48 + spread(0.06),
        beads=answers["count"] + 1,
    )
    return answers, factors


def stream(name: str, seed: int) -> Generator:
    """Random numbers of their own for each name and seed, the same on every machine."""
    digest = hashlib.blake2b(f"{name}/{seed}".encode(), digest_size=8).digest()
    return Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def _check_numbers(**numbers: int) -> None:
    least = {"seed": 0, "size": 16}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least.get(name, 1):
            raise ValueError(f"{name} is a whole number of at least {least.get(name, 1)}; you gave {value!r}.")
