import random

import pytest
import torch
from torch import nn

from transferlab.learning import Exercise, Progress, expect
from transferlab.learning.notebook import Notebook


def double(number, model=None):
    expect.number(number, "number")
    expect.close(number, 4, 1e-9, "number")


def make(variables, **settings):
    given = {"name": "double", "check_work": lambda number: double(number), "hints": ("one", "two")}
    given["solution_code"] = "number = 4"
    return Exercise(**{**given, **settings}, place=Notebook(variables))


@pytest.mark.parametrize(
    ("variables", "kind", "words"),
    [
        ({}, "not attempted", "no variable `number` yet"),
        ({"number": ...}, "not attempted", "still what it was"),
        ({"number": 5}, "incorrect", "too high"),
        ({"number": 4}, "correct", "Well"),
    ],
)
def test_the_outcomes(variables, kind, words):
    outcome = make(variables, praise="Well").judge()
    assert outcome.kind == kind
    assert words in str(outcome)


def test_what_was_there_from_the_start_is_no_attempt():
    assert make({"number": 4}, starting={"number": 4}).judge().kind == "not attempted"


def test_an_error_in_the_students_function_is_told_and_not_raised(capsys):
    def check(work):
        work(3)

    exercise = make({"work": lambda x: x.shape}, check_work=check)
    outcome = exercise.judge()
    assert outcome.kind == "error in your code"
    assert "'int' object has no attribute 'shape'" in outcome.sentence
    exercise.check()
    assert "Your code stopped" in capsys.readouterr().out


def test_a_variable_that_is_older_than_what_it_was_made_of_is_stale():
    variables = {"model": object(), "run": 4}
    place = Notebook(variables)
    place.note()
    exercise = make({}, check_work=lambda run: None, made_from={"run": ("model",)})
    exercise.place = place
    assert exercise.judge().kind == "correct"
    variables["model"] = object()
    place.note()
    outcome = exercise.judge()
    assert outcome.kind == "stale"
    assert "`model` was made anew after `run`" in outcome.sentence
    variables["run"] = 5
    place.note()
    assert exercise.judge().kind == "correct"


def test_a_check_leaves_weights_mode_gradients_and_random_numbers_as_they_were():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).train()
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}

    def rough(model):
        model.train()(torch.randn(2, 3, 8, 8)).sum().backward()
        model[0].weight.data.fill_(1)
        model[0].requires_grad_(False)
        random.random()
        raise expect.Unmet("no")

    states = torch.get_rng_state(), random.getstate()
    assert make({"model": model}, check_work=rough).judge().kind == "incorrect"
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [part.training for part in model] == [True, False, True]
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]


def test_hints_come_one_by_one_and_the_last_stays(capsys, tmp_path):
    exercise = make({}, progress=Progress("test", tmp_path))
    for _ in range(3):
        exercise.hint()
    said = capsys.readouterr().out
    assert said.count("two") == 2
    assert "There is 1 more" in said
    exercise.solution()
    assert "number = 4" in capsys.readouterr().out
    assert exercise.progress.exercises["double"] | {"when": 0} == {"hints": 2, "solution": True, "when": 0}
    exercise.reset()
    assert exercise.progress.exercises == {}


def test_for_nbgrader_and_otter_it_raises(tmp_path):
    progress = Progress("test", tmp_path)
    with pytest.raises(AssertionError, match="too high"):
        make({"number": 5}, progress=progress).assert_ok()
    make({"number": 4}, progress=progress).assert_ok()
    assert progress.exercises["double"]["outcome"] == "correct"
    assert progress.exercises["double"]["attempts"] == 2
