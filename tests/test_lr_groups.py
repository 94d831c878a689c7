import math

import pytest
import torch
from torch import nn
from torch.optim import SGD, AdamW

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze, freeze_to, unfreeze
from transferlab.lr_groups import lr_groups, stage_rates, update_groups
from transferlab.stages import stages


def tiny() -> nn.Sequential:
    """Three stages: '0', '2' and the head '5'."""
    return nn.Sequential(
        nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Dropout(0.0), nn.Linear(4, 2)
    )


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(5, width=8)


def rates(groups) -> dict[str, float]:
    return {group["stage"]: group["lr"] for group in groups}


def step(model, optimizer, x):
    optimizer.zero_grad()
    model(x).square().sum().backward()
    optimizer.step()


def test_one_rate_for_all_and_one_for_the_head():
    assert rates(lr_groups(tiny())) == {"0": 1e-3, "2": 1e-3, "5": 1e-3}
    assert rates(lr_groups(tiny(), head_lr=0.1)) == {"0": 0.1, "2": 0.1, "5": 0.1}
    assert rates(lr_groups(tiny(), head_lr=0.1, backbone_lr=0.01)) == {"0": 0.01, "2": 0.01, "5": 0.1}
    assert rates(lr_groups(tiny(), lr=0.5)) == {"0": 0.5, "2": 0.5, "5": 0.5}


def test_layer_decay_by_hand():
    # two stages below the head, one below, the head itself
    assert rates(lr_groups(tiny(), head_lr=0.8, layer_decay=0.5)) == {"0": 0.2, "2": 0.4, "5": 0.8}


def test_a_slice_by_hand():
    # the geometric mean of 1e-4 and 1e-2 is 1e-3
    assert rates(lr_groups(tiny(), lr=slice(1e-4, 1e-2))) == pytest.approx({"0": 1e-4, "2": 1e-3, "5": 1e-2})
    # fastai: all but the last group get a tenth
    assert rates(lr_groups(tiny(), lr=slice(1e-2))) == pytest.approx({"0": 1e-3, "2": 1e-3, "5": 1e-2})


def test_a_slice_for_the_backbone_leaves_the_head_alone():
    given = {"head_lr": 1e-2, "backbone_lr": slice(1e-5, 1e-3)}
    assert rates(lr_groups(tiny(), **given)) == pytest.approx({"0": 1e-5, "2": 1e-3, "5": 1e-2})


def test_the_groups_of_a_tiny_net():
    groups = lr_groups(tiny(), head_lr=1e-2, weight_decay=0.05)
    shapes = [(g["name"], g["weight_decay"], [tuple(p.shape) for p in g["params"]]) for g in groups]
    assert shapes == [
        ("0", 0.05, [(4, 3)]),
        ("0 (no decay)", 0.0, [(4,), (4,), (4,)]),  # the bias, the norm's weight and bias
        ("2", 0.05, [(4, 4)]),
        ("5", 0.05, [(2, 4)]),
        ("5 (no decay)", 0.0, [(2,)]),
    ]


def test_the_rate_is_real():
    # timm#2532: a scale that only a scheduler knows does nothing. Here one plain SGD step moves by lr × gradient.
    model = tiny()
    optimizer = SGD(lr_groups(model, head_lr=0.8, layer_decay=0.5, weight_decay=0.0))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    step(model, optimizer, torch.randn(5, 3))
    for name, lr in (("0.weight", 0.2), ("2.weight", 0.4), ("5.weight", 0.8)):
        parameter = model.get_parameter(name)
        assert torch.allclose(parameter, before[name] - lr * parameter.grad)


def test_frozen_parameters_are_left_out_and_rates_stay(model):
    everything = rates(lr_groups(model, lr=slice(1e-5, 1e-3)))
    freeze_to(model, "layer4")
    groups = lr_groups(model, lr=slice(1e-5, 1e-3))
    assert rates(groups) == {name: everything[name] for name in ("layer4", "fc")}
    in_groups = {id(p) for group in groups for p in group["params"]}
    assert in_groups == {id(p) for p in model.parameters() if p.requires_grad}


