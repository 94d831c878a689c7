"""What is measured of a model that learned from tagged pictures, or whose backbone did: its gap, before and after.

    adapted(backbone, data, seed=0, per_class=5, epochs=6)       # a biased backbone, adapted to fair pictures
    last_layer_anew(model, data, seed=0)                         # a biased model, and a remedy

Each gives columns for a sweep's table, "gap …" and "fair accuracy …", which is with tags that are drawn. Left out:
groups that are not tags; `transferlab.audit` has them.
"""

import copy
from collections.abc import Mapping

import torch
from torch import nn

from transferlab.audit.remedies import retrain_last_layer
from transferlab.data.images import ImageSet, Splits
from transferlab.failures.tags import OTHER_PICTURES, accuracy_by_tag, asked, disagreeing_if_drawn, pictures, tagged
from transferlab.heads import head_of, replace_head
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.recipes import fine_tuning
from transferlab.training import fit

FROZEN, WITH_MORE, TUNED, OTHER_QUESTION = "frozen", "frozen with more", "fine-tuned", "frozen, another question"
ADAPTED = (FROZEN, WITH_MORE, TUNED, OTHER_QUESTION)
FAIR_ACCURACY = "fair accuracy"
MORE = 4  # times as many fair pictures
SMALL = 16  # fair pictures of each kind for a last layer alone: two of them wear their own tag


def adapted(
    model: nn.Module, data: Splits, seed: int, per_class: int, epochs: int, held_out_per_class: int = 25
) -> Mapping[str, float]:
    """Gaps of this backbone once it is adapted to fair pictures in each of the ways that are ADAPTED.

        >>> adapted(biased, data, seed=0, per_class=5, epochs=6)
        {'gap frozen': 0.17, 'fair accuracy frozen': 0.66, …}

    The model stays as it is.
    """
    other = seed + OTHER_PICTURES
    untagged = pictures(1, other, held_out_per_class).held_out
    fair, more, place = (
        tagged(number, other, question=question, held_out_per_class=1)
        for number, question in ((per_class, "kind"), (MORE * per_class, "kind"), (per_class, "place"))
    )
    tuned = copy.deepcopy(model)
    replace_head(tuned, fair.train.num_classes, seed=seed)
    for _ in fit(tuned, fair, fine_tuning(epochs, max(1, epochs // 2)), seed=seed):
        pass
    return {
        **judged(headed(model, fair, seed), untagged, seed, f" {FROZEN}"),
        **judged(headed(model, more, seed), untagged, seed, f" {WITH_MORE}"),
        **judged(tuned, untagged, seed, f" {TUNED}"),
        **judged(headed(model, place, seed), asked(untagged, "place"), seed, f" {OTHER_QUESTION}"),
    }


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


def judged(model: nn.Module, images: ImageSet, seed: int, name: str = "") -> dict[str, float]:
    """The gap, and the accuracy that tags drawn alike would give, as columns of this name.

    >>> judged(model, data.held_out, seed=0)
    {'gap': 0.12, 'fair accuracy': 0.8}
    """
    agreeing, disagreeing = accuracy_by_tag(model, images, seed)
    share = disagreeing_if_drawn(images.class_names)
    return {f"gap{name}": agreeing - disagreeing, f"{FAIR_ACCURACY}{name}": agreeing + share * (disagreeing - agreeing)}


def gap_alone(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """The gap of a model on the held-out pictures, and its accuracy with tags that are drawn.

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
