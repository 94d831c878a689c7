import pytest

from tests.advice.planted import calibration, facts, readings
from transferlab.advice.cautions import cautions


def said(chosen="last_stage", minutes=10.0, **changed):
    return cautions(facts(**changed), chosen, minutes, calibration())


def test_there_is_nothing_to_say_of_good_data():
    assert said() == ()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"counts": {"ants": 20, "bees": 4, "flies": 20}}, "Fewer than 5 images: 'bees'."),
        ({"copies": 1}, "1 training image is there more than once."),
        ({"copies": 7}, "7 training images are there more than once."),
        ({"conflicts": 2}, "2 pictures lie in more than one class: one label is wrong."),
        ({"leaked": 3}, "3 held-out images are in training too, which flatters accuracy."),
        ({"image_size": (28, 28)}, "28×28 pixels and the backbone was pretrained at 64×64: read them at size=64."),
        ({"image_size": (224, 224)}, "224×224 pixels and the backbone was pretrained at 64×64"),
        ({"is_pretrained": False}, "has random weights: there is nothing to transfer."),
        ({"counts": {"ants": 200, "bees": 200}}, "have 20 images a class; you have 200, so that it reaches beyond"),
        ({"backbone": "torchvision/resnet50"}, "was measured on 'bundled', not on torchvision/resnet50."),
        ({"random": None}, "a network of your own: random weights, and training from them, were left out."),
    ],
)
def test_each_fault_has_its_sentence_and_no_other(changed, expected):
    text = said(**changed)
    assert any(expected in one for one in text), text
    assert len(text) == 1 + ("bees" in changed.get("counts", {}) and changed["counts"]["bees"] == 4)


def test_uneven_classes_are_told_with_what_always_answering_the_largest_gives():
    text = said(counts={"ants": 60, "bees": 20}, pretrained=readings(0.8, 0.9, chance=0.75))
    assert text[0] == (
        "The largest class has 60 images, the smallest 20: always answering the largest is right in 75%; look at "
        "accuracy class by class."
    )


def test_where_nothing_fits_the_quickest_is_named_with_its_time():
    text = said("feature_extraction", minutes=0.5)
    assert text == (
        "Nothing on the menu ends within 0.5 minutes here; feature_extraction is the quickest, 1.0 minutes.",
    )
