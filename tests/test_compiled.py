"""torch.compile on a processor; CUDA graphs are tested by test_on_a_gpu.py alone."""

import copy
import shutil
import warnings

import pytest
import torch
from torch import nn

from transferlab import loop as loop_module
from transferlab.compiled import Compiler
from transferlab.keep_methods import L2SP
from transferlab.recipes import fine_tuning, from_scratch
from transferlab.records import Step
from transferlab.training import fit, train


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()),
        nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(8, 2),
    )


@pytest.fixture(autouse=True)
def nothing_compiled():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.fixture
def without_code(monkeypatch):
    """Runs are traced and differentiated as ever, but no code is written for them, which takes most of the time."""
    made = []

    def compiler(device, wanted):
        made.append(Compiler(device, wanted, backend="aot_eager"))
        return made[-1]

    monkeypatch.setattr(loop_module, "Compiler", compiler)
    return made


def losses(records):
    return [record.loss for record in records if isinstance(record, Step)]


def test_who_does_not_ask_gets_back_what_was_given():
    model = nn.Linear(2, 2)
    assert Compiler("cuda", wanted=False)(model) is model


@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler here")
def test_compiled_code_gives_the_answers_and_gradients_of_the_module():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    twin, names = copy.deepcopy(model), list(model.state_dict())
    compiler = Compiler("cpu", wanted=True)
    answer = compiler(model)
    for x in (torch.randn(8, 4), torch.randn(8, 4)):
        for one, function in ((model, answer), (twin, twin)):
            one.zero_grad()
            logits = function(x)
            logits.square().sum().backward()
        torch.testing.assert_close(logits, answer(x))
        for a, b in zip(model.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad)
    assert compiler.wanted  # it did not fail
    assert list(model.state_dict()) == names


def test_a_compiled_run_is_the_plain_one_to_rounding_at_every_freeze_line(two_colours, without_code):
    runs, models = [], []
    for compile in (False, True):
        models.append(network())
        recipe = fine_tuning(epochs=2, head_epochs=2, batch_size=16)
        runs.append(list(fit(models[-1], two_colours, recipe, compile=compile)))
    assert losses(runs[1]) == pytest.approx(losses(runs[0]), rel=1e-3)
    assert without_code[1].wanted  # nothing failed
    assert list(models[0].state_dict()) == list(models[1].state_dict())
    assert type(models[1]) is nn.Sequential


def test_torch_compiles_for_as_many_runs_as_there_are():
    """It keeps eight versions of a function and then runs it as it is, with a line in its log."""
    compiled = []

    def count(graph, inputs):
        compiled.append(graph)
        return graph

    compiler = Compiler("cpu", wanted=True, backend=count)
    for width in range(1, 11):
        layer = nn.Linear(2, width)
        assert compiler(layer)(torch.ones(3, 2)).shape == (3, width)
    assert len(compiled) == 10


def test_a_compiler_that_fails_is_said_once_and_the_run_is_the_plain_one(two_colours, monkeypatch):
    def broken(graph, inputs):
        raise RuntimeError("no C++ compiler\nand more lines")

    monkeypatch.setattr(loop_module, "Compiler", lambda device, wanted: Compiler(device, wanted, backend=broken))
    runs = []
    for compile in (False, True):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            recipe = fine_tuning(epochs=1, head_epochs=1)
            runs.append(train(network(), two_colours, recipe, compile=compile, progress=False))
        told = [str(one.message) for one in said if "torch.compile failed" in str(one.message)]
        assert len(told) == compile
    assert "the run goes on without it" in told[0]
    assert "no C++ compiler" in told[0]
    assert runs[0] == runs[1]


def test_a_full_memory_is_no_failure_of_the_compiler():
    def full(x):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    compiler = Compiler("cpu", wanted=True, backend="eager")
    with pytest.raises(torch.OutOfMemoryError):
        compiler(full)(torch.ones(1))
    assert compiler.wanted


def test_a_run_goes_on_as_it_was_begun(two_colours, tmp_path, without_code):
    recipe = from_scratch(epochs=1)
    train(network(), two_colours, recipe, checkpoints=tmp_path, compile=True, progress=False)
    with pytest.raises(ValueError, match=r'precision was "fp32, compiled", and now it is "fp32"'):
        fit(network(), two_colours, recipe, checkpoints=tmp_path, resume=True)


def test_what_cannot_be_compiled_is_said_at_the_call(two_colours):
    model = network()
    with pytest.raises(ValueError, match="compile is True or False; you gave 'max'"):
        fit(model, two_colours, compile="max")
    with pytest.raises(ValueError, match="L2SP looks at features inside the model"):
        fit(model, two_colours, fine_tuning(keep=L2SP()), compile=True)
