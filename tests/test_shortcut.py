import pytest
import torch
from torch import Generator

from transferlab.data.worlds.shortcut import COLOURS, choose_tags, stick, tag_mask


def test_certain_tags_are_the_labels_and_worthless_ones_are_not():
    labels = torch.arange(8).repeat(500)
    assert torch.equal(choose_tags(labels, 8, 1.0, Generator().manual_seed(0)), labels)
    drawn = choose_tags(labels, 8, 0.0, Generator().manual_seed(0))
    assert abs((drawn == labels).float().mean() - 1 / 8) < 4 * (1 / 8 * 7 / 8 / 4000) ** 0.5
    assert set(drawn.tolist()) == set(range(8))


@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_the_tag_lies_at_the_lower_right_and_covers_little(size):
    mask = tag_mask(size)
    assert mask[-size // 2 :, -size // 2 :].sum() == mask.sum()
    assert 0.02 < mask.float().mean() < 0.08


def test_only_the_tag_is_painted_and_the_mask_ends_there():
    images = torch.full((3, 3, 64, 64), 7, dtype=torch.uint8)
    masks = torch.ones(3, 64, 64, dtype=torch.bool)
    tagged, visible = stick(images, masks, torch.tensor([0, 1, 2]))
    area = tag_mask(64)
    assert (tagged[:, :, ~area] == 7).all()
    assert (tagged[:, :, area] != 7).any(1).all()
    assert torch.equal(visible, masks & ~area)
    assert (images == 7).all()  # the originals are left alone


def test_fifty_six_classes_have_different_tags():
    images, masks = torch.zeros(56, 3, 64, 64, dtype=torch.uint8), torch.zeros(56, 64, 64, dtype=torch.bool)
    tagged, _ = stick(images, masks, torch.arange(56))
    assert len(torch.unique(tagged.flatten(1), dim=0)) == 56
    assert len(set(COLOURS)) == 8
