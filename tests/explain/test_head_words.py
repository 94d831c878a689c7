import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.head_words import head_words, plain_head_words, put_head
from transferlab.heads import CosineHead, replace_head


def test_heads_in_words():
    model = SmallResNet(5, width=4)
    settings = {"in_features": 32, "out_features": 5, "bias": True}
    assert head_words(model) == {"names": ["fc"], "layers": {"layer": "Linear", "settings": settings}}
    assert plain_head_words(model, model.state_dict()) == head_words(model)
    replace_head(model, 3, "cosine")
    assert head_words(model)["layers"]["settings"] == {"in_features": 32, "num_classes": 3, "convolution": False}
    assert plain_head_words(model, model.state_dict())["layers"] is None


def test_a_convolution_as_head():
    class Convolutional(nn.Module):
        def __init__(self, classes):
            super().__init__()
            self.features, self.classifier = nn.Conv2d(3, 4, 3), nn.Conv2d(4, classes, 1)

        def forward(self, x):
            return self.classifier(self.features(x)).mean((2, 3))

    wide = Convolutional(7)
    for words in (head_words(wide), plain_head_words(Convolutional(3), wide.state_dict())):
        model = Convolutional(3)
        put_head(model, words, wide.state_dict(), "it")
        assert model.classifier.weight.shape == (7, 4, 1, 1)


def test_nothing_is_replaced_where_the_head_fits():
    model, other = SmallResNet(5, width=4), SmallResNet(5, width=4)
    head = model.fc
    put_head(model, head_words(other), other.state_dict(), "it")
    assert model.fc is head
    replace_head(other, 5, CosineHead(32, 5))
    stream = torch.get_rng_state()
    put_head(model, head_words(other), other.state_dict(), "it")
    assert isinstance(model.fc, CosineHead)
    assert torch.equal(torch.get_rng_state(), stream)
