import math

import pytest
import torch

from tests.explain.watched import Watched, colours_net
from transferlab.data.images import ImageSet
from transferlab.explain.activations import channel_maps, cohens_d, dead_channels, telling_channels


@pytest.fixture
def two_reds():
    """Class 'a' is more red than 'b', the rest is below its mean."""
    pixels = torch.zeros(8, 3, 4, 4, dtype=torch.uint8)
    pixels[:, 0] = torch.tensor([240, 220, 200, 230, 160, 150, 140, 170], dtype=torch.uint8).view(8, 1, 1)
    return ImageSet(pixels, torch.tensor([0] * 4 + [1] * 4), ("a", "b", "none"))


def test_maps_by_hand():
    x = torch.arange(48.0).view(1, 3, 4, 4) - 8
    maps = channel_maps(colours_net(), x, "0")
    assert maps.shape == (4, 2, 2)
    assert maps[0].tolist() == [[0, 0], [2.5, 4.5]]  # means of 2 × 2, above 0
    assert maps[3].abs().max() == 0


def test_tokens_and_channels_last_come_as_maps():
    import timm
    import torchvision.models as models

    image = torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)
    vit = models.VisionTransformer(64, 8, 2, 2, 16, 32, num_classes=3)
    maps = channel_maps(vit, image, "conv_proj")
    assert maps.shape == (16, 8, 8)
    assert channel_maps(vit, image, "encoder.layers.encoder_layer_0").shape == (16, 8, 8)
    swin = models.SwinTransformer([4, 4], 16, [2], [2], [4, 4], num_classes=10).eval()
    from transferlab.inference import model_input

    with torch.no_grad():
        expected = swin.features(model_input(swin, image[None]))[0].permute(2, 0, 1)
    torch.testing.assert_close(channel_maps(swin, image, -2), swin.norm(expected.permute(1, 2, 0)).permute(2, 0, 1))
    assert channel_maps(timm.create_model("test_convnext"), image, 0).shape[1:] == (16, 16)


def test_cohens_d_is_that_of_the_formula():
    one, other = torch.tensor([[1.0, 5], [3, 5]]), torch.tensor([[0.0, 5], [2, 5], [4, 5]])
    # means 2 and 2, squares 2 and 8 over 3 degrees: d is 0; the second does not vary at all
    assert cohens_d(one, other).tolist() == [0, 0]
    assert cohens_d(one + 2, other)[0].item() == pytest.approx(2 / math.sqrt(10 / 3))
    assert cohens_d(one, other - torch.tensor([0.0, 1]))[1].item() == math.inf


def test_the_telling_channel_comes_first(two_reds):
    found = telling_channels(colours_net(), two_reds, "a", 1, "0")
    values = (two_reds.images[:, 0, 0, 0].double() / 255 - 0.485) / 0.229
    a, b = values[:4], values[4:]
    expected = (a.mean() - b.mean()) / ((a.var() + b.var()) / 2).sqrt()
    assert found.channels[0].item() == 0
    assert found.effect[0].item() == pytest.approx(expected.item(), rel=1e-4)
    assert found.effect[1:].tolist() == [0, 0, 0]
    torch.testing.assert_close(found.values_a[:, 0].double(), a, rtol=1e-4, atol=1e-4)
    assert telling_channels(colours_net(), two_reds, "b", "a", "0").effect[0].item() == pytest.approx(
        -expected.item(), 1e-4
    )
    assert str(found).startswith("'0': a (4 images) and b (4)\n")


def test_shuffled_labels_tell_nothing():
    pixels = torch.randint(0, 256, (60, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    images = ImageSet(pixels, torch.arange(60) % 2, ("a", "b"))
    found = telling_channels(colours_net(), images, 0, 1, "0")
    assert 0.3 < found.chance < 1.0  # the largest of three, of 30 and 30: about 2.4 · sqrt(2 / 30)
    assert found.above_chance == 0
    assert found.chance == telling_channels(colours_net(), images, 0, 1, "0").chance


def test_dead_channels_by_hand(two_reds):
    found = dead_channels(colours_net(), two_reds, "0")
    assert found.never_vary == found.never_above_zero == (1, 2, 3)
    assert found.share == 0.75
    assert str(found) == (
        "'0': of 4 channels, on 8 images, 3 never vary (1, 2, 3) and 3 never rise above zero (1, 2, 3)."
    )
    bright = two_reds.images.clone()
    bright[0, 1:, 0, 0] = 255
    bright[0, 1:, :2, :2] = 255  # one place of one image wakes them
    assert dead_channels(colours_net(), bright, "0").never_vary == (3,)


def test_the_model_is_as_it_was_after_an_error_too(two_reds):
    model = colours_net().train()
    model[0].weight.requires_grad_(False)
    watched = Watched(model)
    channel_maps(model, two_reds.images[0], "0")
    telling_channels(model, two_reds, 0, 1, "0")
    dead_channels(model, two_reds, "0")
    with pytest.raises(ValueError, match="does not take such images"):
        channel_maps(model, torch.zeros(3, 1, 1, dtype=torch.uint8), "0")
    assert watched.same()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda model, images: channel_maps(model, images, "0"), "one image at a time; you gave 8"),
        (lambda model, images: channel_maps(model, images.images[0], "4"), "'4' has no places to show: it is the head"),
        (lambda model, images: channel_maps(model, images.images[0], "5"), "No stage '5'"),
        (lambda model, images: telling_channels(model, images, "a", "a", "0"), "'a' was given twice"),
        (lambda model, images: telling_channels(model, images, "a", "bb", "0"), "No class 'bb'.*Did you mean 'b'"),
        (lambda model, images: telling_channels(model, images, "a", 7, "0"), "No class 7: these images have 3"),
        (lambda model, images: telling_channels(model, images, "a", "none", "0"), "there are none of 'none'"),
        (lambda model, images: telling_channels(model, images.images, 0, 1, "0"), "an ImageSet; you gave Tensor"),
    ],
)
def test_bad_input(two_reds, call, says):
    with pytest.raises(ValueError, match=says):
        call(colours_net(), two_reds)
