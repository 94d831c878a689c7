from collections import Counter

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from transferlab.explain.nonlinearities import nonlinearities, relu_calls, why_not_deep_lift, why_not_guided


def through(*layers):
    return nonlinearities(nn.Sequential(*layers)(torch.ones(1, 4, requires_grad=True)))


def test_they_are_counted_along_the_way_of_the_answer():
    assert through(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU()) == {"ReLU": 2}
    assert through(nn.GELU(), nn.SiLU(), nn.Hardswish(), nn.ReLU6(), nn.Sigmoid()) == {
        "GELU": 1, "SiLU": 1, "Hardswish": 1, "ReLU6": 1, "Sigmoid": 1,
    }  # fmt: skip
    assert through(nn.Linear(4, 4)) == {}


def test_a_function_is_counted_as_well_as_a_module():
    x = torch.ones(1, 4, requires_grad=True)
    assert nonlinearities(F.relu(F.gelu(x)) + torch.tanh(x)) == {"ReLU": 1, "GELU": 1, "Tanh": 1}


def test_attention_is_found():
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    x = torch.ones(1, 3, 4, requires_grad=True)
    assert nonlinearities(layer(x, x, x, need_weights=False)[0])["attention"] == 1


def test_relu_modules_are_counted_by_their_calls():
    model = nn.Sequential(nn.ReLU(), nn.Linear(4, 4), nn.ReLU6(), nn.ReLU())
    assert relu_calls(model, Counter({"0": 2, "1": 1, "2": 1, "3": 1})) == 3


@pytest.mark.parametrize(
    ("found", "relus", "guided", "deep"),
    [
        ({"ReLU": 3}, 3, None, None),
        ({"ReLU": 3}, 2, "here ReLU is a function", "here ReLU is a function"),
        ({"ReLU": 3}, 1, "2 of the ReLUs are functions", "2 of the ReLUs are functions"),
        ({"ReLU": 1, "SiLU": 4}, 1, "passes through SiLU", "no rule for SiLU"),
        ({"ReLU": 1, "Sigmoid": 1}, 1, None, None),  # a gate
        ({"Tanh": 2}, 0, "this network has none", None),
        ({"GELU": 1, "attention": 2}, 0, "passes through GELU", "no rule for GELU and attention"),
        ({"ELU": 1}, 0, "passes through ELU", None),
    ],
)
def test_what_is_refused_and_why(found, relus, guided, deep):
    for why, expected in ((why_not_guided, guided), (why_not_deep_lift, deep)):
        reason = why(Counter(found), relus)
        assert reason is None if expected is None else expected in reason
