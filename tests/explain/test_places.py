import pytest
import torch
from torch import nn

from transferlab.explain.places import Layout, Recording, Site, Tap, layout_of, reached, tap_in
from transferlab.stages import stages


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((2, 64, 8, 8), (64, 64), Layout("channels first", 8, 8)),
        ((2, 8, 8, 64), (64, 64), Layout("channels last", 8, 8)),
        ((2, 16, 6, 4), (96, 64), Layout("channels first", 6, 4)),
        ((2, 6, 4, 16), (96, 64), Layout("channels last", 6, 4)),
        ((2, 197, 192), (224, 224), Layout("tokens", 14, 14, 1)),
        ((2, 196, 192), (224, 224), Layout("tokens", 14, 14, 0)),
        ((2, 201, 192), (224, 224), Layout("tokens", 14, 14, 5)),
        ((2, 24, 192), (96, 64), Layout("tokens", 6, 4, 0)),
        ((2, 512, 1, 1), (64, 64), None),
        ((2, 512), (64, 64), None),
        ((2, 1, 192), (64, 64), None),
    ],
)
def test_layouts(shape, size, expected):
    assert layout_of(torch.zeros(shape), nn.Identity(), size) == expected


def test_as_many_channels_as_rows_is_decided_by_the_layer():
    x = torch.zeros(1, 8, 8, 8)
    assert layout_of(x, nn.Conv2d(3, 8, 3), (64, 64)).order == "channels first"
    assert layout_of(x, nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8)), (64, 64)).order == "channels last"


def test_outputs_that_are_no_tensor_hold_no_places():
    assert layout_of((torch.zeros(1, 3, 4, 4),), nn.Identity(), (8, 8)) is None
    assert layout_of(torch.zeros(1, 3, 4, 4, dtype=torch.long), nn.Identity(), (8, 8)) is None


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (Layout("channels first", 3, 2), (2, 5, 3, 2)),
        (Layout("channels last", 3, 2), (2, 3, 2, 5)),
        (Layout("tokens", 3, 2, 2), (2, 8, 5)),
    ],
)
def test_a_tap_shows_maps_and_hands_on_what_it_got(layout, shape):
    output = torch.randn(shape)
    tapped = Tap(nn.Identity(), layout)
    seen = []
    tapped.tap.register_forward_hook(lambda module, inputs, output: seen.append(output))
    assert torch.equal(tapped(output), output)
    assert seen[0].shape == (2, 5, 3, 2)
    token = output[1, 2 + 3, :] if layout.order == "tokens" else None  # place 3 is row 1, column 1
    if token is not None:
        assert torch.equal(seen[0][1, :, 1, 1], token)


def test_with_one_channel_open_gradients_go_through_no_other():
    tapped = Tap(nn.Identity(), Layout("tokens", 2, 2, 1))
    tapped.only = 1
    x = torch.randn(1, 5, 3, requires_grad=True)
    tapped(x).sum().backward()
    expected = torch.zeros(1, 5, 3)
    expected[:, 1:, 1] = 1
    assert torch.equal(x.grad, expected)


def test_a_tap_answers_for_its_layer():
    assert Tap(nn.Linear(3, 7), Layout("channels first", 2, 2)).out_features == 7
    with pytest.raises(AttributeError, match="no_such"):
        _ = Tap(nn.Linear(3, 7), Layout("channels first", 2, 2)).no_such


class ReadsOneToken(nn.Module):
    """Two mixing layers over five tokens, of which only the first is read."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 4, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 4))
        self.first, self.second = (nn.Conv1d(5, 5, 1) for _ in range(2))
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        return self.fc(self.second(self.first(x))[:, 0])


def test_places_that_nothing_reads_are_found_out():
    torch.manual_seed(0)
    model = ReadsOneToken()
    with Recording(model, stages(model)) as recording:
        logits = model(torch.randn(1, 3, 8, 8))
    sites = recording.sites((8, 8))
    assert list(sites) == ["embed", "first", "second"]
    assert reached(sites, logits) == {"embed": True, "first": True, "second": False}
    assert recording.calls["first"] == 1
    assert not any(module._forward_hooks for module in model.modules())


def test_tap_in_replaces_the_layer():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2))
    tapped = tap_in(model, Site("0", "0", Layout("channels first", 6, 6)))
    assert model[0] is tapped
    assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 2)
