import pytest
import torch

from transferlab.data import worlds
from transferlab.explain.checks.inside import attribution_inside

MASKS = torch.zeros(1, 4, 4, dtype=torch.bool)
MASKS[0, :2, :2] = True  # a quarter of the area


def test_share_and_pointing_by_hand():
    maps = torch.zeros(1, 4, 4)
    maps[0, 0, 0], maps[0, 3, 3], maps[0, 3, 0] = 6, 2, -50  # 6 of 8 inside, what is negative does not count
    found = attribution_inside(maps, MASKS)
    assert found.share.mean == pytest.approx(0.75 / 0.25)
    assert (found.pointing.mean, found.pointing_chance, found.num_images) == (1.0, 0.25, 1)


def test_an_even_map_is_at_chance_and_equals_share_the_point():
    maps = torch.ones(1, 4, 4)
    maps[0, 3, 3] = 0.999
    maps[0, 0, 0] = 0.999
    found = attribution_inside(maps, MASKS)
    assert found.share.mean == pytest.approx(1, abs=1e-3)
    assert found.pointing.mean == pytest.approx(3 / 14)


def test_the_mean_is_over_images_and_not_of_sums():
    maps = torch.zeros(2, 4, 4)
    maps[0, 0, 0] = 1000  # all inside: 4
    maps[1, 3, 3] = 1  # all outside: 0
    found = attribution_inside(maps, MASKS.expand(2, -1, -1))
    assert (found.share.mean, found.pointing.mean) == (2.0, 0.5)
    assert (found.share.low, found.share.high) == (0.0, 4.0)


def test_what_cannot_be_counted_is_left_out_and_said():
    maps = torch.rand(5, 4, 4, generator=torch.Generator().manual_seed(0))
    maps[0] = 0
    maps[1] = -maps[1]  # nowhere positive
    masks = MASKS.repeat(5, 1, 1)
    masks[2], masks[3] = False, True
    found = attribution_inside(maps, masks)
    assert (found.num_images, found.num_blank, found.num_without) == (1, 2, 2)
    empty = attribution_inside(torch.zeros(2, 4, 4), MASKS.repeat(2, 1, 1))
    assert (empty.share, empty.pointing, empty.pointing_chance) == (None, None, None)


def test_shortcut_mass_of_a_map_on_the_tag():
    tag = worlds.tag_mask(64)
    assert attribution_inside(tag[None].float(), tag).share.mean == pytest.approx(4096 / 144)
    assert attribution_inside((~tag)[None].float(), tag).share.mean == 0


def test_bad_input_is_said():
    with pytest.raises(ValueError, match=r"True masks are needed.*you gave none"):
        attribution_inside(torch.zeros(1, 4, 4), None)
    with pytest.raises(ValueError, match=r"you gave torch.float32"):
        attribution_inside(torch.zeros(1, 4, 4), torch.zeros(1, 4, 4))
    with pytest.raises(ValueError, match=r"of shape \(1, 4, 4\)"):
        attribution_inside(torch.zeros(2, 4, 4), MASKS)
