import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.recipes import from_scratch
from transferlab.training import train


@pytest.fixture(scope="session")
def trained():
    """A tiny network that tells left from right: a bright square lies in one half of a noisy picture."""
    from transferlab.data.images import ImageSet, Splits

    generator = torch.Generator().manual_seed(0)

    def images(number):
        pixels = torch.randint(0, 90, (number, 3, 32, 32), generator=generator, dtype=torch.uint8)
        labels = torch.arange(number) % 2
        masks = torch.zeros(number, 32, 32, dtype=torch.bool)
        for i in range(number):
            top = int(torch.randint(4, 20, (1,), generator=generator))
            left = 3 if labels[i] == 0 else 21
            masks[i, top : top + 8, left : left + 8] = True
        pixels = torch.where(masks[:, None], pixels + 150, pixels)
        return ImageSet(pixels, labels, ("left", "right"), masks=masks, label_safe=("crop",), name="halves")

    data = Splits(images(64), images(16))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SmallResNet(2, width=8)
        train(model, data, from_scratch(epochs=6), progress=False)
    return model, data.held_out
