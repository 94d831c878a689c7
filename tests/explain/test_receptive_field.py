import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.listening import Listening
from transferlab.explain.receptive_field import receptive_fields


def fields(model, stage, side):
    return receptive_fields(Listening(model, stage, torch.zeros(1, 3, side, side, dtype=torch.uint8)), (side, side))


# Araujo et al. (2019): the field of ResNet-18 after its stem is 11 pixels at a stride of 4, then 43, 99, 211 and 435.
@pytest.mark.parametrize(("stage", "field", "stride"), [("conv1", 11, 4), ("layer1", 43, 4), ("layer2", 99, 8)])
def test_fields_are_those_of_the_arithmetic(stage, field, stride):
    torch.manual_seed(0)
    side = 128
    found = fields(SmallResNet(3, width=8), stage, side)
    assert len(found.rows) == side // stride
    for i, (first, last) in enumerate(found.rows):
        assert (first, last) == (max(0, stride * i - field // 2), min(side, stride * i + field // 2 + 1))
    assert found.rows == found.columns
    (top, bottom), (left, right) = found.rows[0], found.columns[3]
    assert found.box(0, 3) == (top, left, bottom, right)


def test_the_core_lies_within_and_holds_all_of_a_flat_field():
    torch.manual_seed(0)
    found = fields(SmallResNet(3, width=8), "layer2", 64)
    for (first, last), (start, end) in zip(found.rows, found.core_rows, strict=True):
        assert first <= start < end <= last
    assert found.core(4, 4)[2] - found.core(4, 4)[0] < 64  # of a field as wide as the picture the middle counts
    flat = nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    nn.init.constant_(flat[0].weight, 1.0)
    assert fields(flat, "0", 16).core(1, 2) == (4, 8, 8, 12)


def test_attention_sees_the_whole_picture():
    from torchvision.models import VisionTransformer

    model = VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=3)
    name = "encoder.layers.encoder_layer_0"
    assert set(fields(model, name, 32).rows) == {(0, 32)}
    assert fields(model, "conv_proj", 32).box(1, 2) == (8, 16, 16, 24)
