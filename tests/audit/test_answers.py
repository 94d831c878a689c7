import pytest
import torch
from torch import nn

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.answers import answers_of, last_layer, last_layer_features
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.heads import replace_head


@pytest.fixture
def images():
    return two_evidences(12, 0.8, seed=0)


def test_features_are_what_the_last_layer_reads(images):
    model = TwoEvidences().train()
    features = last_layer_features(model, images)
    assert features.shape == (12, 2)
    assert torch.allclose(model.fc(features), answers_of(model, images), atol=1e-6)
    assert model.training
    assert not model.fc._forward_pre_hooks


def test_the_hook_is_gone_after_an_error(images):
    model = TwoEvidences()
    model.conv = nn.Conv2d(4, 2, 1)
    with pytest.raises(ValueError, match="does not take images of 4×4"):
        last_layer_features(model, images)
    assert not model.fc._forward_pre_hooks


def test_wrong_models_are_met_with_sentences(images):
    with pytest.raises(ValueError, match=r"an nn\.Module"):
        answers_of("bundled", images)
    with pytest.raises(ValueError, match="an ImageSet"):
        answers_of(TwoEvidences(), images.images)
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=r"2 classes and the model 5 classes.*replace_head\(model, 2\)"):
        answers_of(SmallResNet(5, width=8), images)
    broken = TwoEvidences()
    nn.init.constant_(broken.fc.weight, torch.nan)
    with pytest.raises(ValueError, match="12 of 12 images with NaN"):
        answers_of(broken, images)
    model = SmallResNet(5, width=8)
    replace_head(model, 2, head="cosine", seed=0)
    with pytest.raises(ValueError, match="a CosineHead as its last layer"):
        last_layer(model)
