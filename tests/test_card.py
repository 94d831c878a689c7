import copy
import dataclasses
import json
import pickle

import pytest
from torch import nn

from transferlab.backbones import Card


@pytest.fixture
def card():
    return Card(
        name="mine.safetensors",
        architecture="torchvision/resnet18",
        library="torchvision",
        source="somebody's kitchen",
        licence="CC0",
        input_size=64,
        mean=(0.5, 0.25, 0.125),
        std=(1, 2, 3),
        num_classes=4,
        class_names=("ant", "bee", "cat", "dog"),
        num_parameters=1_234_567,
        megabytes=4.94,
        accuracy={"held_out": 0.875, "measured_on": "8 photos"},
        pretrained=True,
        weights="mine.safetensors",
        notes=("the head is fresh",),
        details={"epochs": 3, "hardware": ["a laptop"]},
    )


def test_it_can_be_read(card):
    assert str(card).splitlines() == [
        "mine.safetensors (architecture torchvision/resnet18, weights mine.safetensors)",
        "  source    somebody's kitchen",
        "  licence   CC0",
        "  images    64×64 pixels, bilinear, mean 0.5 0.25 0.125, std 1 2 3",
        "  classes   4 (ant, bee, cat, …)",
        "  size      1,234,567 parameters, 4.94 MB",
        "  accuracy  held out 87.5%; measured on: 8 photos",
        "  note      the head is fresh",
    ]


def test_what_nobody_recorded_is_said_so(card):
    bare = dataclasses.replace(card, accuracy={}, pretrained=False, class_names=(), notes=(), num_classes=0)
    text = str(dataclasses.replace(bare, name="torchvision/resnet18"))
    assert text.startswith("torchvision/resnet18 (random weights)\n")
    assert "accuracy  not recorded" in text
    assert "classes   none; it has no head" in text


def test_json_there_and_back(card):
    assert Card.from_json(card.to_json()) == card
    assert Card.from_dict(json.loads(json.dumps(card.to_dict()))) == card
    assert hash(Card.from_json(card.to_json())) == hash(card)


def test_it_travels_with_a_model(card):
    model = nn.Linear(2, 2)
    model.card = card
    assert copy.deepcopy(model).card == card
    assert pickle.loads(pickle.dumps(model)).card == card
    assert list(model.state_dict()) == ["weight", "bias"]


def test_it_cannot_be_changed_by_accident(card):
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.input_size = 32


def test_what_a_maker_adds_goes_into_the_details(card):
    read = Card.from_dict({**card.to_dict(), "seconds": 12, "sha256": "abc"})
    assert read.details == {"epochs": 3, "hardware": ["a laptop"], "seconds": 12, "sha256": "abc"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_size": 0}, "input_size must be a whole number, 1 or more; it is 0"),
        ({"input_size": "64"}, "input_size"),
        ({"input_size": True}, "input_size"),
        ({"num_classes": -1}, "num_classes"),
        ({"mean": (0.5, 0.5)}, "mean must be three numbers"),
        ({"std": (1, 0, 1)}, "std must be above 0"),
        ({"std": (1, float("nan"), 1)}, "std must be three numbers"),
        ({"licence": None}, "licence must be text"),
        ({"class_names": ("ant",)}, "names 1 classes and counts 4"),
        ({"class_names": (1, 2, 3, 4)}, "list of text"),
        ({"accuracy": 0.9}, "table of figures"),
    ],
)
def test_a_card_that_cannot_be_is_refused(card, change, message):
    with pytest.raises(ValueError, match=message):
        Card.from_dict({**card.to_dict(), **change})


def test_a_card_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"missing .*'input_size'"):
        Card.from_dict({"name": "x", "architecture": "x", "library": "x", "source": "x", "licence": "x"})
    with pytest.raises(ValueError, match="JSON object; this is list"):
        Card.from_json("[]")
    with pytest.raises(ValueError, match="this is not"):
        Card.from_json("{")
