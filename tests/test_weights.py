import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.backbone_files import randomised, same_tensors
from transferlab.backbones import load_weights
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.backbones.weights import differences, head_classes, place


def model(num_classes=4, width=8):
    return SmallResNet(num_classes, width=width)


def test_differences_by_hand():
    own = {"a": torch.zeros(2), "b": torch.zeros(3), "bn.num_batches_tracked": torch.tensor(0)}
    found = differences(own, {"b": torch.zeros(4), "c": torch.zeros(1)})
    assert (found.missing, found.unexpected, found.resized) == (("a",), ("c",), ("b",))
    assert not differences(own, {"a": torch.ones(2), "b": torch.ones(3)})  # the counter may be missing


def without(state, *names):
    return {name: value for name, value in state.items() if name not in names}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (lambda: model(4).state_dict(), 4),
        (lambda: model(9).state_dict(), 9),
        (lambda: without(model(9).state_dict(), "fc.weight", "fc.bias"), 0),
        (lambda: without(model(4).state_dict(), "fc.bias"), 0),
        (lambda: without(model(9).state_dict(), "fc.bias"), None),  # the head is there in part only
        (lambda: without(model(4).state_dict(), "bn1.bias"), None),
        (lambda: without(model(4).state_dict(), "conv1.weight", "fc.bias"), None),
        (lambda: {**model(4).state_dict(), "extra": torch.zeros(4)}, None),
        (lambda: model(4, width=4).state_dict(), None),
        (lambda: {**model(4).state_dict(), "fc.bias": torch.zeros(5)}, 5),  # the head does not fit; the rest does
        (lambda: {**model(4).state_dict(), "fc.bias": torch.zeros(5), "fc.weight": torch.zeros(6, 64)}, None),
        (lambda: {**model(4).state_dict(), "conv1.weight": torch.zeros(4, 3, 7, 7)}, None),
        (lambda: {**model(4).state_dict(), "fc.bias": torch.tensor(1.0)}, -1),
    ],
)
def test_a_head_is_what_alone_differs(given, expected):
    found = head_classes(model(4).state_dict(), given(), 4)
    assert (None if found == -1 else found) == (None if expected == -1 else expected)


def test_all_tensors_arrive_in_the_models_precision():
    source, target = randomised(model()), model()
    half = {name: value.half() if value.is_floating_point() else value for name, value in source.state_dict().items()}
    assert place(target, half, "file") == len(half)
    assert all(parameter.dtype == torch.float32 for parameter in target.parameters())
    assert same_tensors(target.state_dict(), {name: half[name].to(v.dtype) for name, v in source.state_dict().items()})


def test_what_is_left_out_stays():
    source, target = randomised(model()), model()
    head = target.fc.weight.clone()
    place(target, source.state_dict(), "file", leave=("fc.weight",))
    assert torch.equal(target.fc.weight, head)
    assert torch.equal(target.fc.bias, source.fc.bias)


def test_another_architecture_changes_nothing_and_names_the_first_differences():
    target = model()
    before = {name: value.clone() for name, value in target.state_dict().items()}
    given = without(randomised(model()).state_dict(), "bn1.weight") | {"neck.w": torch.zeros(1)}
    given["conv1.weight"] = torch.zeros(8, 3, 3, 3)
    with pytest.raises(ValueError, match="'file' is of another architecture") as error:
        place(target, given, "file")
    text = str(error.value)
    assert "1 have another shape (conv1.weight is (8, 3, 3, 3) in the file and (8, 3, 7, 7) in the model)" in text
    assert "1 are missing from the file (bn1.weight)" in text
    assert "1 of the file's are unknown to the model (neck.w)" in text
    assert same_tensors(target.state_dict(), before)


def test_the_way_back_for_modules_of_ones_own(tmp_path):
    source, target = randomised(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))), nn.Sequential(
        nn.Linear(2, 3), nn.BatchNorm1d(3)
    )  # fmt: skip
    save_file(source.state_dict(), tmp_path / "own.safetensors")
    report = load_weights(target, tmp_path / "own.safetensors")
    assert str(report) == f"7 tensors from '{tmp_path / 'own.safetensors'}'."
    assert same_tensors(target.state_dict(), source.state_dict())
    with pytest.raises(ValueError, match="another architecture than this model"):
        load_weights(nn.Linear(2, 3), tmp_path / "own.safetensors")
