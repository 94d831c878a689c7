import copy
import dataclasses
from types import SimpleNamespace

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.inference import predict
from transferlab.meters import accuracy


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(5, width=8).eval()


def test_agreement_is_whole_until_the_backbone_changes(model, two_colours):
    memory = remember(model, two_colours.held_out)
    assert (memory.kind, memory.before) == ("agreement", 1.0)
    replace_head(model, 2)
    assert memory.measure(model) == 1.0
    torch.manual_seed(1)
    for parameter in model.layer4.parameters():
        parameter.data = torch.randn_like(parameter)
    model.layer4.requires_grad_(False)
    assert memory.measure(model) < 1.0


def test_measuring_leaves_the_model_as_it_was(model, two_colours):
    memory = remember(model, two_colours.held_out)
    replace_head(model, 2)
    model.train()
    head, before = model.fc, copy.deepcopy(model.state_dict())
    memory.measure(model)
    assert model.fc is head
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_own_head_comes_back_after_an_error(model, two_colours):
    memory = remember(model, two_colours.held_out)
    replace_head(model, 2)
    head = model.fc
    model.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        memory.measure(model)
    assert model.fc is head


def test_labels_count_where_the_card_knows_their_names(model, two_colours):
    model.card = SimpleNamespace(
        class_names=("green", "blue", "red", "x", "y"), mean=(0.5,) * 3, std=(0.2,) * 3, input_size=32
    )
    memory = remember(model, two_colours.held_out)
    assert memory.kind == "accuracy"
    true = torch.tensor([2, 1])[two_colours.held_out.labels]  # red is the head's output 2, blue its output 1
    assert memory.before == accuracy(predict(model, two_colours.held_out), true)
    unknown = dataclasses.replace(two_colours.held_out, class_names=("red", "violet"))
    assert remember(model, unknown).kind == "agreement"


def test_a_model_without_a_drawn_source_must_be_given_images(model):
    with pytest.raises(ValueError, match=r"remember\(model, source=images\)"):
        remember(model)


def test_portions_go_through_all_source_images_before_any_is_asked_again(model, two_colours):
    memory = remember(model, two_colours.train)  # 32 images
    portions = [memory.portion(number, num_train=4000, per_epoch=30) for number in range(8)]
    assert [len(portion) for portion in portions] == [12] * 8  # 3 % of 3 · 4,000, in 30 parts
    asked = torch.cat(portions)
    assert sorted(asked[:32].tolist()) == list(range(32))
    assert torch.equal(asked[32:64], asked[:32])
    assert len(memory.portion(0, num_train=10, per_epoch=20)) == 8  # never fewer
    assert len(memory.portion(0, num_train=10**6, per_epoch=20)) == 32  # nor more than there are


def test_a_portion_is_asked_alone(model, two_colours):
    memory = remember(model, two_colours.train)
    memory.answers = torch.cat([memory.answers[:8], memory.answers[8:] + 1])  # wrong from the ninth on
    assert memory.measure(model, index=torch.arange(8)) == 1.0
    assert memory.measure(model, index=torch.arange(4, 12)) == 0.5
    assert memory.measure(model, index=torch.arange(8, 32)) == 0.0
