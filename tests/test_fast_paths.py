import copy

import torch
from torch import nn

from transferlab.backbones import load, save
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.fast_paths import lay_channels_last
from transferlab.inference import predict
from transferlab.recipes import from_scratch
from transferlab.training import train


def strides_are_last(weight):
    return weight.stride(1) == 1 and weight.shape[1] > 1  # neighbours in memory are channels


def test_the_weights_keep_their_values_and_change_their_order_in_memory():
    model = SmallResNet(3, width=8)
    before = copy.deepcopy(model.state_dict())
    # 7×7 stem, 16 3×3 in the blocks, 3 1×1 beside them: the 1×1 ones are in both orders at once.
    assert lay_channels_last(model) == 17
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert strides_are_last(model.conv1.weight)
    assert lay_channels_last(model) == 0


def test_other_parameters_stay_where_they_are():
    model = nn.Sequential(nn.Conv3d(2, 4, 3), nn.Conv1d(4, 4, 3), nn.Linear(4, 2))
    addresses = [parameter.data_ptr() for parameter in model.parameters()]
    assert lay_channels_last(model) == 0
    assert [parameter.data_ptr() for parameter in model.parameters()] == addresses


def test_training_lays_them_out_and_the_optimizer_still_moves_them(two_colours):
    model = SmallResNet(2, width=8)
    before = model.layer4[1].conv2.weight.detach().clone()
    train(model, two_colours, from_scratch(epochs=1), progress=False)
    assert strides_are_last(model.layer4[1].conv2.weight)
    assert not torch.equal(model.layer4[1].conv2.weight, before)


def test_a_trained_model_comes_back_from_its_file_with_the_same_answers(two_colours, tmp_path):
    model = load("bundled", num_classes=2, pretrained=False)
    train(model, two_colours, from_scratch(epochs=1), progress=False)
    again = load(save(model, tmp_path / "trained.safetensors"))
    assert torch.equal(predict(again, two_colours.held_out), predict(model, two_colours.held_out))
