import json
import re
from dataclasses import replace

import pytest

from tests.advice.planted import CARRIED, LOST, calibration, case, reached
from transferlab.advice.calibration import WORLDS, family_of
from transferlab.advice.menu import MENU
from transferlab.advice.record import FILE, Calibration, recorded


def test_advice_on_a_case_is_drawn_from_the_other_families():
    found = calibration()
    # The nearest other family is its like, and then both of the other kind: the mean of one gain and two of another.
    assert [one.case.world for one in found.judgements] == [one.world for one in found.cases]
    assert all(one.best in ("last_stage", "from_scratch") for one in found.judgements)
    own = found.cases[0]
    changed = replace(own, accuracy=reached(feature_extraction=1.0))
    other = Calibration((changed, *found.cases[1:]))
    assert other.judgements[0].advised == found.judgements[0].advised  # what it reached is unknown to its own advice
    assert other.judgements[0].best == "feature_extraction"


def alike(number, situation, accuracy, name):
    return [case(f"{name} {i}", situation, accuracy) for i in range(number)]


def test_figures_by_hand():
    # Six families of each kind: four neighbours of the same kind are always there, and the advice is always right …
    right = [
        *alike(6, CARRIED, reached(last_stage=0.9), "carried"), *alike(6, LOST, reached(from_scratch=0.9), "lost")
    ]  # fmt: skip
    found = Calibration(tuple(right))
    assert (found.num_best, found.num_close, found.regret.mean, found.coverage) == (12, 12, 0, 1)
    assert found.regret_of("from_scratch").mean == pytest.approx(0.15)  # 0.3 in one half of the families
    assert found.num_close_of("from_scratch") == 6
    # … but for one that is like the carried ones, and where training from scratch wins by 5 points.
    odd = case("odd", CARRIED, reached(last_stage=0.9, from_scratch=0.95))
    found = Calibration((*right, odd))
    assert (found.num_best, found.num_close) == (12, 12)
    assert found.judgements[-1].regret == pytest.approx(0.05)
    assert found.regret.mean == pytest.approx(0.05 / 13)
    assert found.judgements[-1].covered == len(MENU) - 1


def test_a_difference_of_two_points_is_close_and_not_the_best():
    near = case("near", CARRIED, reached(last_stage=0.88, fine_tuning=0.9))
    found = Calibration((*alike(6, CARRIED, reached(last_stage=0.9), "carried"), near))
    assert (found.num_best, found.num_close) == (6, 7)


def test_budgets_of_one_world_are_one_family_in_the_interval():
    cases = [
        case("a", CARRIED, reached(), 5), case("a", CARRIED, reached(), 20), case("b", LOST, reached(), 5),
        case("c", LOST, reached(), 5),
    ]  # fmt: skip
    assert Calibration(tuple(cases)).regret.num_seeds == 3


def test_what_is_saved_comes_back(tmp_path):
    found = calibration()
    path = found.save(tmp_path / "calibration.json")
    back = Calibration.load(path)
    assert back.cases == found.cases
    assert str(back) == str(found)


def test_what_is_no_calibration_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Type python -m transferlab\.advice\.calibration"):
        Calibration.load(tmp_path / "none.json")
    for text in ("", "[]", '{"kind": "Results"}', '{"kind": "Calibration", "cases": [{"world": "a"}]}'):
        path = tmp_path / "other.json"
        path.write_text(text)
        with pytest.raises(ValueError, match="no saved calibration"):
            Calibration.load(path)


def test_an_unknown_strategy_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'fine_tuning'"):
        calibration().regret_of("finetuning")


def test_the_file_of_the_package_agrees_with_itself(tmp_path):
    written = json.loads(FILE.read_text(encoding="utf-8"))
    again = recorded().save(tmp_path / "again.json")
    assert json.loads(again.read_text(encoding="utf-8")) == written
    for one in recorded().cases:
        assert set(one.accuracy) == set(MENU)
        assert all(0 <= reached <= 1 for reached in one.accuracy.values())
        assert one.world in WORLDS
        assert one.family == family_of(one.world)
    cells = [(one.world, one.per_class, one.seed) for one in recorded().cases]
    assert (
        len(set(cells)) == len(cells) == len(recorded().worlds) * len(recorded().budgets) * len({c[2] for c in cells})
    )


def test_the_file_says_what_it_was_made_with():
    made = recorded().made_with
    assert set(made) >= {"transferlab", "torch", "processor", "threads", "date", "backbone", "command"}
    assert all(made.values())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", made["date"])
    assert made["command"].startswith("python -m transferlab.advice.calibration")


def test_what_is_shown_stands_in_the_file():
    figures = json.loads(FILE.read_text(encoding="utf-8"))["figures"]
    text = str(recorded())
    low, high = figures["regret, 95 % interval over families"]
    rival = min(figures["regret of always"], key=figures["regret of always"].get)
    for expected in (
        f"In {figures['cases']} cases", f"best strategy {figures['named the best']} times",
        f"within 2 points of it {figures['within 2 points']} times",
        f"{100 * figures['regret, mean over families']:.1f} points ({100 * low:.1f} … {100 * high:.1f})",
        f"Always {rival}: within 2 points {figures['always, within 2 points'][rival]} times",
        f"{100 * figures['regret of always'][rival]:.1f} points lost",
        f"{figures['within the expected range']:.0%} of all runs",
    ):  # fmt: skip
        assert expected in text
