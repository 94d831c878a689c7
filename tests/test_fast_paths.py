import copy
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from transferlab.backbones import load, save
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.fast_paths import lay_out, memory_format
from transferlab.inference import predict
from transferlab.recipes import from_scratch
from transferlab.training import train


def strides_are_last(weight):
    return weight.stride(1) == 1 and weight.shape[1] > 1  # neighbours in memory are channels


def test_the_weights_keep_their_values_and_change_their_order_in_memory():
    model = SmallResNet(3, width=16)
    before = copy.deepcopy(model.state_dict())
    # 7×7 stem, 16 3×3 in the blocks, 3 1×1 beside them: the 1×1 ones are in both orders at once.
    assert lay_out(model) == 17
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert strides_are_last(model.conv1.weight)
    assert lay_out(model) == 0


def test_other_parameters_stay_where_they_are():
    model = nn.Sequential(nn.Conv3d(2, 4, 3), nn.Conv1d(4, 4, 3), nn.Linear(4, 2))
    addresses = [parameter.data_ptr() for parameter in model.parameters()]
    assert lay_out(model) == 0
    assert [parameter.data_ptr() for parameter in model.parameters()] == addresses


def test_training_lays_them_out_and_the_optimizer_still_moves_them(two_colours):
    model = SmallResNet(2, width=16)
    before = model.layer4[1].conv2.weight.detach().clone()
    train(model, two_colours, from_scratch(epochs=1), progress=False)
    assert strides_are_last(model.layer4[1].conv2.weight)
    assert not torch.equal(model.layer4[1].conv2.weight, before)


def test_a_trained_model_comes_back_from_its_file_with_the_same_answers(two_colours, tmp_path):
    model = load("bundled", num_classes=2, pretrained=False)
    train(model, two_colours, from_scratch(epochs=1), progress=False)
    again = load(save(model, tmp_path / "trained.safetensors"))
    assert torch.equal(predict(again, two_colours.held_out), predict(model, two_colours.held_out))


CRASHED = """
import torch
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import ImageSet, Splits
from transferlab.recipes import from_scratch
from transferlab.training import train
pixels = torch.randint(0, 256, (24, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
images = ImageSet(pixels, torch.arange(24) % 2, ("red", "blue"), label_safe=LABEL_SAFE)
data = Splits(images.subset(range(16)), images.subset(range(16, 24)))
for _ in range(4):
    train(SmallResNet(2, width=2), data, from_scratch(epochs=2), progress=False)
"""


@pytest.mark.parametrize("label_safe", [("crop", "flip"), ()])
def test_a_network_too_narrow_for_channels_last_trains_without_damage(label_safe):
    """In a process of its own, with an allocator that notices: before the guard it died of a corrupted heap."""
    assert memory_format(SmallResNet(2, width=2)) == torch.contiguous_format
    assert memory_format(SmallResNet(2, width=16)) == torch.channels_last
    environment = {**os.environ, "MALLOC_CHECK_": "3", "MALLOC_PERTURB_": "165"}
    code = CRASHED.replace("LABEL_SAFE", repr(label_safe))
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
