import copy

import pytest
import torch

from tests.lab.conftest import small_network
from tests.lab.looks.test_pictures import read
from transferlab.explain.activations import channel_maps
from transferlab.lab.looks.look_filters import FilterLook


@pytest.fixture
def pair():
    """A network, and one in which a filter is twice as strong."""
    before = small_network()
    after = copy.deepcopy(before)
    with torch.no_grad():
        after.conv1.weight[5] *= 2
    return before, after


def test_nothing_has_moved_in_the_start_itself(pair):
    look = FilterLook(pair[0])
    frame = look(pair[0])
    assert (frame.facts["moved"], frame.facts["factor"]) == (0.0, None)
    assert frame.pictures["now"] == look.before().pictures["now"]
    assert set(frame.facts["channels"]) == set(range(8))


def test_what_moved_is_counted_and_drawn_where_the_filter_is(pair):
    before, after = pair
    frame = FilterLook(before)(after)
    weights = before.conv1.weight.detach()
    assert frame.facts["moved"] == pytest.approx((weights[5].norm() / weights.norm()).item(), rel=1e-5)
    assert frame.facts["most"] == 5
    assert frame.facts["factor"] == 1  # as large as the filter's largest weight
    change = read(frame.pictures["change"])
    grey = (change == 128).all(0)
    changed = torch.nonzero(~grey & (change < 255).all(0))
    size = weights.shape[2] + 1
    columns = (change.shape[2] - 1) // size
    assert {(r // size) * columns + c // size for r, c in (changed - 1).tolist()} == {5}


def test_a_small_change_is_enlarged_by_a_round_factor(pair):
    before, after = pair
    with torch.no_grad():
        after.conv1.weight[5] = before.conv1.weight[5] * 1.004
    assert FilterLook(before)(after).facts["factor"] == 200  # 1/0.004 is 250


def test_a_deeper_stage_shows_its_strongest_channels_for_an_image(pair, two_colours):
    before, after = pair
    look = FilterLook(before, two_colours.held_out, "layer2")
    frame, start = look(after), look.before()
    maps = channel_maps(before, two_colours.held_out.images[0], "layer2")
    strongest = maps.flatten(1).abs().amax(1).argsort(descending=True)[:16]
    assert frame.facts["channels"] == strongest.tolist()
    assert start.facts["of"] == "red"
    after_maps = channel_maps(after, two_colours.held_out.images[0], "layer2")[strongest]
    change = (after_maps - maps[strongest]).norm() / maps[strongest].norm()
    assert frame.facts["moved"] == pytest.approx(change.item(), rel=1e-5)
    assert torch.equal(read(start.pictures["image"]), two_colours.held_out.images[0])
    assert look(before).facts["factor"] is None


def test_the_model_stays_as_it_is(pair, two_colours):
    model = pair[1].train()
    state = copy.deepcopy(model.state_dict())
    FilterLook(pair[0], two_colours.held_out, "layer3")(model)
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_maps_need_an_image(pair):
    with pytest.raises(ValueError, match=r"needs an image: give data\.held_out"):
        FilterLook(pair[0], None, "layer2")
