import pytest

from transferlab.advice import calibration
from transferlab.advice.calibration import WORLDS, calibrate, family_of, main, world
from transferlab.advice.facts import random_twin
from transferlab.advice.likeness import situation_of
from transferlab.advice.menu import MENU
from transferlab.advice.readings import read
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.experiments.results import Results, Row


def test_what_differs_in_its_look_alone_is_one_family():
    assert family_of("objects, kind, domain gap 1") == family_of("objects, kind") == "objects, kind"
    assert family_of("objects, hue") != family_of("objects, kind")


def test_every_world_can_be_drawn():
    for name in WORLDS:
        drawn = world(name)(per_class=1, seed=0, held_out_per_class=1).train
        assert drawn.name == name.replace(", kind", "")


def planted(recipes, budgets, seeds, data, backbone, **_):
    """A sweep that trains nothing: accuracies that tell arm, budget and seed."""
    rows = [
        Row(arm, arm, backbone, "planted", budget, seed, accuracy=0.1 * i + 0.01 * budget + 0.001 * seed)
        for budget in budgets
        for seed in seeds
        for i, arm in enumerate(recipes)
    ]
    return Results(tuple(rows))


def test_cases_are_readings_beside_what_was_reached(monkeypatch):
    monkeypatch.setattr(calibration, "sweep", planted)
    told = []
    found = calibrate(["objects, kind", "satellite"], budgets=(2, 3), seeds=(0, 1), progress=told.append)
    assert [(one.world, one.per_class, one.seed) for one in found.cases] == [
        (name, budget, seed) for budget in (2, 3) for name in ("objects, kind", "satellite") for seed in (0, 1)
    ]
    assert len(told) == 8
    last = found.cases[-1]
    assert last.accuracy == pytest.approx({arm: 0.1 * i + 0.03 + 0.001 for i, arm in enumerate(MENU)})
    model, images = load("bundled"), worlds.target("satellite", 3, seed=1).train
    expected = situation_of(read(model, images), read(random_twin(model), images), 3)
    assert last.situation.top == pytest.approx(expected.top, abs=1e-6)
    assert last.situation.random == pytest.approx(expected.random, abs=1e-6)
    assert found.made_with["most images shown in a phase"] == str(calibration.MOST_IMAGES)


def test_strategies_are_trained_and_found_again(monkeypatch, tmp_path):
    """Two worlds for real, a few steps and held-out images each; the second time nothing is trained."""
    small = {name: (WORLDS[name][0], {"held_out_per_class": 3}) for name in ("objects, kind", "satellite")}
    monkeypatch.setattr(calibration, "WORLDS", small)
    arguments = {"budgets": (2,), "most_images": 16, "cache": tmp_path}
    found = calibrate(**arguments)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(times) == 2 * len(MENU)
    again = calibrate(**arguments)
    assert again.cases == found.cases
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times
    assert found.cases[0].accuracy["feature_extraction"] > 0.3  # guessing is 0.125


def test_bad_input_is_answered_in_sentences(monkeypatch):
    monkeypatch.setattr(calibration, "sweep", planted)
    with pytest.raises(ValueError, match="Did you mean 'satellite'"):
        calibrate(["satelite", "tissue"])
    with pytest.raises(ValueError, match="drawn from others: give two or more"):
        calibrate(["objects, kind", "objects, kind, domain gap 1"])


def test_a_run_that_failed_is_named(monkeypatch):
    def failing(recipes, budgets, seeds, data, backbone, **_):
        return Results((Row("fine_tuning", "fine_tuning", backbone, "planted", 5, 0, error="the disk is full"),))

    monkeypatch.setattr(calibration, "sweep", failing)
    with pytest.raises(ValueError, match="tissue, fine_tuning: the disk is full"):
        calibrate(["tissue", "satellite"])


def test_the_command_writes_the_file_and_prints_the_figures(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(calibration, "sweep", planted)
    monkeypatch.setattr(calibration, "WORLDS", {name: WORLDS[name] for name in ("satellite", "tissue")})
    assert main(["--budgets", "2", "--out", str(tmp_path / "found.json")]) == 0
    assert "In 2 cases (2 drawn worlds, 2 images a class)" in capsys.readouterr().out
    found = calibration.Calibration.load(tmp_path / "found.json")
    assert found.made_with["command"] == "python -m transferlab.advice.calibration --budgets 2 --seeds 1"


def test_the_command_tells_which_worlds_it_was_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(calibration, "sweep", planted)
    path = tmp_path / "found.json"
    assert main(["--budgets", "2", "--worlds", "objects, hue", "tissue", "--out", str(path)]) == 0
    found = calibration.Calibration.load(path)
    assert found.worlds == ("objects, hue", "tissue")
    assert found.made_with["command"].endswith("--budgets 2 --seeds 1 --worlds 'objects, hue' tissue")


def test_the_command_says_what_is_wrong_without_a_traceback(monkeypatch, tmp_path, capsys):
    assert main(["--budgets", "0", "--out", str(tmp_path / "found.json")]) == 2
    assert "at least 1" in capsys.readouterr().err
    assert not (tmp_path / "found.json").exists()
