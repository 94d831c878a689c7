import copy

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.test_records import make_run
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.snapshot import (
    KIND,
    checkpoint_snapshot,
    model_at,
    read_snapshot,
    take_snapshot,
    write_snapshot,
)
from transferlab.freezing import freeze
from transferlab.heads import replace_head
from transferlab.recipes import fine_tuning
from transferlab.records import Epoch
from transferlab.training import fit

RECORD = make_run().epochs[1]


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(5, width=8)


def same(one: nn.Module, other: nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return list(first) == list(second) and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_state_comes_back_bit_for_bit(model, tmp_path, on_disk):
    then = copy.deepcopy(model)
    snapshot = take_snapshot(model, RECORD)
    if on_disk:
        write_snapshot(snapshot, tmp_path)
        snapshot = read_snapshot(tmp_path / "epoch-00001.safetensors")
    with torch.no_grad():
        for value in model.state_dict().values():
            value += 1
    now = copy.deepcopy(model)
    assert same(model_at(model, snapshot), then)
    assert same(model, now)  # the model itself stays as it is
    assert (snapshot.epoch, snapshot.phase, snapshot.held_out_accuracy) == (1, "head", 0.75)


def test_the_copy_is_in_eval_mode_and_the_model_stays_frozen_and_in_its_mode(model):
    freeze(model)
    model.train()
    modes = [module.training for module in model.modules()]
    then = model_at(model, take_snapshot(model, RECORD))
    assert not any(module.training for module in then.modules())
    assert [module.training for module in model.modules()] == modes
    assert [p.requires_grad for p in then.parameters()] == [p.requires_grad for p in model.parameters()]
    assert not {id(p) for p in then.parameters()} & {id(p) for p in model.parameters()}


@pytest.mark.parametrize("head", ["linear", "mlp", "cosine", "own"])
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_head_that_was_replaced_comes_back_into_a_model_with_another(model, tmp_path, head, on_disk):
    tuned = copy.deepcopy(model)
    own = nn.Sequential(nn.Dropout(0.3), nn.Linear(64, 3, bias=False))
    replace_head(tuned, 3, head=own if head == "own" else head, seed=1)
    snapshot = take_snapshot(tuned, RECORD)
    if on_disk:
        snapshot = write_snapshot(snapshot, tmp_path)
    stream = torch.get_rng_state()
    then = model_at(model, snapshot)
    assert torch.equal(torch.get_rng_state(), stream)
    assert same(then, tuned)
    x = torch.rand(2, 3, 32, 32)
    assert torch.equal(then(x), tuned.eval()(x))
    assert model.fc.out_features == 5


def test_layers_without_weights_of_a_head_count_too(model):
    tuned = copy.deepcopy(model)
    replace_head(tuned, 5, head=nn.Sequential(nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 5)), seed=1)
    replace_head(model, 5, head=nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 5)), seed=1)
    assert isinstance(model_at(model, take_snapshot(tuned, RECORD)).fc[1], nn.Tanh)


def test_a_head_of_a_class_of_ones_own_has_to_be_there_already(model):
    class Head(nn.Linear):
        pass

    tuned = copy.deepcopy(model)
    replace_head(tuned, 3, head=Head(64, 3))
    snapshot = take_snapshot(tuned, RECORD)
    assert same(model_at(tuned, snapshot), tuned)
    with pytest.raises(ValueError, match=r"epoch 1 is of another model: 'fc.weight'.*a class of your own"):
        model_at(model, snapshot)


def test_another_model_is_told(model):
    with pytest.raises(ValueError, match=r"of another model: 'conv1.weight' is not the same"):
        model_at(SmallResNet(5, width=4), take_snapshot(model, RECORD))
    with pytest.raises(ValueError, match="of another model"):
        model_at(copy.deepcopy(model).double(), take_snapshot(model, RECORD))


