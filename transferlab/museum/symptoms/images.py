"""Symptoms in what the loaders give: whether labels go with images, what lies on both sides, which classes meet."""

import math

import torch
from torch import Tensor

from transferlab.backbones.card import card_of
from transferlab.backbones.preprocessing import normalise
from transferlab.meters import wilson_interval
from transferlab.museum.evidence import Evidence
from transferlab.museum.fed import LOOKED_AT, fingerprints
from transferlab.museum.report import CERTAIN, SUSPECTED, Finding, Unexamined

LITTLE = 1 / 3  # of what features give beyond guessing: mixed labels leave none of it, poor pictures a half
FEW = 0.5  # of the classes beyond the first that a shuffled batch holds: chance stayed above 0.9, sorted sets below 0.3


def labels_shuffled(evidence: Evidence) -> Finding | Unexamined | None:
    """A linear probe on the pretrained features that only guesses on the pairs as fed, and not on others.

    >>> labels_shuffled(evidence).numbers
    {'as_fed': 0.11, 'reference': 0.86, 'guessing': 0.125}
    """
    if evidence.model is None or not evidence.head_names:
        return Unexamined("labels_shuffled", "give the model, with a head that can be found")
    train, held_out = evidence.data.train, evidence.data.held_out
    if evidence.loader is not None:
        images, labels, reference, where = evidence.fed.images, evidence.fed.labels, train, "the data's own pairs"
    else:
        images, labels, reference, where = train.images, train.labels, held_out, "the held-out images"
    as_fed, guessing = evidence.told_apart(evidence.pretrained, images, labels)
    known, guessing_there = evidence.told_apart(evidence.pretrained, reference.images, reference.labels)
    numbers = {"as_fed": as_fed, "reference": known, "guessing": guessing}
    low, high = wilson_interval(as_fed, min(len(labels), LOOKED_AT))
    lowest_known = wilson_interval(known, min(len(reference), LOOKED_AT))[0]
    if as_fed - guessing >= LITTLE * (known - guessing) and max(low - guessing, lowest_known - guessing_there) > 0:
        return None
    if lowest_known <= max(high, guessing_there):
        return Unexamined(
            "labels_shuffled",
            f"the backbone's features hardly tell these classes apart, whichever way the labels lie ({known:.0%} on "
            f"{where}, {guessing:.0%} by guessing)",
        )
    return Finding(
        "labels_shuffled",
        f"By the backbone's features a linear probe gets {as_fed:.0%} of the training labels right, left out one at a "
        f"time, which is guessing ({guessing:.0%}); on {where} it gets {known:.0%}.",
        numbers,
        CERTAIN if evidence.loader is not None else SUSPECTED,
        "Put images and labels into one order: images[order], labels[order]. Then show a few with their labels.",
    )


def leaked_validation(evidence: Evidence) -> Finding | Unexamined | None:
    """Validation images that are training images too, pixel for pixel or mirrored.

    >>> leaked_validation(evidence).numbers["share"]
    0.97
    """
    train, held_out = evidence.data.train.images, evidence.data.held_out.images
    trained = set(evidence.fed.fingerprints) if evidence.loader is not None else set(fingerprints(train))
    judged = evidence.judged.fingerprints if evidence.validation is not None else None
    if judged is None:
        floats = evidence.loader is not None and evidence.fed.images.dtype != torch.uint8
        card = card_of(evidence.model) if evidence.model is not None else None
        parts = (fingerprints(normalise(part, card) if floats else part) for part in held_out.split(100))
        judged = tuple(one for part in parts for one in part)
    seen = [one in trained for one in judged]
    if not any(seen):
        return None
    share = sum(seen) / len(seen)
    numbers = {"share": share, "images": float(sum(seen))}
    text = f"{sum(seen)} of {len(seen)} validation images ({share:.0%}) are among the training images"
    new = _new(evidence, trained)
    if evidence.predict is not None and evidence.reported is not None and len(new):
        labels = evidence.data.held_out.labels[new]
        answers = torch.cat([asked.classes for asked in evidence.ask(*held_out[new].split(100))])
        numbers |= {"reported": evidence.reported, "on_new_images": (answers == labels).float().mean().item()}
        text += f"; reported were {evidence.reported:.0%}, and on held-out images that it has not seen it gets "
        text += f"{numbers['on_new_images']:.0%}"
    return Finding(
        "leaked_validation",
        f"{text}.",
        numbers,
        CERTAIN,
        "Split first, each image with all its copies on one side, then repeat or augment: images.split(held_out=0.2).",
    )


def _new(evidence: Evidence, trained: set[bytes]) -> Tensor:
    """The rows of held-out images that are not among those trained on; uint8 only."""
    return torch.tensor([one not in trained for one in fingerprints(evidence.data.held_out.images)]).nonzero().flatten()


def sorted_batches(evidence: Evidence) -> Finding | Unexamined | None:
    """Batches with far fewer classes than a shuffled set would give.

    >>> sorted_batches(evidence).numbers
    {'classes': 1.4, 'expected': 7.1}
    """
    if evidence.loader is None:
        return Unexamined("sorted_batches", "give loader=, what the training images came from")
    batches = [labels for labels in evidence.fed.batches if len(labels) > 1]
    if len(batches) < 3:
        return None
    counts = torch.bincount(torch.cat(batches)).tolist()
    classes = sum(len(labels.unique()) for labels in batches) / len(batches)
    expected = sum(_expected_classes(counts, len(labels)) for labels in batches) / len(batches)
    if classes - 1 >= FEW * (expected - 1):
        return None
    return Finding(
        "sorted_batches",
        f"A batch holds {classes:.1f} classes on average; shuffled, it would hold {expected:.1f}.",
        {"classes": classes, "expected": expected},
        CERTAIN,
        "Type DataLoader(…, shuffle=True).",
    )


def _expected_classes(counts: list[int], size: int) -> float:
    """How many classes `size` images hold on average, drawn without replacement from so many of each class."""
    total = sum(counts)

    def ways(number: int) -> float:
        return math.comb(number, size) if number >= size else 0

    return sum(1 - ways(total - count) / ways(total) for count in counts)
