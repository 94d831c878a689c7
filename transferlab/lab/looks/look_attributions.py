"""A look at what the model's answers rest on, for a few held-out images, with the answers beside.

    AttributionLook(start, data.held_out)(model).facts["images"][0]
    {'predicted': 'star', 'probability': 0.93, 'right': True, …}

A map without the answer says little: the same warm spot means another thing when the answer has changed. Left out: what
to believe of a method; see `explain/checks/`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.explain.compare import compare
from transferlab.explain.methods import METHODS
from transferlab.explain.requests import Target
from transferlab.lab.looks.look import some_images
from transferlab.lab.looks.pictures import overlay, png, small
from transferlab.lab.previews import Frame

ANSWER, TRUTH = "its answer", "the true class"  # targets that are no class
COUNT = 4


class AttributionLook:
    """Maps over `count` held-out images of different classes.

        >>> look = AttributionLook(load("bundled"), data.held_out, method="grad_cam", target="star", stage="layer3")
        >>> look(model).facts["stage"]
        'layer3'

    `target` is "its answer", "the true class", or a class by name. Pictures are named "0", "1", …; in `before()` also
    "image 0", …, the images themselves. The pretrained model knows other classes, so before training it is its own
    answer that is explained; `same_classes` says that the start knows the images' classes, as random weights do.

    Raises:
        ValueError: no such method or target.
    """

    def __init__(
        self, start: nn.Module, images: ImageSet, method: str = "grad_cam", target: str = ANSWER,
        stage: str | None = None, turn: int = 0, count: int = COUNT, same_classes: bool = False,
    ) -> None:  # fmt: skip
        if method not in METHODS:
            raise unknown("method", method, tuple(METHODS), owner="Methods are")
        if target not in (ANSWER, TRUTH, *images.class_names):
            raise unknown("class", target, (ANSWER, TRUTH, *images.class_names), owner="What can be explained is")
        if not METHODS[method].stage:
            stage = None  # it explains pixels
        self.start, self.images = start, images.subset(some_images(images, count, turn))
        self.method, self.target, self.stage, self.same_classes = method, target, stage, same_classes
        self.asked: Mapping[str, Any] = {"method": method, "target": target, "stage": stage, "turn": turn}
        self._before: Frame | None = None

    def __call__(self, model: nn.Module) -> Frame:
        target: Target = None
        if self.target == TRUTH:
            target = self.images.labels
        elif self.target != ANSWER:
            target = self.images.class_names.index(self.target)
        return self._frame(model, target, self.images.class_names)

    def before(self) -> Frame:
        """The model before training, in its own words, and the images as they are."""
        if self._before is None:
            frame = self(self.start) if self.same_classes else self._frame(self.start, None, _own_names(self.start))
            originals = {f"image {i}": png(small(image)) for i, image in enumerate(self.images.images)}
            self._before = Frame({**frame.pictures, **originals}, frame.facts)
        return self._before

    def _frame(self, model: nn.Module, target: Target, names: Sequence[str] | None) -> Frame:
        found = compare({"this model": model}, self.images.images, target, self.method, self.stage, names)
        maps, answers = found.attributions["this model"], found.answers["this model"]
        pictures, facts = {}, []
        for i, (image, values, answer) in enumerate(zip(self.images.images, maps.maps, answers, strict=True)):
            pictures[str(i)] = png(overlay(image, values, self.is_signed))
            truth = self.images.class_names[int(self.images.labels[i])]
            facts.append({
                "truth": truth,
                "predicted": answer.predicted,
                "probability": answer.probability,
                "right": answer.predicted == truth,
                "explained": answer.explained,
                "explained_probability": answer.explained_probability,
                "blank": maps.blank[i],
                "strongest": _where(values),
            })  # fmt: skip
        return Frame(pictures, {
            "asked": dict(self.asked), "images": facts, "stage": maps.stage, "signed": self.is_signed,
            "notes": list(maps.notes),
        })  # fmt: skip

    @property
    def is_signed(self) -> bool:
        """Whether maps of this method speak against a class too."""
        return not METHODS[self.method].positive and self.method not in ("saliency", "layer_activation")


def _own_names(model: nn.Module) -> Sequence[str] | None:
    """What a pretrained model calls its classes; None where it has no card, and they are numbers."""
    card = card_of(model)
    return card.class_names if card is not None and card.class_names else None


def _where(values: Tensor) -> str:
    """Where a map is strongest, in words: "top left", "middle", …"""
    row, column = divmod(int(values.abs().argmax()), values.shape[1])
    high = ("top", "middle", "bottom")[min(2, 3 * row // values.shape[0])]
    wide = ("left", "middle", "right")[min(2, 3 * column // values.shape[1])]
    return high if high == wide else f"{high} {wide}" if wide != "middle" else high
