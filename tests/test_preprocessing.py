import dataclasses

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as oracle

from transferlab.backbones import Card, normalise

CARD = Card(
    name="x", architecture="x", library="x", source="x", licence="x", input_size=24,
    mean=(0.5, 0.25, 0.125), std=(0.5, 0.25, 0.2),
)  # fmt: skip


@pytest.fixture
def images():
    return torch.randint(0, 256, (4, 3, 40, 33), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_by_hand():
    pixels = torch.tensor([0, 255, 51]).view(1, 3, 1, 1).to(torch.uint8)
    # (0 − 0.5)/0.5, (1 − 0.25)/0.25, (0.2 − 0.125)/0.2
    assert torch.allclose(normalise(pixels, CARD).flatten(), torch.tensor([-1.0, 3.0, 0.375]))


@pytest.mark.parametrize("card", [None, CARD])
def test_as_torchvision_does_it(images, card):
    mean, std = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) if card is None else (card.mean, card.std)
    expected = oracle.normalize(oracle.convert_image_dtype(images), mean, std)
    assert torch.allclose(normalise(images, card), expected, atol=1e-6)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [24, 64])
def test_resizing_as_torchvision_does_it(images, interpolation, size):
    card = dataclasses.replace(CARD, interpolation=interpolation, input_size=size)
    x = oracle.convert_image_dtype(images)
    x = oracle.resize(x, [size, size], InterpolationMode(interpolation), antialias=True).clamp(0, 1)
    expected = oracle.normalize(x, card.mean, card.std)
    assert torch.allclose(normalise(images, card, resize=True), expected, atol=1e-5)


def test_the_given_images_stay_as_they_are(images):
    before = images.clone()
    normalise(images, CARD, resize=True)
    assert torch.equal(images, before)


def test_a_channels_last_batch_stays_so(images):
    x = normalise(images.contiguous(memory_format=torch.channels_last), CARD)
    assert x.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "wrong", [torch.zeros(2, 3, 4, 4), torch.zeros(3, 4, 4, dtype=torch.uint8), torch.zeros(2, 1, 4, 4).byte(), [1]]
)
def test_other_things_than_batches_of_images(wrong):
    with pytest.raises(ValueError, match=r"uint8 tensor of shape \(B, 3, H, W\); you gave"):
        normalise(wrong, CARD)


def test_resizing_needs_a_size(images):
    with pytest.raises(ValueError, match="needs a card"):
        normalise(images, resize=True)
