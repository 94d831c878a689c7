import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import ImageSet
from transferlab.explain.features import _on_a_grid, stage_features
from transferlab.language import LastToken, SmallGPT, Tokenizer, sentence_set


class Small(nn.Module):
    """Two stages whose outputs can be told by hand, with dropout as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 1, bias=False)
        self.fc = nn.Linear(1, 2)
        nn.init.ones_(self.conv.weight)

    def forward(self, x):
        x = F.dropout(self.conv(x), 0.5, self.training)
        return self.fc(x.mean((2, 3)))


def test_places_and_means_by_hand():
    pixels = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
    pixels[1, 0, :2, :2] = 255  # one place of the 8×8 grid
    images = ImageSet(pixels, torch.tensor([0, 1]), ("dark", "spot"))
    model = Small().train()
    (features,) = stage_features(model, images).values()
    assert features.mean.shape == (2, 1)
    black = sum(-mean / std for mean, std in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True))
    assert features.mean[0].item() == pytest.approx(black, rel=1e-5)
    assert features.mean[1].item() == pytest.approx(black + 1 / 0.229 / 64, rel=1e-5)
    assert model.training


def test_maps_are_averaged_to_a_grid_and_the_model_stays_as_it_is(two_colours):
    torch.manual_seed(0)
    model = SmallResNet(2, width=8).train()
    before, stream = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    images = two_colours.held_out
    features = stage_features(model, images, batch_size=5)
    assert [tuple(one.places.shape) for one in features.values()][:2] == [(16, 8 * 8 * 8)] * 2
    assert tuple(features["layer4"].mean.shape) == (16, 64)
    assert all(module.training for module in model.modules())
    assert torch.equal(torch.get_rng_state(), stream)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    again = stage_features(model, images, batch_size=5)
    assert all(torch.equal(one.places, again[name].places) for name, one in features.items())


def test_channels_that_come_last_are_not_averaged_away():
    x = torch.rand(2, 16, 16, 24)  # (B, H, W, C)
    expected = F.adaptive_avg_pool2d(x.permute(0, 3, 1, 2), 8).flatten(1)
    torch.testing.assert_close(_on_a_grid(x), expected)


def test_images_without_a_set_are_refused():
    with pytest.raises(ValueError, match="you gave Tensor"):
        stage_features(Small(), torch.zeros(4, 3, 8, 8, dtype=torch.uint8))


def test_texts_have_features_too():
    torch.manual_seed(0)
    model = LastToken(SmallGPT(256, dim=16, blocks=2, heads=2, hidden=32, context=16))
    texts = sentence_set(Tokenizer([]), ["one", "two", "six"], [0, 1, 1], ("odd", "even"), length=8)
    found = stage_features(model, texts)
    assert list(found) == ["model.embedding", "model.blocks.0", "model.blocks.1"]
    with torch.no_grad():
        expected = model.model.embedding(texts.tokens)  # (3, 8, 16)
    assert torch.equal(found["model.embedding"].places, expected.flatten(1))
    torch.testing.assert_close(found["model.embedding"].mean, expected.mean(1))
