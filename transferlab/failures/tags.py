"""Pictures of "objects" with coloured tags that speak for an answer, and how far a model listens to them.

    data = tagged(per_class=20, seed=0, strength=0.9)
    tag_gap(model, data.held_out, seed=0)

The gap is measured on the same pictures twice, once with a tag that speaks for the right answer and once with one that
speaks for another: nothing but the tag differs, so that the gap is its effect alone. Tags are those of the knob
`shortcut` (see `worlds`), one for each of the eight kinds; asked whether a thing is at home indoors or outdoors, the
tags of four kinds speak for each. Left out: shortcuts that are part of the thing.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn

from transferlab.audit.remedies import balanced_by_group
from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits
from transferlab.data.worlds.shortcut import GROUPS, stick
from transferlab.errors import unknown
from transferlab.inference import predict
from transferlab.meters import accuracy

KINDS = worlds.TASKS["kind"][0]
INDOORS = ("guitar", "magnifier", "teapot", "wine glass")
PLACES = ("indoors", "outdoors")
QUESTIONS = ("kind", "place")
LOOK = 0.5  # of the way to sonar: where things are hard enough to tell apart for a tag to be worth looking at
OTHER_PICTURES = 500  # between the seed of some pictures and that of others, within what one base seed has


def tagged(
    per_class: int, seed: int, strength: float = 0.0, question: str = "kind", held_out_per_class: int = 25
) -> Splits:
    """Pictures with tags, `per_class` of each of the eight kinds, asked for the "kind" or the "place".

        >>> tagged(per_class=20, seed=0, strength=0.9, question="place").train
        ImageSet('objects, place, shortcut 0.9', 160 images of 64×64, 2 classes: indoors 80, outdoors 80, with …)

    At `strength` 0, which is fair, as many training pictures wear a tag that disagrees as if tags were drawn: half of
    them asked for the place, seven eighths for the kind. At 0.9 it is a tenth of that, at 1 none: exactly that many of
    each class. Held out it is always as at 0. `groups` says whether the tag agrees.

    Raises:
        ValueError: a strength outside 0…1, another question, or what `worlds.target` says.
    """
    check_strength(strength)
    plain = pictures(per_class, seed, held_out_per_class)
    train, held_out = (asked(images, question) for images in (plain.train, plain.held_out))
    drawn = disagreeing_if_drawn(train.class_names)
    name = f"objects, {question}, {f'shortcut {strength:g}' if strength else 'fair'}"
    return Splits(
        replace(with_tags(train, (1 - strength) * drawn, 2 * seed), name=name),
        replace(with_tags(held_out, drawn, 2 * seed + 1), name=name),
    )


def pictures(per_class: int, seed: int, held_out_per_class: int = 25) -> Splits:
    """The drawn target "objects", half-way to another look and without tags.

        >>> pictures(per_class=20, seed=0)

    Neither cropped nor mirrored while training: a tag then stays whole and where it is.
    """
    plain = worlds.target("objects", per_class, seed=seed, domain_gap=LOOK, held_out_per_class=held_out_per_class)
    return Splits(replace(plain.train, label_safe=()), replace(plain.held_out, label_safe=()))


def asked(images: ImageSet, question: str) -> ImageSet:
    """Pictures of "objects" with the answers to this question for classes.

    >>> asked(worlds.target("objects").train, "place").class_names
    ('indoors', 'outdoors')
    """
    if question not in QUESTIONS:
        raise unknown("question", question, QUESTIONS, owner="Tags speak for an answer to")
    if question == "kind":
        return images
    return replace(images, labels=speaks_for(PLACES)[images.labels], class_names=PLACES)


def speaks_for(class_names: Sequence[str]) -> Tensor:
    """The answer that the tag of each kind speaks for, `(8,)`.

    >>> speaks_for(("indoors", "outdoors"))
    tensor([1, 1, 1, 0, 0, 1, 0, 0])
    """
    if tuple(class_names) == PLACES:
        return torch.tensor([int(kind not in INDOORS) for kind in KINDS])
    assert tuple(class_names) == KINDS, "tags speak for a kind or for a place"
    return torch.arange(len(KINDS))


def disagreeing_if_drawn(class_names: Sequence[str]) -> float:
    """The share of tags that disagree with the answer where all are drawn alike.

    >>> disagreeing_if_drawn(("indoors", "outdoors"))
    0.5
    """
    return 1 - 1 / len(class_names)  # as many tags speak for each answer


def with_tags(images: ImageSet, disagreeing: float, seed: int) -> ImageSet:
    """The pictures with tags on, a share of each class wearing one that speaks for another; groups say which.

        >>> with_tags(asked(data.train, "place"), disagreeing=0.5, seed=0)

    Which pictures and which of the tags is drawn by `seed`; the share is met to the nearest picture.
    """
    assert images.masks is not None, "worlds come with masks"
    generator = Generator().manual_seed(seed)
    against = torch.zeros(len(images), dtype=torch.bool)
    for label in range(images.num_classes):
        rows = torch.nonzero(images.labels == label).flatten()
        order = rows[torch.randperm(len(rows), generator=generator)]
        against[order[: round(disagreeing * len(rows))]] = True
    agrees = speaks_for(images.class_names) == images.labels[:, None]  # (N, 8)
    fitting = (agrees != against[:, None]).float()
    tags = torch.multinomial(fitting, 1, generator=generator)[:, 0]  # one of those that fit, each as likely
    pixels, masks = stick(images.images, images.masks, tags)
    return replace(images, images=pixels, masks=masks, groups=against.long(), group_names=GROUPS)


def accuracy_by_tag(model: nn.Module, pictures: ImageSet, seed: int) -> tuple[float, float]:
    """Accuracy on the same pictures where every tag agrees, and where none does.

        >>> accuracy_by_tag(model, data.held_out, seed=0)
        (0.71, 0.4)

    Tags that the pictures wear already are covered by the new ones.
    """
    agreeing, disagreeing = (with_tags(pictures, share, seed) for share in (0.0, 1.0))
    return accuracy(predict(model, agreeing), agreeing.labels), accuracy(predict(model, disagreeing), agreeing.labels)


def tag_gap(model: nn.Module, pictures: ImageSet, seed: int) -> float:
    """Accuracy where the tag agrees minus accuracy where it does not, on the same pictures, within −1…1.

    >>> tag_gap(model, data.held_out, seed=0)
    0.31
    """
    agreeing, disagreeing = accuracy_by_tag(model, pictures, seed)
    return agreeing - disagreeing


def balanced_pictures(per_class: int, seed: int, strength: float, held_out_per_class: int = 25) -> Splits:
    """Biased pictures, those of the rare group repeated until each class and group has as many.

    >>> balanced_pictures(per_class=10, seed=0, strength=0.9)
    """
    data = tagged(per_class, seed, strength, held_out_per_class=held_out_per_class)
    return Splits(balanced_by_group(data.train, seed), data.held_out)


def more_fair_pictures(per_class: int, seed: int, strength: float, held_out_per_class: int = 25) -> Splits:
    """Biased pictures and as many fair ones.

    >>> more_fair_pictures(per_class=10, seed=0, strength=0.9)
    """
    data = tagged(per_class, seed, strength, held_out_per_class=held_out_per_class)
    fair = tagged(per_class, seed + OTHER_PICTURES, held_out_per_class=1).train
    return Splits(together(data.train, fair), data.held_out)


def together(one: ImageSet, other: ImageSet) -> ImageSet:
    """Two sets of the same classes and groups as one.

    >>> together(biased, fair)
    """
    assert one.class_names == other.class_names, "of the same classes"
    assert one.groups is not None, "tagged"
    assert other.groups is not None, "tagged"
    return ImageSet(
        torch.cat([one.images, other.images]), torch.cat([one.labels, other.labels]), one.class_names,
        groups=torch.cat([one.groups, other.groups]), group_names=one.group_names, name=f"{one.name}, {other.name}",
        label_safe=one.label_safe,
    )  # fmt: skip


def check_strength(strength: object) -> None:
    """Refuse a strength of a shortcut that is no number within 0…1."""
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
        raise ValueError(f"A shortcut's strength lies within 0 (fair) … 1 (the tag tells all); you gave {strength!r}.")
