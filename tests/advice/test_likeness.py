import math

import pytest

from tests.advice.planted import CARRIED, LOST, calibration, case, reached, readings
from transferlab.advice.likeness import (
    Expectation,
    Situation,
    expectations,
    nearest,
    ranking,
    situation_of,
    skill,
)
from transferlab.advice.menu import MENU


def test_skill_is_the_way_from_guessing_to_knowing():
    assert skill(0.75, 0.5) == 0.5
    assert skill(1.0, 0.125) == 1
    assert skill(0.1, 0.125) == 0  # below guessing is guessing
    assert skill(1.0, 1.0) == 0


def test_the_distance_of_situations_by_hand():
    here = Situation(0.5, 0.6, 0.2, 20, 0.125)
    assert here.distance(here) == 0
    assert here.distance(Situation(0.8, 0.6, 0.6, 20, 0.5)) == pytest.approx(
        0.5
    )  # 0.3 and 0.4; chance is in the skills
    assert here.distance(Situation(0.5, 0.6, 0.2, 80, 0.125)) == pytest.approx(0.2)  # twice doubled
    assert here.distance(Situation(0.5, 0.6, None, 20, 0.125)) == 0
    assert math.isclose(here.distance(LOST), LOST.distance(here))


def test_readings_become_a_situation():
    found = situation_of(readings(0.6, 0.75, 0.8, places=0.95), readings(0.5, 0.625), 12)
    assert found == Situation(*[pytest.approx(one) for one in (0.6, 0.9, 0.25)], 12, 0.5)
    assert found.probe == pytest.approx(0.8)
    assert situation_of(readings(0.6, 0.7), None, 12).random is None


def test_the_nearest_cases_come_first_and_no_order_of_theirs_matters():
    cases = calibration().cases
    like = nearest(LOST, reversed(cases), number=3)
    assert [one.world for one in like] == ["lost one", "lost two", "carried one"]
    with pytest.raises(ValueError, match="no cases to compare with"):
        nearest(LOST, [])


def test_what_was_gained_over_the_probe_is_expected_here_too():
    # There the probe had a skill of 0.8 and the last stage one of 0.9; here the probe has 0.6.
    there = case("there", CARRIED, reached(last_stage=0.95))
    here = Situation(0.6, 0.6, 0.1, 20, 0.5)
    assert expectations(here, [there])["last_stage"].mean == pytest.approx(0.5 + 0.5 * 0.7)


def test_another_number_of_classes_changes_accuracies_and_no_skill():
    there = case("there", CARRIED, reached(last_stage=0.95))
    here = Situation(0.6, 0.6, 0.1, 20, 0.1)
    assert expectations(here, [there])["last_stage"].mean == pytest.approx(0.1 + 0.9 * 0.7)


def test_training_from_scratch_has_nothing_to_do_with_the_probe():
    there = case("there", CARRIED, reached(from_scratch=0.9))
    for top in (0.0, 0.9):
        assert expectations(Situation(top, 0.6, 0.1, 20, 0.5), [there])["from_scratch"].mean == pytest.approx(0.9)


def test_the_range_is_that_of_the_cases_and_stays_an_accuracy():
    like = [case("one", CARRIED, reached(last_stage=1.0)), case("two", CARRIED, reached(last_stage=0.8))]
    found = expectations(Situation(0.95, 0.9, 0.1, 20, 0.5), like)["last_stage"]
    assert found.high == 1
    assert found.low == pytest.approx(0.5 + 0.5 * 0.75)
    assert found.mean == pytest.approx((found.low + found.high) / 2)


def flat(**means):
    return {arm: Expectation(means.get(arm, 0.5), 0.4, 0.6) for arm in MENU}


def test_the_best_comes_first_and_within_a_point_what_trains_less():
    assert ranking(flat(fine_tuning=0.9))[0] == "fine_tuning"
    assert ranking(flat(fine_tuning=0.9, last_stage=0.895))[:2] == ("last_stage", "fine_tuning")
    assert ranking(flat(fine_tuning=0.9, last_stage=0.88))[:2] == ("fine_tuning", "last_stage")
    assert ranking(flat()) == tuple(MENU)
    assert ranking({"from_scratch": Expectation(0.5, 0.5, 0.5)}) == ("from_scratch",)
