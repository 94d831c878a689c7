import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.museum.nets import state, tiny
from transferlab.backbones import load
from transferlab.museum.evidence import Evidence, features_of


def test_the_start_is_what_was_given_where_names_and_shapes_agree(two_colours):
    model = tiny()
    before = state(model) | {"5.weight": torch.zeros(7, 4), "other": torch.zeros(1)}
    start = Evidence(two_colours, model=model, before=before).start
    assert set(start) == set(state(model)) - {"5.weight"}


def test_the_start_of_a_loaded_backbone_is_loaded_again_without_the_head(two_colours):
    model = load("bundled", num_classes=2)
    with torch.no_grad():
        model.conv1.weight.add_(1)
    evidence = Evidence(two_colours, model=model)
    assert torch.allclose(evidence.start["conv1.weight"], model.conv1.weight - 1, atol=1e-6)
    assert not [name for name in evidence.start if name.startswith("fc")]
    assert evidence.stood_still("layer1.0.conv1.weight", model.layer1[0].conv1.weight)
    assert not evidence.stood_still("conv1.weight", model.conv1.weight)
    assert torch.equal(evidence.pretrained.conv1.weight, load("bundled").conv1.weight)
    assert Evidence(two_colours, model=load("bundled", num_classes=2, pretrained=False)).start is None


def test_features_are_what_reaches_the_head():
    model = tiny().eval()
    x = torch.randn(5, 3, 8, 8)
    expected = model[:5](x).double()
    assert torch.allclose(features_of(model.train(), x), expected, atol=1e-6)
    assert model.training
    assert not model[5]._forward_pre_hooks


def test_a_probe_tells_two_colours_apart_and_mixed_labels_do_not(two_colours):
    evidence = Evidence(two_colours, model=tiny())
    found, guessing = evidence.told_apart(evidence.model, two_colours.train.images, two_colours.train.labels)
    assert found == 1
    assert guessing < 0.75


def test_labels_that_the_data_do_not_have_are_refused(two_colours):
    train = two_colours.train
    loader = DataLoader(TensorDataset(train.images, train.labels + 1), batch_size=8)
    with pytest.raises(ValueError, match="labels from 1 to 2, and the data have 2 classes"):
        _ = Evidence(two_colours, loader=loader).fed
