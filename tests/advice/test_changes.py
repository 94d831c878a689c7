import pytest

from tests.advice.planted import CARRIED, LOST, calibration, case, facts, reached
from transferlab.advice import changes
from transferlab.advice.changes import duration, is_here, what_would_change_it
from transferlab.advice.likeness import expectations, nearest, ranking
from transferlab.advice.record import Calibration


def said(chosen, minutes=10.0, record=None, **changed):
    found, record = facts(**changed), record or calibration()
    like = nearest(found.situation, record.cases, number=2)
    order = ranking(expectations(found.situation, like))
    return what_would_change_it(found, chosen, order, minutes, like, record)


def test_less_time_and_more_time():
    text = said("last_stage")  # 2 minutes; only the head alone is quicker
    assert text[0] == "With less than 2.0 minutes: feature_extraction, 1.0 minutes."
    text = said("feature_extraction", minutes=1.5)  # what comes first takes 2 minutes
    assert text[0] == "With 2.0 minutes instead of 1.5: last_stage."
    assert not any(one.startswith("With less than") for one in text)


def many():
    """Worlds with two budgets: at 5 a class the head alone wins, at 20 the last stage, at 80 everything."""
    winners = {5: "feature_extraction", 20: "last_stage", 80: "fine_tuning"}
    cases = [
        case(f"carried {i}", CARRIED, reached(**{arm: 0.9}), budget)
        for i in range(3)
        for budget, arm in winners.items()
    ]
    return Calibration((*cases, case("lost", LOST, reached(from_scratch=0.9))), {"backbone": "bundled"})


def test_more_and_fewer_images_by_what_won_in_the_like_worlds():
    text = said("last_stage", record=many())
    start = "With about {} images a class instead of 20: {}, if it goes as in '"
    assert any(one.startswith(start.format(80, "fine_tuning")) and one.endswith("(90% against 60%).") for one in text)
    assert any(one.startswith(start.format(5, "feature_extraction")) for one in text)
    assert not any("about 20 images" in one for one in text)
    text = said("fine_tuning", record=many(), counts={"ants": 30, "bees": 30})
    assert any(one.startswith("With about 80 images a class instead of 30: still fine_tuning") for one in text)


def test_a_probe_that_read_less_would_change_it():
    # The skill of the probe is 0.8. Near the lost ones, where it is 0, training from scratch is the advice.
    found = [one for one in said("last_stage") if one.startswith("If the probe")]
    assert len(found) == 1
    assert found[0].startswith("If the probe on layer3 read ")
    assert found[0].endswith("instead of 90%: from_scratch.")


def test_nothing_is_said_of_readings_that_change_nothing():
    alike = Calibration(tuple(case(f"carried {i}", CARRIED, reached(last_stage=0.99)) for i in range(4)))
    assert not any(one.startswith("If the probe") for one in said("last_stage", record=alike))


def test_larger_backbones_are_named_by_what_is_here(monkeypatch):
    monkeypatch.setattr(changes, "is_here", lambda name: name == "torchvision/efficientnet_b4")
    assert "advise(data, 'torchvision/efficientnet_b4')" in said("last_stage")[-1]
    monkeypatch.setattr(changes, "is_here", lambda name: False)
    assert "transferlab fetch torchvision/resnet50" in said("last_stage")[-1]
    assert not any("larger backbone" in one for one in said("last_stage", backbone="torchvision/resnet50"))


def test_the_bundled_backbone_is_always_here():
    assert is_here("bundled")


@pytest.mark.parametrize(("minutes", "shown"), [(2.04, "2.0 minutes"), (0.1, "0.1 minutes"), (0.05, "3.0 seconds")])
def test_durations(minutes, shown):
    assert duration(minutes) == shown