def test_a_damaged_file_is_said_wherever_it_is_cut(model, tmp_path):
    write_snapshot(take_snapshot(model, RECORD), tmp_path)
    path = tmp_path / "epoch-00001.safetensors"
    whole = path.read_bytes()
    for length in (0, 4, 100, 2000, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"epoch-00001.safetensors' cannot be read .*Delete it"):
            read_snapshot(path)
    path.write_bytes(b"\xff" * 200)
    with pytest.raises(ValueError, match="cannot be read"):
        read_snapshot(path)


def test_a_file_that_goes_after_it_was_read_is_said(model, tmp_path):
    snapshot = write_snapshot(take_snapshot(model, RECORD), tmp_path)
    snapshot.kept.unlink()
    with pytest.raises(ValueError, match=r"No snapshot .*Snapshots in .*: none"):
        model_at(model, snapshot)


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        (None, "its kind is None"),
        ({"kind": "transferlab checkpoint 1"}, "its kind is 'transferlab checkpoint 1'"),
        ({"kind": KIND, "text": "{"}, "cannot be read"),
        ({"kind": KIND, "text": "[]"}, "cannot be read"),
        ({"kind": KIND, "text": "[" * 100_000}, "cannot be read"),
        (
            {"kind": KIND, "text": '{"epoch": "1", "phase": "all", "held_out_accuracy": 0.5, "head": {}}'},
            "epoch is '1'",
        ),
        (
            {"kind": KIND, "text": '{"epoch": true, "phase": "all", "held_out_accuracy": 1, "head": {}}'},
            "epoch is True",
        ),
        ({"kind": KIND, "text": '{"epoch": 1, "phase": "all", "held_out_accuracy": 1}'}, "head"),
    ],
)
def test_a_file_of_another_kind_is_said(tmp_path, metadata, sentence):
    save_file({"fc.weight": torch.zeros(2)}, tmp_path / "epoch-00001.safetensors", metadata)
    with pytest.raises(ValueError, match=sentence):
        read_snapshot(tmp_path / "epoch-00001.safetensors")


@pytest.mark.parametrize(
    "layers",
    [
        '{"layer": "Linear", "settings": {"in_features": 1000000000, "out_features": 1000000000, "bias": true}}',
        '{"layer": "CosineHead", "settings": {"in_features": 1000000000, "num_classes": 1000000000}}',
        '{"layer": "CosineHead", "settings": {"in_features": "many"}}',
        '{"layer": "CosineHead"}',
        '{"layer": "Eval", "settings": {}}',
        '"Linear"',
    ],
)
def test_a_head_that_a_file_makes_up_is_never_built(model, tmp_path, layers):
    text = f'{{"epoch": 1, "phase": "a", "held_out_accuracy": 1, "head": {{"names": ["fc"], "layers": {layers}}}}}'
    save_file(dict(model.state_dict()), tmp_path / "epoch-00001.safetensors", {"kind": KIND, "text": text})
    with pytest.raises(ValueError, match=r"epoch-00001.safetensors' is broken"):
        model_at(model, read_snapshot(tmp_path / "epoch-00001.safetensors"))


def test_a_checkpoint_is_a_snapshot_too(model, two_colours, tmp_path):
    start = copy.deepcopy(model)
    replace_head(model, 2, seed=0)
    for record in fit(model, two_colours, fine_tuning(epochs=1, head_epochs=1), checkpoints=tmp_path):
        last = record if isinstance(record, Epoch) else None
        if last and last.epoch == 1:
            after_one = copy.deepcopy(model)
    first, second = sorted(tmp_path.glob("*.safetensors"))
    assert same(model_at(start, checkpoint_snapshot(first)), after_one)  # 2 classes, into a model of 5
    assert same(model_at(start, checkpoint_snapshot(second)), model)
    assert [checkpoint_snapshot(path).epoch for path in (first, second)] == [1, 2]
    with pytest.raises(ValueError, match="No checkpoint"):
        checkpoint_snapshot(tmp_path / "none.safetensors")
    second.write_bytes(second.read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be read"):
        checkpoint_snapshot(second)
