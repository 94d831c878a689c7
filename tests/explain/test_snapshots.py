import dataclasses
from itertools import pairwise

import pytest
import torch

from tests.test_records import make_run
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.snapshot import model_at
from transferlab.explain.snapshots import Snapshots
from transferlab.heads import replace_head
from transferlab.recipes import gradual_unfreezing
from transferlab.training import fit


def epoch(number):
    return dataclasses.replace(make_run().epochs[0], epoch=number)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(2, width=4)


def kept(snapshots):
    return [one.epoch for one in snapshots]


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_run_with_stages_that_thaw_is_kept_epoch_by_epoch(two_colours, tmp_path, on_disk):
    torch.manual_seed(0)
    model = SmallResNet(5, width=8)
    replace_head(model, 2, seed=0)
    snapshots, states = Snapshots(tmp_path if on_disk else None), []
    for record in fit(model, two_colours, gradual_unfreezing(epochs=1, head_epochs=1)):
        if snapshots.keep(record, model):
            states.append({name: value.clone() for name, value in model.state_dict().items()})
    assert kept(snapshots) == list(range(len(states)))
    assert len({one.phase for one in snapshots}) == len(states)  # "before", and each phase one epoch
    for snapshot, state in zip(snapshots, states, strict=True):
        then = model_at(model, snapshot).state_dict()
        assert all(torch.equal(then[name], state[name]) for name in state)
    if on_disk:
        assert sorted(path.name for path in tmp_path.iterdir())[0] == "epoch-00000.safetensors"
        assert kept(Snapshots(tmp_path)) == kept(snapshots)


def test_what_stayed_the_same_is_kept_once(model):
    snapshots, stream = Snapshots(), torch.get_rng_state()
    snapshots.keep(epoch(0), model)
    assert torch.equal(torch.get_rng_state(), stream)
    with torch.no_grad():
        model.fc.bias += 1
        model.conv1.weight.zero_()
    snapshots.keep(epoch(1), model)
    first, second = (one.tensors for one in snapshots)
    assert first["layer4.0.conv1.weight"] is second["layer4.0.conv1.weight"]
    assert first["fc.bias"] is not second["fc.bias"]
    with torch.no_grad():
        model.conv1.weight.neg_()  # -0 equals 0, and is not the same bits
    snapshots.keep(epoch(2), model)
    assert torch.signbit(snapshots[2].tensors["conv1.weight"]).all()
    assert not torch.signbit(snapshots[1].tensors["conv1.weight"]).any()


def test_too_many_are_thinned_evenly_with_the_first_and_the_newest(model, tmp_path):
    in_memory, on_disk = Snapshots(most=5), Snapshots(tmp_path, most=5)
    expected = {4: [0, 1, 2, 3, 4], 5: [0, 2, 4, 5], 8: [0, 2, 4, 6, 8], 9: [0, 4, 8, 9], 10: [0, 4, 8, 10]}
    expected[13] = [0, 4, 8, 12, 13]
    for number in range(14):
        for snapshots in (in_memory, on_disk):
            snapshots.keep(epoch(number), model)
            assert kept(snapshots) == expected.get(number, kept(snapshots))
            assert len(snapshots) <= 5
            assert (snapshots[0].epoch, snapshots[-1].epoch) == (0, number)
        if number % 3 == 0:
            on_disk = Snapshots(tmp_path, most=5)  # another process goes on
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"epoch-{n:05d}.safetensors" for n in kept(on_disk)]


def test_at_least_half_as_many_as_are_allowed_stay(model):
    for most in (2, 3, 12):
        snapshots = Snapshots(most=most)
        for number in range(41):
            snapshots.keep(epoch(number), model)
            assert min(number + 1, most // 2 + 1) <= len(snapshots) <= most
            steps = {b.epoch - a.epoch for a, b in pairwise(tuple(snapshots)[:-1])}
            assert len(steps) <= 1


def test_chosen_epochs_and_no_others(model):
    snapshots = Snapshots(epochs=[0, 3])
    for number in range(6):
        snapshots.keep(epoch(number), model)
    assert kept(snapshots) == [0, 3]
    by_hand = Snapshots(most=4)
    for number in (0, 3, 4, 9):
        by_hand.keep(epoch(number), model)
    assert kept(by_hand) == [0, 3, 4, 9]


def test_records_that_are_no_epochs_are_passed(model):
    snapshots = Snapshots()
    assert snapshots.keep(make_run(), model) is None
    assert len(snapshots) == 0
    assert "none yet" in repr(snapshots)


def test_another_run_is_not_mixed_in(model, tmp_path):
    snapshots = Snapshots(tmp_path)
    for number in range(3):
        snapshots.keep(epoch(number), model)
    with pytest.raises(ValueError, match=r"up to epoch 2 .*this is epoch 0.*drop_from\(0\)"):
        Snapshots(tmp_path).keep(epoch(0), model)
    snapshots.drop_from(1)
    assert kept(snapshots) == kept(Snapshots(tmp_path)) == [0]
    snapshots.keep(epoch(1), model)


def test_settings_that_make_no_sense(tmp_path):
    with pytest.raises(ValueError, match="2 or more; you gave 1"):
        Snapshots(most=1)
    with pytest.raises(ValueError, match="1 to 3 epochs"):
        Snapshots(most=3, epochs=range(4))
    (tmp_path / "epoch-00001.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"epoch-00001.safetensors' cannot be read"):
        Snapshots(tmp_path)
    with pytest.raises(OSError, match="Could not write"):
        Snapshots(tmp_path / "epoch-00001.safetensors" / "folder")


def test_a_full_disk_costs_the_snapshot_and_not_the_run(model, tmp_path, monkeypatch):
    from transferlab.explain import snapshots as module

    def full(*_):
        raise OSError(28, "No space left on device")

    snapshots = Snapshots(tmp_path)
    monkeypatch.setattr(module, "write_snapshot", full)
    with pytest.warns(UserWarning, match="No snapshot of epoch 0; the run goes on"):
        assert snapshots.keep(epoch(0), model) is None
    assert len(snapshots) == 0
