"""Records from files of unknown origin; that what was saved comes back is tested in test_saving.py."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from transferlab.backbones import Card
from transferlab.backbones.saved import KEY, MARK, SavedModel, describe_heads, restore_heads, saved_model
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.backbones.weights_file import WeightsFile

CARD = Card("bundled", "resnet18_half", "transferlab", "x", "x", 64)
RECORD = SavedModel("bundled", 4, {"fc": {"layer": "Linear", "settings": {"in_features": 64, "out_features": 4}}}, CARD)


def a_file(text: str | None, **tensors) -> WeightsFile:
    tensors = tensors or {"fc.weight": torch.zeros(4, 64), "fc.bias": torch.zeros(4)}
    return WeightsFile(Path("x.safetensors"), tensors, {} if text is None else {KEY: text})


def test_there_and_back():
    assert saved_model(a_file(RECORD.to_json())) == RECORD
    assert saved_model(a_file(None)) is None


def changed(**values) -> str:
    return json.dumps({**json.loads(RECORD.to_json()), **values})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be used"),
        ("[]", "format None"),
        (changed(format=2), "it is of format 2, and this transferlab reads format 1"),
        (changed(backbone=None), "fields are of the wrong kind"),
        (changed(heads=[]), "fields are of the wrong kind"),
        (changed(num_classes=True), "fields are of the wrong kind"),
        (changed(num_classes=10**12), "its head cannot have 1000000000000 classes"),  # nobody allocates that
        (changed(num_classes=10**12, heads={}), "its head cannot have 1000000000000 classes"),
        (changed(card={}), "not a complete card"),
        (json.dumps({"format": 1}), "lacks 'backbone'"),
        ("[" * 100_000, "cannot be used"),
    ],
)
def test_a_record_that_cannot_be_right(text, message):
    with pytest.raises(ValueError, match=rf"record in 'x\.safetensors' cannot be used.*{message}|{message}"):
        saved_model(a_file(text))


def test_a_tensor_without_elements_is_no_evidence():
    hollow = {"fc.weight": torch.zeros(4, 64), "fc.bias": torch.zeros(10**12, 0)}  # a shape costs a file nothing
    with pytest.raises(ValueError, match="its head cannot have 1000000000000 classes"):
        saved_model(a_file(changed(num_classes=10**12), **hollow))


def test_heads_are_found_by_class_and_children():
    model, fresh = SmallResNet(4, width=8), SmallResNet(2, width=8)
    assert describe_heads(model, fresh) == {}  # another size is not another build
    model.fc = nn.Sequential(nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 4))
    setattr(model.fc, MARK, True)
    model.layer2[0].downsample = nn.GRU(2, 2)
    found = describe_heads(model, fresh)
    assert list(found) == ["layer2.0.downsample", "fc"]
    assert found["layer2.0.downsample"] is None
    assert found["fc"]["head"] is True
    assert list(found["fc"]["parts"]) == ["0", "1", "2"]


def test_layers_of_another_size_are_found_if_asked():
    model, fresh = SmallResNet(2, width=8), SmallResNet(2, width=8)
    model.conv1 = nn.Conv2d(6, 8, 7, 2, 3, bias=False)
    assert describe_heads(model, fresh) == {}
    assert list(describe_heads(model, fresh, by_shape=True)) == ["conv1"]


def test_the_mark_is_the_one_that_stages_look_for():
    from transferlab.stages import classifier

    assert MARK == classifier.MARK


@pytest.mark.parametrize(
    ("heads", "tensors", "message"),
    [
        ({"fc": {"layer": "Linear", "settings": {"in_features": 10**7, "out_features": 10**7}}}, {}, "do not fit"),
        ({"nowhere": {"layer": "Identity", "settings": {}}}, {}, "bundled has no 'nowhere'"),
        ({"nowhere.fc": {"layer": "Identity", "settings": {}}}, {}, "bundled has no 'nowhere.fc'"),
        ({"": {"layer": "Identity", "settings": {}}}, {}, "bundled has no ''"),
        ({"fc": None}, {}, r"load\('bundled', num_classes=4, pretrained=False\); replace_head\(model, 4, head=…\)"),
    ],
)
def test_heads_that_cannot_be_put_back(heads, tensors, message):
    record = SavedModel("bundled", 4, heads, CARD)
    with pytest.raises(ValueError, match=message):
        restore_heads(SmallResNet(4, width=8), record, a_file(None, **tensors), 4)
