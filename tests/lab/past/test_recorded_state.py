import copy

import pytest
import torch

from tests.lab.conftest import small_network
from transferlab import replace_head
from transferlab.explain.head_words import head_words
from transferlab.explain.snapshot import Snapshot, model_at
from transferlab.lab.past.recorded_state import LastState, pack


@pytest.fixture
def trained():
    """A backbone, and a model with a new head and a layer4 that moved."""
    pretrained = small_network(5)
    model = copy.deepcopy(pretrained)
    replace_head(model, 2, seed=0)
    with torch.no_grad():
        for value in model.layer4.parameters():
            value.add_(0.1)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    return pretrained, model, Snapshot(3, "all", 0.9, head_words(model), state)


def test_only_what_changed_is_kept_in_half_precision(trained):
    pretrained, model, snapshot = trained
    state = pack(snapshot, pretrained)
    assert set(state.tensors) == {name for name, _ in model.named_parameters() if name.startswith(("layer4", "fc"))}
    assert all(value.dtype == torch.float16 for value in state.tensors.values())
    again = LastState.from_parts(*state.to_parts()).complete(pretrained)
    assert (again.epoch, again.phase, again.held_out_accuracy) == (3, "all", 0.9)
    back = model_at(pretrained, again).state_dict()
    for name, value in model.state_dict().items():
        expected = value.half().float() if name in state.tensors else value
        assert torch.equal(back[name], expected), name


def test_what_half_precision_cannot_hold_is_kept_as_it_is(trained):
    pretrained, _, snapshot = trained
    large = torch.tensor([1e5, 2.0])
    snapshot.tensors["fc.bias"].copy_(large)
    state = pack(snapshot, pretrained)
    assert "fc.bias" not in state.rounded
    assert torch.equal(state.complete(pretrained).tensors["fc.bias"], large)


def test_another_backbone_is_refused(trained):
    pretrained, _, snapshot = trained
    state = pack(snapshot, pretrained)
    with torch.no_grad():
        pretrained.conv1.weight[0, 0, 0, 0] += 1e-3
    with pytest.raises(ValueError, match="started from other weights"):
        state.complete(pretrained)
    with pytest.raises(ValueError, match=r"it lacks 'conv1\.weight'"):
        state.complete(torch.nn.Linear(2, 2))


def test_without_a_backbone_everything_is_kept(trained):
    pretrained, model, snapshot = trained
    state = pack(snapshot, None)
    assert set(state.tensors) == set(model.state_dict())
    model_at(pretrained, state.complete(pretrained))


@pytest.mark.parametrize(
    "damage",
    [
        lambda values, content: (values, content[:-9]),
        lambda values, content: (values, b"no tensors"),
        lambda values, content: ({**values, "rounded": {"fc.bias": "int1"}}, content),
        lambda values, content: ({**values, "rounded": {"fc.bias": ["float32"]}}, content),
        lambda values, content: ({**values, "unchanged": [1]}, content),
        lambda values, content: ({**values, "epoch": "3"}, content),
        lambda values, content: ({name: one for name, one in values.items() if name != "head"}, content),
        lambda values, content: ([], content),
    ],
)
def test_a_damaged_state_is_refused(trained, damage):
    pretrained, _, snapshot = trained
    with pytest.raises(ValueError):  # noqa: PT011
        LastState.from_parts(*damage(*pack(snapshot, pretrained).to_parts()))
