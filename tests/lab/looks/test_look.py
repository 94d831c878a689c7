import pytest
import torch

from transferlab.data.images import ImageSet
from transferlab.lab.looks.look import some_images

IMAGES = ImageSet(torch.zeros(6, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 0, 0, 1, 1, 2]), ("a", "b", "c"))


def test_classes_take_turns_and_then_show_their_next_images():
    assert some_images(IMAGES, 3).tolist() == [0, 3, 5]
    assert some_images(IMAGES, 3, turn=1).tolist() == [1, 4, 2]
    assert some_images(IMAGES, 3, turn=2).tolist() == [0, 3, 5]  # round again
    assert sorted(some_images(IMAGES, 100).tolist()) == list(range(6))


@pytest.mark.parametrize(("count", "turn"), [(0, 0), (2, -1), (True, 0), (1, 0.5)])
def test_strange_numbers_are_named(count, turn):
    with pytest.raises(ValueError, match="whole number"):
        some_images(IMAGES, count, turn)
