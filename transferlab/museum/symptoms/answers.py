"""Symptoms in the author's own evaluation: in which mode it answers, and what pictures it shows to the model."""

import torch
from torch import Tensor

from transferlab.backbones.card import card_of
from transferlab.meters import accuracy
from transferlab.museum.asking import has_modes
from transferlab.museum.evidence import Evidence
from transferlab.museum.report import CERTAIN, SUSPECTED, Finding, Unexamined

PREDICT = "give predict=, your own function from uint8 images to answers"
OFF = 0.2  # standard deviations that black or white may be off: more than rounding, less than any other convention
REPRODUCED = 0.02  # two figures counted on the same images agree but for a last batch that was dropped


def eval_forgotten(evidence: Evidence) -> Finding | Unexamined | None:
    """Layers that answer in train mode, watched while the author's own `predict` runs.

    >>> eval_forgotten(evidence).numbers["layers"]
    21
    """
    if evidence.predict is None or evidence.model is None:
        return _reported_in_train_mode(evidence)
    asked = evidence.twice[0]
    if not asked.reached:
        return Unexamined("eval_forgotten", "your predict does not run this model")
    if not asked.in_train_mode:
        return None
    images = evidence.asked.images
    whole, *parts = evidence.ask(images, *images.split(8))
    share = (torch.cat([part.classes for part in parts]) != whole.classes).float().mean().item()
    return Finding(
        "eval_forgotten",
        f"While your predict runs, {len(asked.in_train_mode)} layers are in train mode ('{asked.in_train_mode[0]}' is "
        f"the first); asked eight at a time instead of {len(images)}, {share:.0%} of the images get another answer.",
        {"layers": len(asked.in_train_mode), "changed": share},
        CERTAIN,
        "Type model.eval() before you evaluate, and model.train() before you go on training.",
    )


def _reported_in_train_mode(evidence: Evidence) -> Finding | Unexamined | None:
    """Without `predict`: a model left in train mode, and a figure that comes out there and not in eval mode."""
    model, reported = evidence.model, evidence.reported
    if model is None or reported is None:
        return Unexamined("eval_forgotten", PREDICT)
    layers = [name for name, module in model.named_modules() if module.training and has_modes(module)]
    if not layers:
        return Unexamined("eval_forgotten", PREDICT)
    held_out = evidence.data.held_out
    in_eval = accuracy(evidence.answers(held_out), held_out.labels)
    in_train = accuracy(evidence.answers(held_out, train_mode=True), held_out.labels)
    if abs(reported - in_eval) <= REPRODUCED or abs(reported - in_train) > abs(reported - in_eval):
        return None
    return Finding(
        "eval_forgotten",
        f"The model was left in train mode, and {reported:.0%} was reported: in train mode it gets {in_train:.0%} of "
        f"the held-out images, in eval mode {in_eval:.0%}.",
        {"layers": len(layers), "reported": reported, "in_train_mode": in_train, "in_eval_mode": in_eval},
        SUSPECTED,
        "Type model.eval() before you evaluate, and model.train() before you go on training.",
    )


def augmented_validation(evidence: Evidence) -> Finding | Unexamined | None:
    """The same held-out images asked twice, and other pictures shown to the model the second time.

    >>> augmented_validation(evidence).numbers["pictures"]
    1.0
    """
    if evidence.predict is None:
        return Unexamined("augmented_validation", PREDICT)
    first, second = evidence.twice
    answers = (first.classes != second.classes).float().mean().item()
    if first.inputs is not None and second.inputs is not None:
        if first.inputs.shape != second.inputs.shape:
            pictures = 1.0
        else:
            pictures = ((first.inputs - second.inputs).abs().amax((1, 2, 3)) > 1e-4).float().mean().item()
        if not pictures:
            return None
        seen, sure = f"{pictures:.0%} of the pictures that reach the model are others the second time", CERTAIN
    elif answers and not first.in_train_mode:
        pictures, seen, sure = float("nan"), "the answers differ although every layer is in eval mode", SUSPECTED
    else:
        return None
    labels = evidence.asked.labels
    right = [(asked.classes == labels).float().mean().item() for asked in (first, second)]
    return Finding(
        "augmented_validation",
        f"Asked twice about the same {len(labels)} held-out images, {seen}; {answers:.0%} of the answers change "
        f"(accuracy {right[0]:.0%}, then {right[1]:.0%}).",
        {"pictures": pictures, "answers": answers, "first": right[0], "second": right[1]},
        sure,
        "Show validation images as they are: leave random crops, flips and colours to the training images.",
    )


def wrong_normalisation(evidence: Evidence) -> Finding | Unexamined | None:
    """What arrives at the model for a black and a white picture, against what its card says.

    >>> wrong_normalisation(evidence).numbers["white"], wrong_normalisation(evidence).numbers["white_expected"]
    (1.0, 2.43)
    """
    card = card_of(evidence.model) if evidence.model is not None else None
    if card is None:
        return Unexamined("wrong_normalisation", "this model carries no card that says what its images must look like")
    if evidence.predict is None:
        return Unexamined("wrong_normalisation", PREDICT)
    black = torch.zeros_like(evidence.asked.images[:2])
    asked = evidence.ask(black, black + 255)
    if asked[0].inputs is None or asked[1].inputs is None:
        return Unexamined("wrong_normalisation", "your predict does not show this model one picture for each image")
    found = torch.stack([_per_channel(one.inputs) for one in asked if one.inputs is not None])  # (2, 3)
    mean, std = torch.tensor(card.mean), torch.tensor(card.std)
    expected = torch.stack([-mean / std, (1 - mean) / std])
    if (found - expected).abs().max() <= OFF:
        return None
    images = evidence.asked
    own = (evidence.twice[0].classes == images.labels).float().mean().item()
    as_card = accuracy(evidence.answers(images), images.labels)
    numbers = {
        "black": found[0].mean().item(), "black_expected": expected[0].mean().item(),
        "white": found[1].mean().item(), "white_expected": expected[1].mean().item(),
        "accuracy": own, "accuracy_as_the_card_says": as_card,
    }  # fmt: skip
    return Finding(
        "wrong_normalisation",
        f"Black reaches the model as {numbers['black']:.2f} and white as {numbers['white']:.2f}; it was pretrained "
        f"with {numbers['black_expected']:.2f} and {numbers['white_expected']:.2f}. Accuracy is {own:.0%} as you show "
        f"the images and {as_card:.0%} as the card says.",
        numbers,
        CERTAIN,
        "Prepare images as the backbone knows them, in training and in evaluation: normalise(images, model.card).",
    )


def _per_channel(inputs: Tensor) -> Tensor:
    """The middle value of each channel `(3,)`: a padded rim or a cut-out square does not move it."""
    return inputs.transpose(0, 1).flatten(1).median(1).values
