import json

import pytest
import torch
from torch import nn

from transferlab.backbones.layer_recipes import LAYERS, rebuild, spell

HEADS = {
    "linear": nn.Linear(6, 3),
    "without bias": nn.Linear(6, 3, bias=False),
    "mlp": nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)),
    "nested": nn.Sequential(nn.Sequential(nn.LayerNorm(6), nn.GELU("tanh")), nn.Dropout(0.25), nn.Linear(6, 3)),
    "norm": nn.Sequential(nn.BatchNorm1d(6, momentum=None), nn.LeakyReLU(0.3), nn.Linear(6, 3)),
    "convolution": nn.Sequential(nn.Conv2d(6, 3, 1, bias=False), nn.Flatten(), nn.Tanh()),
    "none": nn.Identity(),
    "named": nn.Sequential(),
}
HEADS["named"].add_module("hidden", nn.Linear(6, 6))
HEADS["named"].add_module("out", nn.Linear(6, 3))


@pytest.mark.parametrize("name", HEADS)
def test_there_and_back(name):
    head = HEADS[name].eval()
    again = rebuild(json.loads(json.dumps(spell(head))), "file").eval()
    assert repr(again) == repr(head)
    again.load_state_dict(head.state_dict())
    x = torch.randn(5, 6, 1, 1) if name == "convolution" else torch.randn(5, 6)
    assert torch.equal(again(x), head(x))


def test_every_layer_of_the_table_is_torchs_and_takes_what_it_lists():
    examples = {"Linear": (2, 3), "Conv2d": (2, 3, 1), "BatchNorm1d": (2,), "LayerNorm": (2,)}
    for name in LAYERS:
        assert spell(getattr(nn, name)(*examples.get(name, ()))) is not None, name


class Own(nn.Linear):
    pass


@pytest.mark.parametrize(
    "module",
    [Own(2, 3), nn.Sequential(nn.Linear(2, 3), Own(3, 3)), nn.Conv2d(2, 2, 3, padding_mode="circular"), nn.GRU(2, 2)],
)
def test_what_cannot_be_rebuilt_is_not_written_down(module):
    assert spell(module) is None


@pytest.mark.parametrize(
    "recipe",
    [
        {"layer": "Module", "settings": {}},
        {"layer": "__class__", "settings": {}},
        {"layer": "Linear", "settings": {"in_features": 2, "out_features": 3, "device": "cuda"}},
        {"layer": "Linear", "settings": {"in_features": "two", "out_features": 3}},
        {"layer": "Linear", "settings": {"in_features": -1, "out_features": 3}},
        {"layer": "Linear", "settings": {"in_features": 10**30, "out_features": 3}},
        {"layer": "Linear"},
        {"layer": ["Linear"], "settings": {}},
        {"layer": "Sequential", "parts": {"0": {"layer": "System", "settings": {}}}},
        {"layer": "Sequential", "parts": []},
        {"layer": "Sequential", "parts": {"a.b": {"layer": "ReLU", "settings": {}}}},
        ["Linear"],
        None,
        "Linear",
    ],
)
def test_a_recipe_of_a_stranger(recipe):
    with pytest.raises(ValueError, match=r"'file\.safetensors' is broken: its head cannot be rebuilt"):
        rebuild(recipe, "file.safetensors")