def test_every_parameter_is_in_one_group(model):
    ids = [id(p) for group in lr_groups(model) for p in group["params"]]
    assert len(ids) == len(set(ids)) == len(list(model.parameters()))
    decayed = {id(p) for group in lr_groups(model) if group["weight_decay"] for p in group["params"]}
    assert decayed == {id(m.weight) for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)}


def test_what_a_timm_model_exempts_from_decay():
    import timm

    model = timm.create_model("vit_tiny_patch16_224", img_size=32)
    spared = {id(p) for group in lr_groups(model) if not group["weight_decay"] for p in group["params"]}
    assert {id(model.pos_embed), id(model.cls_token)} <= spared
    assert id(model.blocks[0].attn.qkv.weight) not in spared


def test_the_rates_of_fastais_oracle(model):
    # fastai's even_mults, written out: start × (stop / start)^(i / (n - 1))
    expected = [1e-6 * (1e-2 / 1e-6) ** (i / 5) for i in range(6)]
    assert stage_rates(stages(model), lr=slice(1e-6, 1e-2)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": 1e-3, "head_lr": 1e-3}, "lr sets every stage's rate, so head_lr contradict"),
        ({"lr": slice(1e-5, 1e-3), "backbone_lr": 1e-4, "layer_decay": 0.5}, "backbone_lr and layer_decay contradict"),
        ({"backbone_lr": 1e-4, "layer_decay": 0.5}, "give one of them"),
        ({"backbone_lr": slice(1e-4)}, r"backbone_lr=slice\(at the stem"),
        ({"backbone_lr": slice(0, 1e-4)}, "the backbone slice's first rate must be above 0"),
        ({"lr": slice(1e-5, 1e-3, 2)}, r"lr=slice\(lowest, highest\)"),
        ({"lr": slice(1e-5, None)}, r"lr=slice\(lowest, highest\)"),
        ({"lr": slice(0, 1e-3)}, "the slice's lowest rate must be above 0"),
        ({"lr": slice(1e-5, math.nan)}, "the slice's highest rate must be above 0"),
        ({"head_lr": 0.0}, "head_lr must be above 0"),
        ({"head_lr": -1e-3}, "head_lr must be above 0"),
        ({"head_lr": 1e9}, "head_lr must be above 0 and at most 100"),
        ({"backbone_lr": math.nan}, "backbone_lr must be above 0"),
        ({"head_lr": "1e-3"}, "head_lr must be a number"),
        ({"lr": math.inf}, "lr must be above 0"),
        ({"layer_decay": 0.0}, "layer_decay lies above 0 and at most 1"),
        ({"layer_decay": 1.5}, "layer_decay lies above 0 and at most 1"),
        ({"layer_decay": "0.5"}, "layer_decay lies above 0"),
        ({"weight_decay": -0.1}, "weight_decay is 0 or a small positive number"),
        ({"weight_decay": math.nan}, "weight_decay is 0 or"),
        ({"weight_decay": None}, "weight_decay is 0 or"),
    ],
)
def test_bad_rates(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        lr_groups(model, **arguments)
    optimizer = SGD(lr_groups(model))
    before = [dict(group) for group in optimizer.param_groups]
    with pytest.raises(ValueError, match=message):
        update_groups(optimizer, model, **arguments)
    assert [{**g, "params": None} for g in optimizer.param_groups] == [{**g, "params": None} for g in before]


def test_everything_frozen(model):
    freeze(model, *stages(model).names)
    with pytest.raises(ValueError, match=r"Everything is frozen: .* Type unfreeze\(model\)"):
        lr_groups(model)


def test_adam_keeps_its_memory_while_the_line_moves():
    torch.manual_seed(0)
    model, x = tiny(), torch.randn(5, 3)
    freeze(model)
    optimizer = AdamW(lr_groups(model, head_lr=1e-2), betas=(0.8, 0.95))
    step(model, optimizer, x)
    step(model, optimizer, x)
    head = model[5].weight
    average, count = optimizer.state[head]["exp_avg"].clone(), int(optimizer.state[head]["step"])
    assert count == 2

    freeze_to(model, "2")
    report = update_groups(optimizer, model, head_lr=1e-2, backbone_lr=1e-3)
    assert torch.equal(optimizer.state[head]["exp_avg"], average)
    assert int(optimizer.state[head]["step"]) == 2
    assert rates(optimizer.param_groups) == {"2": 1e-3, "5": 1e-2}
    assert {group["betas"] for group in optimizer.param_groups} == {(0.8, 0.95)}  # the newcomers' too
    assert (report.added, report.kept, report.dropped, report.added_stages) == (1, 2, 0, ("2",))

    step(model, optimizer, x)
    assert int(optimizer.state[head]["step"]) == 3
    assert int(optimizer.state[model[2].weight]["step"]) == 1
    assert model[0].weight not in optimizer.state


def test_moving_the_line_changes_nothing_for_what_stays():
    # The oracle: the same network whose optimizer knew both stages from the start and only stepped the head at first.
    torch.manual_seed(0)
    model, x = tiny(), torch.randn(5, 3)
    oracle = tiny()
    oracle.load_state_dict(model.state_dict())
    freeze(model)
    optimizer = SGD(lr_groups(model, lr=0.01, weight_decay=0.0), momentum=0.9)
    other = SGD(oracle.parameters(), lr=0.01, momentum=0.9)
    for line in (2, 1, 0):
        freeze_to(model, line)
        update_groups(optimizer, model, lr=0.01, weight_decay=0.0)
        step(model, optimizer, x)
        other.zero_grad()
        oracle(x).square().sum().backward()
        for name, parameter in oracle.named_parameters():
            if not model.get_parameter(name).requires_grad:
                parameter.grad = None
        other.step()
    for name, parameter in oracle.named_parameters():
        assert torch.equal(parameter, model.get_parameter(name)), name


def test_what_is_frozen_again_goes_with_its_state():
    model, x = tiny(), torch.randn(5, 3)
    optimizer = AdamW(lr_groups(model))
    step(model, optimizer, x)
    freeze(model)
    report = update_groups(optimizer, model)
    assert report.dropped == 5  # two weights, one bias, the norm's two
    assert set(optimizer.state) == {model[5].weight, model[5].bias}
    before = model[0].weight.clone()
    step(model, optimizer, x)
    assert torch.equal(model[0].weight, before)


def test_new_rates_for_all():
    model = tiny()
    optimizer = AdamW(lr_groups(model, head_lr=1e-2))
    report = update_groups(optimizer, model, head_lr=1e-3, layer_decay=0.1, weight_decay=0.2)
    assert report.rates == pytest.approx({"0": 1e-5, "2": 1e-4, "5": 1e-3})
    assert (report.added, report.kept, report.dropped) == (0, 7, 0)
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.0, 0.2}


def test_a_new_head_enters_and_the_old_one_leaves(model):
    from transferlab.heads import replace_head

    freeze(model)
    optimizer = AdamW(lr_groups(model))
    step(model, optimizer, torch.randn(2, 3, 32, 32))
    old = model.fc.weight
    replace_head(model, 3)
    report = update_groups(optimizer, model)
    assert (report.added, report.kept, report.dropped) == (2, 0, 2)
    assert old not in optimizer.state


def test_nothing_changes_when_asked_only_to_group(model):
    freeze_to(model, "layer3")
    before = [p.requires_grad for p in model.parameters()]
    lr_groups(model)
    assert [p.requires_grad for p in model.parameters()] == before
    unfreeze(model)


def test_the_report_reads_well(model):
    freeze(model)
    optimizer = AdamW(lr_groups(model))
    freeze_to(model, "layer4")
    text = str(update_groups(optimizer, model, head_lr=1e-3, backbone_lr=1e-4))
    assert text.splitlines() == [
        "stage   learning rate",
        "layer4          1e-04",
        "fc              1e-03",
        "15 parameter tensors added, 2 kept with state, 0 dropped",
    ]
