import copy
import io

import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import StaysInEval, freeze, freeze_report, freeze_to, unfreeze
from transferlab.heads import replace_head
from transferlab.stages import stages

NAMES = ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")


def network() -> nn.Sequential:
    """Every sort of layer that does something else in train mode, twice."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5),
        nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(4, 3),
    )  # fmt: skip


def images(number: int = 8) -> torch.Tensor:
    return torch.randn(number, 3, 16, 16) * 3 + 5  # far from what BatchNorm starts with


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(5, width=8)


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def train_a_little(model: nn.Module, x: torch.Tensor) -> None:
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1, momentum=0.9)
    for _ in range(3):
        model.train()
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize(
    ("call", "frozen"),
    [
        (lambda m: freeze(m), NAMES[:5]),
        (lambda m: freeze(m, "conv1", "layer2"), ("conv1", "layer2")),
        (lambda m: freeze(m, 0, -1), ("conv1", "fc")),
        (lambda m: freeze_to(m, "layer3"), NAMES[:3]),
        (lambda m: freeze_to(m, 3), NAMES[:3]),
        (lambda m: freeze_to(m, -2), NAMES[:4]),
        (lambda m: freeze_to(m, 0), ()),
    ],
)
def test_what_is_frozen(model, call, frozen):
    report = call(model)
    assert report.frozen == frozen
    assert report.trainable == tuple(name for name in NAMES if name not in frozen)
    assert report.changed == frozen
    sizes = {stage.name: stage.num_parameters for stage in stages(model)}
    assert report.trainable_parameters == sum(sizes[name] for name in report.trainable)
    assert report.total_parameters == sum(sizes.values())
    for stage in stages(model):
        parameters = [model.get_parameter(name) for name in stage.parameters]
        assert {p.requires_grad for p in parameters} == {stage.name not in frozen}


def test_frozen_means_bit_equal_and_trainable_means_moved():
    model = network()
    freeze_to(model, "4")
    before = state(model)
    train_a_little(model, images())
    moved = {name.split(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"4", "5", "10"}  # with BatchNorm's statistics on both sides


def test_requires_grad_alone_would_not_have_done_it():
    # The trap that this module is for, so that the test above is known to be able to fail.
    model = network()
    model[0].requires_grad_(False)
    model[1].requires_grad_(False)
    before = state(model)
    train_a_little(model, images())
    assert not torch.equal(model[1].running_mean, before["1.running_mean"])


def test_dropout_is_off_in_the_frozen_part_and_on_behind_it():
    model = network()
    freeze_to(model, "10")
    model.train()
    assert [m.training for m in (model[1], model[3], model[5])] == [False] * 3
    assert model[9].training  # the dropout in front of the head belongs to the head
    features = model[:9]
    x = images()
    assert torch.equal(features(x), features(x))


@pytest.mark.parametrize("wake", [
    lambda m: m.train(),
    lambda m: [part.train() for part in m.modules()],
    lambda m: [m.eval(), m.train()],
    lambda m: m.layer1.train(),
    lambda m: [part.train() for part in m.modules() if isinstance(part, nn.BatchNorm2d)],
], ids=["train", "every module", "eval, train", "the stage", "every BatchNorm"])  # fmt: skip
def test_nothing_wakes_what_is_frozen_not_even_before_the_first_batch(model, wake):
    freeze_to(model, "layer4")
    wake(model)
    assert not any(part.training for part in model.layer1.modules())
    assert not model.bn1.training


def test_the_trainable_part_follows_the_model(model):
    freeze_to(model, "layer4")
    assert model.train().layer4[0].bn1.training
    assert not model.eval().layer4[0].bn1.training


def test_freezing_in_the_middle_of_training(model):
    model.train()
    freeze(model)
    assert not model.bn1.training  # at once
    assert model.training
    assert model.fc.training


def test_it_survives_copies_pickles_and_state_dicts(model):
    freeze_to(model, "layer4")
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=False)
    copied = copy.deepcopy(copy.deepcopy(model))
    model.load_state_dict(copied.state_dict())
    for other in (loaded, copied, model):
        assert freeze_report(other).frozen == NAMES[:4]
        before = state(other)
        train_a_little(other, torch.randn(4, 3, 32, 32) + 2)
        now = other.state_dict()
        same = {name.split(".")[0] for name in now if torch.equal(now[name], before[name])}
        assert same == {"conv1", "bn1", "layer1", "layer2", "layer3"}


def test_a_copy_is_its_own(model):
    freeze_to(model, "layer4")
    copied = copy.deepcopy(model)
    unfreeze(copied)
    model.train()
    copied.train()
    assert not model.layer1[0].bn1.training
    assert copied.layer1[0].bn1.training
    del model
    copied.train()


def test_no_trace_in_the_state_dict_or_the_class(model):
    keys = list(model.state_dict())
    freeze(model)
    assert list(model.state_dict()) == keys
    assert type(model) is SmallResNet
    assert type(model.layer1) is nn.Sequential
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_unfreeze_leaves_nothing_behind(model):
    before = {name: set(part.__dict__) for name, part in model.named_modules()}
    for _ in range(3):
        freeze(model)
        freeze_to(model, "layer2", bn="train")
        freeze(model, bn="recalibrate")
    report = unfreeze(model)
    assert report.frozen == ()
    assert report.changed == NAMES[:5]
    assert {name: set(part.__dict__) for name, part in model.named_modules()} == before
    assert all(part.training for part in model.train().modules())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_unfreezing_takes_the_models_own_mode(model):
    freeze(model)
    model.train()
    unfreeze(model, "layer1")
    assert model.layer1[0].bn1.training
    model.eval()
    unfreeze(model, "layer2")
    assert not model.layer2[0].bn1.training


def test_a_frozen_module_is_in_no_reference_cycle():
    import gc
    import weakref

    model = network()
    freeze(model)
    gc.disable()
    try:
        remains = weakref.ref(model)
        del model
        assert remains() is None
    finally:
        gc.enable()


def test_the_head_that_comes_later_is_trainable(model):
    freeze(model)
    replace_head(model, 3)
    report = freeze_report(model)
    assert report.trainable == ("fc",)
    assert report.trainable_parameters == 64 * 3 + 3


def test_a_new_head_in_place_of_a_frozen_one():
    model = network()
    freeze(model, *stages(model).names)
    assert not model.train()[9].training
    replace_head(model, 2)
    assert freeze_report(model).trainable == ("10",)
    assert model[9].training  # the dropout of the head
    assert model.eval().train()[9].training
    assert not model[3].training


def test_stale_gradients_and_momentum_do_not_move_what_was_frozen():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    model(images()).sum().backward()
    optimizer.step()
    freeze(model)  # the optimizer is not told, and gradients are not zeroed
    before = state(model)
    optimizer.step()
    assert torch.equal(model[0].weight, before["0.weight"])
    assert torch.equal(model[1].weight, before["1.weight"])


def test_freezing_by_hand_is_seen_and_undone(model):
    for parameter in model.layer1.parameters():
        parameter.requires_grad_(False)
    assert freeze_report(model).frozen == ("layer1",)
    assert unfreeze(model).changed == ("layer1",)


def test_bn_train_is_what_fastai_does():
    model = network()
    report = freeze_to(model, "10", bn="train")
    assert report.bn == "train"
    assert report.frozen == ("0", "4")
    # the two norms (weight and bias of 4 channels) and the head (4 × 3 + 3)
    assert report.trainable_parameters == 2 * 8 + 15
    before = state(model)
    train_a_little(model, images())
    now = model.state_dict()
    same = {name for name in now if torch.equal(now[name], before[name])}
    assert same == {"0.weight", "0.bias", "4.weight", "4.bias"}
    model.train()
    assert model[1].training
    assert not model[3].training  # dropout stays off
    assert not model.eval()[1].training


def test_another_bn_takes_the_place_of_the_first():
    model = network()
    freeze(model, bn="train")
    freeze(model, bn="frozen")
    assert not model.train()[1].training
    assert not model[1].weight.requires_grad
    freeze(model, bn="train")
    assert freeze_report(model).bn == "train"
    unfreeze(model, "4", bn="frozen")
    assert not model.train()[1].training
    assert model[5].training


def test_unfreezing_without_bn_leaves_the_others_as_they_are():
    model = network()
    freeze(model, bn="train")
    unfreeze(model, "4")
    assert model.train()[1].training
    assert model[1].weight.requires_grad


def test_a_line_past_the_head(model):
    with pytest.raises(ValueError, match=r"freeze_to\(6\) lies past the head .* The last line is freeze_to\(5\)"):
        freeze_to(model, 6)


@pytest.mark.parametrize("call", [freeze, freeze_to, unfreeze])
@pytest.mark.parametrize(
    ("stage", "message"),
    [("layre4", "No stage 'layre4'.*Did you mean 'layer4'"), (7, "No stage number 7"), (-7, "No stage number -7")],
)
def test_a_stage_that_is_not_there(model, call, stage, message):
    before = [p.requires_grad for p in model.parameters()]
    with pytest.raises(ValueError, match=message):
        call(model, stage)
    assert [p.requires_grad for p in model.parameters()] == before


def test_a_bn_that_is_not_there(model):
    with pytest.raises(ValueError, match=r"No bn 'forzen'.*frozen, recalibrate, train.*Did you mean 'frozen'"):
        freeze(model, bn="forzen")
    assert freeze_report(model).frozen == ()


def test_a_model_without_a_classifier_and_one_without_anything_else():
    with pytest.raises(ValueError, match="has no classifier"):
        freeze(nn.Sequential(nn.Conv2d(3, 4, 3)))
    with pytest.raises(ValueError, match="nothing to freeze in front of the head"):
        freeze(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)))


def test_caches_of_models_that_clear_them_in_train():
    # LeViT keeps its attention biases while it evaluates, and throws them away in its own train().
    import timm

    model = timm.create_model("levit_128s", img_size=64, num_classes=3)
    freeze(model)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        model.eval()(x)
    unfreeze(model)
    model.train()(x).sum().backward()
    assert model.get_parameter("stages.0.blocks.0.attn.attention_biases").grad is not None


def test_the_report_reads_well(model):
    text = str(freeze_to(model, "layer4"))
    lines = text.splitlines()
    assert lines[1].split() == ["conv1", "1,192", "frozen", "(was", "trainable)"]
    assert lines[5].split()[-1] == "trainable"
    assert lines[-1].startswith("trainable: ")
    assert "BatchNorm layers of frozen stages: statistics stand still" in lines[-1]


def test_the_stand_in_is_one_small_object_a_module(model):
    freeze_to(model, "layer1")
    assert isinstance(model.conv1.__dict__["train"], StaysInEval)
    assert "train" not in model.layer1.__dict__
    assert "train" not in model.__dict__
