"""Pictures of "objects" with coloured tags that speak for an answer, and how far a model listens to them.

    data = tagged(per_class=20, seed=0, strength=0.9)
    tag_gap(model, data.held_out, seed=0)

The gap is measured on the same pictures twice, once with a tag that speaks for the right answer and once with one that
speaks for the wrong one: nothing but the tag differs, so that the gap is its effect alone. Tags are those of the knob
`shortcut` (see `worlds`). The question is whether a thing is at home indoors or outdoors, four kinds each. All that a
sweep draws and measures is in this file, so that a row that was kept belongs to it (see `experiments.cells`). Left out:
shortcuts that are part of the thing.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn

from transferlab.audit.remedies import balanced_by_group, retrain_last_layer
from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits
from transferlab.data.worlds.shortcut import GROUPS, choose_tags, stick
from transferlab.heads import head_of, replace_head
from transferlab.inference import predict
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.meters import accuracy
from transferlab.recipes import fine_tuning
from transferlab.training import fit

INDOORS = ("guitar", "magnifier", "teapot", "wine glass")
PLACES = ("indoors", "outdoors")
LOOK = 0.5  # of the way to sonar: where things are hard enough to tell apart for a tag to be worth looking at
FROZEN, WITH_MORE, TUNED = ADAPTED = ("frozen", "frozen with more", "fine-tuned")
FAIR_ACCURACY = "fair accuracy"
OTHER_PICTURES = 500  # between the seed of what a backbone was trained on and that of what it is adapted to
MORE = 4  # times as many fair pictures
SMALL = 5  # fair pictures of each kind, for a last layer alone


def tagged(per_class: int, seed: int, strength: float = 0.0, held_out_per_class: int = 25) -> Splits:
    """The question "indoors or outdoors?", `per_class` pictures of each kind, with tags of the eight kinds.

        >>> tagged(per_class=20, seed=0, strength=0.9).train
        ImageSet('objects, place, shortcut 0.9', 160 images of 64×64, 2 classes: indoors 80, outdoors 80, with …)

    At `strength` 0, which is fair, half of the training pictures wear a tag of the other place; at 0.9 a twentieth, at
    1 none: exactly that many in each place. Held out it is always half. `groups` says whether the tag agrees.

    Raises:
        ValueError: a strength outside 0…1, or what `worlds.target` says.
    """
    check_strength(strength)
    plain = pictures(per_class, seed, held_out_per_class)
    train, held_out = (
        with_tags(by_place(images), share, seed=2 * seed + part)
        for part, (images, share) in enumerate(((plain.train, (1 - strength) / 2), (plain.held_out, 0.5)))
    )
    name = f"objects, place, {f'shortcut {strength:g}' if strength else 'fair'}"
    return Splits(replace(train, name=name), replace(held_out, name=name))


def pictures(per_class: int, seed: int, held_out_per_class: int = 25) -> Splits:
    """The drawn target "objects", half-way to another look and without tags.

        >>> pictures(per_class=20, seed=0)

    Neither cropped nor mirrored while training: a tag then stays whole and where it is.
    """
    plain = worlds.target("objects", per_class, seed=seed, domain_gap=LOOK, held_out_per_class=held_out_per_class)
    return Splits(replace(plain.train, label_safe=()), replace(plain.held_out, label_safe=()))


def by_place(images: ImageSet) -> ImageSet:
    """Pictures of "objects", asked whether the thing is at home indoors or outdoors.

    >>> by_place(worlds.target("objects").train).class_names
    ('indoors', 'outdoors')
    """
    return replace(images, labels=place_of(images.class_names)[images.labels], class_names=PLACES, name="place")


def place_of(kinds: Sequence[str]) -> Tensor:
    """The place of each kind, `(K,)`: 0 indoors, 1 outdoors.

    >>> place_of(("teapot", "bird"))
    tensor([0, 1])
    """
    return torch.tensor([int(kind not in INDOORS) for kind in kinds])


def with_tags(images: ImageSet, disagreeing: float, seed: int) -> ImageSet:
    """The pictures with tags on, a share of each place wearing one of the other place; groups say which.

        >>> with_tags(by_place(data.train), disagreeing=0.5, seed=0)

    Which pictures and which of four tags is drawn by `seed`; the share is met to the nearest picture.
    """
    generator = Generator().manual_seed(seed)
    against = torch.zeros(len(images), dtype=torch.bool)
    for label in range(images.num_classes):
        rows = torch.nonzero(images.labels == label).flatten()
        order = rows[torch.randperm(len(rows), generator=generator)]
        against[order[: round(disagreeing * len(rows))]] = True
    speaks_for = torch.where(against, 1 - images.labels, images.labels)
    return _wearing(images, _tags_for(speaks_for, generator), against)


def tag_gap(model: nn.Module, untagged: ImageSet, seed: int) -> float:
    """Accuracy where the tag agrees minus accuracy where it does not, on the same pictures, within −1…1.

        >>> tag_gap(model, by_place(worlds.target("objects").held_out), seed=0)
        0.31

    `untagged` are pictures by place; tags that they have already are covered by the new ones.
    """
    shares = []
    for disagreeing in (0.0, 1.0):
        images = with_tags(untagged, disagreeing, seed)
        shares.append(accuracy(predict(model, images), images.labels))
    return shares[0] - shares[1]


def tagged_kinds(per_class: int, seed: int, strength: float) -> Splits:
    """The question "which kind?", with the kind's own tag at `strength` and else one of all; few images held out.

    >>> tagged_kinds(per_class=20, seed=0, strength=0.95)
    """
    plain = pictures(per_class, seed, held_out_per_class=4)
    generator = torch.Generator().manual_seed(seed)

    def tagging(images: ImageSet, strength: float) -> ImageSet:
        assert images.masks is not None, "worlds come with masks"
        tags = choose_tags(images.labels, images.num_classes, strength, generator)
        pixels, _ = stick(images.images, images.masks, tags)
        return ImageSet(pixels, images.labels, images.class_names, name=images.name, label_safe=images.label_safe)

    return Splits(tagging(plain.train, strength), tagging(plain.held_out, 0.0))


def adapted(model: nn.Module, data: Splits, seed: int, per_class: int, epochs: int) -> Mapping[str, float]:
    """Gaps of this backbone once it is adapted to fair pictures: frozen, with more of them, and fine-tuned.

    >>> adapted(biased, data, seed=0, per_class=10, epochs=10)
    {'gap frozen': 0.17, 'fair accuracy frozen': 0.66, …}
    """
    other = seed + OTHER_PICTURES
    untagged = by_place(pictures(1, other).held_out)
    fair, more = (tagged(number, other, held_out_per_class=1) for number in (per_class, MORE * per_class))
    tuned = copy.deepcopy(model)
    replace_head(tuned, 2, seed=seed)
    for _ in fit(tuned, fair, fine_tuning(epochs, max(1, epochs // 2)), seed=seed):
        pass
    models = {FROZEN: headed(model, fair, seed), WITH_MORE: headed(model, more, seed), TUNED: tuned}
    found = [judged(one, untagged, seed, f" {name}") for name, one in models.items()]
    return {key: value for one in found for key, value in one.items()}


def headed(model: nn.Module, data: Splits, seed: int) -> nn.Module:
    """A copy of the backbone, frozen, with a head trained on these pictures.

    >>> headed(load("bundled"), data, seed=0)
    """
    features = head_features(model, data)
    (trained,) = train_heads(features, [HeadSetting(seed=seed)])
    head = head_of(features.model)[1]
    with torch.no_grad():
        for parameter, value in zip(head.parameters(), (trained.weight, trained.bias), strict=True):
            parameter.copy_(value)
    return features.model


def judged(model: nn.Module, untagged: ImageSet, seed: int, name: str = "") -> dict[str, float]:
    """The gap, and the accuracy with tags at random, as columns of this name.

    >>> judged(model, by_place(pictures(1, seed=0).held_out), seed=0)
    {'gap': 0.12, 'fair accuracy': 0.8}
    """
    mixed = with_tags(untagged, 0.5, seed)
    return {
        f"gap{name}": tag_gap(model, untagged, seed),
        f"{FAIR_ACCURACY}{name}": accuracy(predict(model, mixed), mixed.labels),
    }


def balanced_pictures(per_class: int, seed: int, strength: float) -> Splits:
    """Biased pictures, those of the rare group repeated until each class and group has as many.

    >>> balanced_pictures(per_class=10, seed=0, strength=0.9)
    """
    data = tagged(per_class, seed, strength)
    return Splits(balanced_by_group(data.train, seed), data.held_out)


def more_fair_pictures(per_class: int, seed: int, strength: float) -> Splits:
    """Biased pictures and as many fair ones.

    >>> more_fair_pictures(per_class=10, seed=0, strength=0.9)
    """
    data = tagged(per_class, seed, strength)
    fair = tagged(per_class, seed + OTHER_PICTURES, held_out_per_class=1).train
    return Splits(together(data.train, fair), data.held_out)


def gap_alone(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """The gap of a model, and its accuracy with tags at random.

    >>> gap_alone(model, tagged(20, seed=0, strength=0.5), seed=0)
    {'gap': 0.12, 'fair accuracy': 0.8}
    """
    return judged(model, data.held_out, seed)


def last_layer_anew(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """The same, and once more after its last layer was trained anew on a few fair pictures.

    >>> last_layer_anew(model, tagged(20, seed=0, strength=0.9), seed=0)
    {'gap': 0.34, …, 'gap last layer anew': 0.11, …}
    """
    few = tagged(SMALL, seed + OTHER_PICTURES, held_out_per_class=1).train
    fairer, _ = retrain_last_layer(model, few, seed)
    return {**gap_alone(model, data, seed), **judged(fairer, data.held_out, seed, " last layer anew")}


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


def _tags_for(places: Tensor, generator: Generator) -> Tensor:
    """A tag for each picture, `(N,)`: that of one of the four kinds of this place."""
    kinds = place_of(worlds.TASKS["kind"][0])
    of_place = torch.stack([torch.nonzero(kinds == place).flatten() for place in (0, 1)])  # (2, 4)
    return of_place[places, torch.randint(of_place.shape[1], places.shape, generator=generator)]


def _wearing(images: ImageSet, tags: Tensor, against: Tensor) -> ImageSet:
    assert images.masks is not None, "worlds come with masks"
    pixels, masks = stick(images.images, images.masks, tags)
    return replace(images, images=pixels, masks=masks, groups=against.long(), group_names=GROUPS)
