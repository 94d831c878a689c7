import pytest
import torch

from tests.audit.known_models import TagReader
from tests.explain.known_net import KnownNet
from transferlab.audit.shortcut_mass import check_shortcut, shortcut_mass
from transferlab.data.images import ImageSet
from transferlab.data.worlds import tag_mask


@pytest.fixture
def noise():
    pixels = torch.randint(256, (6, 3, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(6) % 2, ("a", "b"))


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients"])
def test_a_model_that_reads_the_tag_alone_has_all_its_mass_there(noise, method):
    use, masses = shortcut_mass(TagReader(), noise, tag_mask(64), method)
    assert masses.tolist() == pytest.approx([1.0] * 6)
    assert use.mass.mean == pytest.approx(1.0)
    assert use.area == pytest.approx(144 / 64**2)
    assert use.times == pytest.approx(64**2 / 144)


def test_by_hand():
    # Saliency of KnownNet is the largest weight where a ReLU is open: count the pixels. Red alone is above the mean
    # colour in the left half, so every left pixel has the same strength and every right pixel none.
    pixels = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    pixels[:, 0, :, :2] = 255
    images = ImageSet(pixels, torch.tensor([0, 0]), ("a", "b"))
    mask = torch.zeros(4, 4, dtype=torch.bool)
    mask[0, :] = True  # two of the eight left pixels, and two of the eight others
    use, masses = shortcut_mass(KnownNet(), images, mask, "saliency")
    assert masses.tolist() == pytest.approx([0.25, 0.25])
    assert use.area == 0.25
    assert use.times == pytest.approx(1.0)
    each = torch.stack([mask, torch.zeros_like(mask)])
    use, masses = shortcut_mass(KnownNet(), images, each.numpy(), "saliency")
    assert masses[1].isnan()
    assert (use.num_without, use.mass.num_images) == (1, 1)


def test_blank_maps_do_not_count():
    images = ImageSet(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 0]), ("a", "b"))
    use, masses = shortcut_mass(KnownNet(), images, torch.eye(4).bool(), "saliency")  # every ReLU is shut
    assert masses.isnan().all()
    assert (use.mass, use.times, use.num_blank) == (None, None, 2)
    assert "every map is blank" in str(use)


def test_masks_that_are_none(noise):
    for mask in (torch.ones(64, 64), torch.ones(32, 32).bool(), "tag", None):
        with pytest.raises(ValueError, match=r"bool mask of shape \(64, 64\), or \(6, 64, 64\).*tag_mask\(64\)"):
            check_shortcut(mask, noise)
    with pytest.raises(ValueError, match="covers nothing"):
        check_shortcut(torch.zeros(64, 64).bool(), noise)
    with pytest.raises(ValueError, match="covers everything"):
        check_shortcut(torch.ones(64, 64).bool(), noise)
