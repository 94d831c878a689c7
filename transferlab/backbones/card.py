"""The card of a backbone: what it is, where it comes from, how its images must look, what it was measured at.

It is attached to a model as `model.card` by `load`, and describes the weights as they were loaded; training or a new
head afterwards does not change it. After Mitchell et al., "Model Cards for Model Reporting" (2019). Left out:
intended use and bias analysis, which belong to whoever applies a model.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any

from torch import nn

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Card:
    """What there is to know about a backbone; `print(card)` shows it.

        >>> print(load("torchvision/resnet50", pretrained=False).card)
        torchvision/resnet50 (random weights)
          source    torchvision 0.29.2
          ...

    `name` is what brings the model back with `load(name)`: a backbone or a file. `architecture` is always the backbone
    that it was built as. `weights` is the tag or file of the weights ("random" where there are none). `input_size` is
    in pixels (height and width), `mean` and `std` are of RGB within 0…1, `megabytes` (10⁶ bytes) is the size of the
    weights file, or of the parameters in fp32 where there is no file. `accuracy` holds measured figures within 0…1 and
    what they were measured on; empty means that nobody recorded any. `class_names` is empty where the head's outputs
    mean nothing yet. `notes` says what `load` did beyond loading, `details` what else the makers of the weights
    recorded. `takes` says what goes in where that is no image.
    """

    name: str
    architecture: str
    library: str
    source: str
    licence: str
    input_size: int  # 0 where it takes no images
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    interpolation: str = "bilinear"
    num_classes: int = 0
    class_names: tuple[str, ...] = ()
    num_parameters: int = 0
    megabytes: float = 0.0
    accuracy: dict[str, float | str] = field(default_factory=dict, hash=False)
    pretrained: bool = False
    weights: str = "random"
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict, hash=False)
    takes: str = ""

    def __post_init__(self) -> None:
        for name in ("mean", "std", "class_names", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _check(self)

    def __str__(self) -> str:
        state = f"weights {self.weights}" if self.pretrained else "random weights"
        rows = {
            "source": self.source,
            "licence": self.licence,
            "takes" if self.takes else "images": self.takes
            or f"{self.input_size}×{self.input_size} pixels, "
            f"{self.interpolation}, mean {_numbers(self.mean)}, std {_numbers(self.std)}",
            "classes": _classes(self.num_classes, self.class_names),
            "size": f"{self.num_parameters:,} parameters, {self.megabytes:g} MB",
            "accuracy": _accuracy(self.accuracy),
            **{("note" if i == 0 else f"note {i + 1}"): note for i, note in enumerate(self.notes)},
        }
        lines = [f"  {label:<9} {text}" for label, text in rows.items()]
        architecture = "" if self.architecture == self.name else f"architecture {self.architecture}, "
        return "\n".join([f"{self.name} ({architecture}{state})", *lines])

    def to_dict(self) -> dict[str, Any]:
        """The card as plain lists, dicts, strings and numbers, as it comes back from JSON.

        >>> Card.from_dict(card.to_dict()) == card
        True
        """
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: object) -> "Card":
        """Read a card; keys that it has no field for are kept in `details`.

            >>> Card.from_dict(json.loads(Path("card.json").read_text()))

        Raises:
            ValueError: a field is missing, or holds something that it cannot hold.
        """
        if not isinstance(values, dict):
            raise ValueError(f"A card is a JSON object; this is {type(values).__name__}.")
        names = {one.name for one in fields(cls)}
        known = {name: value for name, value in values.items() if name in names and name != "details"}
        others = {name: value for name, value in values.items() if name not in names}
        inner = values.get("details", {})
        try:
            return cls(**known, details={**(inner if isinstance(inner, dict) else {}), **others})
        except TypeError as error:
            raise ValueError(f"This is not a complete card: {str(error).replace('Card.__init__() ', '')}.") from error

    def to_json(self) -> str:
        """The card as indented JSON.

        >>> Path("card.json").write_text(card.to_json())
        """
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """Read what `to_json` wrote.

            >>> Card.from_json(card.to_json()) == card
            True

        Raises:
            ValueError: not JSON, or not a card.
        """
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"A card is JSON, and this is not: {error}.") from error
        return cls.from_dict(values)


def card_of(model: nn.Module) -> Card | None:
    """The card that `load` attached to a model; None for a student's own network.

    >>> card_of(load("bundled")).input_size
    64
    """
    return getattr(model, "card", None)


def _check(card: Card) -> None:
    """Cards also come from files of unknown origin."""

    def fail(name: str, meaning: str) -> None:
        raise ValueError(f"The card's {name} must be {meaning}; it is {getattr(card, name)!r}.")

    for name in ("name", "architecture", "library", "source", "licence", "interpolation", "weights", "takes"):
        if not isinstance(getattr(card, name), str):
            fail(name, "text")
    for name, least in (("input_size", 0 if card.takes else 1), ("num_classes", 0), ("num_parameters", 0)):
        value = getattr(card, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            fail(name, f"a whole number, {least} or more")
    for name in ("mean", "std"):
        value = getattr(card, name)
        if len(value) != 3 or not all(isinstance(v, int | float) and isfinite(v) for v in value):
            fail(name, "three numbers")
    if min(card.std) <= 0:
        fail("std", "above 0")
    if not isinstance(card.accuracy, dict):
        fail("accuracy", "a table of figures")
    if not all(isinstance(text, str) for text in (*card.class_names, *card.notes)):
        fail("class_names", "a list of text")
    if card.class_names and len(card.class_names) != card.num_classes:
        raise ValueError(f"The card names {len(card.class_names)} classes and counts {card.num_classes}.")


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4g}" for value in values)


def _classes(number: int, names: tuple[str, ...]) -> str:
    if not number:
        return "none; it has no head"
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{number} ({shown})" if names else f"{number}, without names"


def _accuracy(figures: dict[str, float | str]) -> str:
    parts = [
        f"{name.replace('_', ' ')} {value:.1%}" if isinstance(value, float) else f"{name.replace('_', ' ')}: {value}"
        for name, value in figures.items()
    ]
    return "; ".join(parts) or "not recorded"
