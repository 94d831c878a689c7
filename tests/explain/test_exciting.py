import pytest
import torch

from tests.explain.watched import Watched, colours_net
from transferlab.data.images import ImageSet
from transferlab.explain.exciting import exciting_patches


@pytest.fixture
def images():
    """Black pictures with spots: red in 1 at place (0, 1), twice as much in 3; green everywhere in 2."""
    pixels = torch.zeros(4, 3, 4, 6, dtype=torch.uint8)
    pixels[:, 0] = 124  # red at its mean, where the normalised value is about 0
    pixels[:, 1], pixels[:, 2] = 100, 100
    pixels[1, 0, :2, 2:4] = 180
    pixels[3, 0, 2:, 4:] = 250
    pixels[2, 1] = 200
    return ImageSet(pixels, torch.tensor([0, 0, 1, 1]), ("a", "b"))


def test_patches_by_hand(images):
    found = exciting_patches(colours_net(), images, "0", count=2)
    assert found.grid == (2, 3)
    first, second = found.channels[0]
    assert (first.image, first.place, first.box, first.core) == (3, (1, 2), (2, 4, 4, 6), (2, 4, 4, 6))
    assert (second.image, second.place, second.box) == (1, (0, 1), (0, 2, 2, 4))
    assert first.activation == pytest.approx((250 / 255 - 0.485) / 0.229, abs=1e-4)
    assert torch.equal(first.crop(images), images.images[3, :, 2:, 4:])


def test_of_equals_the_first_place_is_taken_and_the_lowest_is_no_excitement(images):
    found = exciting_patches(colours_net(), images, "0", channels=1)
    (only,) = found.channels[1]  # all others have the least activation there is
    assert (only.image, only.place) == (2, (0, 0))
    twice = images.subset([2, 0, 2])
    assert [one.image for one in exciting_patches(colours_net(), twice, "0", 1).channels[1]] == [0, 2]


def test_a_channel_that_nothing_excites_is_said(images):
    found = exciting_patches(colours_net(), images, "0")
    assert found.silent == (2, 3)  # blue is below its mean, and channel 3 has no weights
    assert "Not excited by any image: 2, 3." in str(found)


def test_batches_change_nothing_and_the_model_is_as_it_was(images):
    model = colours_net().train()
    model[0].weight.requires_grad_(False)
    watched = Watched(model)
    one, other = (exciting_patches(model, images, 0, batch_size=size) for size in (1, 3))
    assert one == other
    with pytest.raises(ValueError, match="No channel 9"):
        exciting_patches(model, images, "0", channels=[9])
    assert watched.same()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stage": "layre"}, "No stage 'layre'"),
        ({"stage": "4"}, "'4' has no places to show: it is the head. Stages with places are: 0"),
        ({"channels": [4]}, "No channel 4: '0' has 4, numbered 0 to 3"),
        ({"channels": []}, "names no channel"),
        ({"count": 0}, "count is a whole number above 0; you gave 0"),
        ({"images": torch.zeros(1, 3, 4, 4, dtype=torch.uint8)}, "searches an ImageSet; you gave Tensor"),
    ],
)
def test_bad_input(images, changes, says):
    with pytest.raises(ValueError, match=says):
        exciting_patches(colours_net(), **{"images": images, "stage": "0"} | changes)
