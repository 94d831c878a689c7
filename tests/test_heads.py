import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze
from transferlab.heads import CosineHead, head_of, heads_of, replace_head
from transferlab.stages import stages


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallResNet(10, width=8)


@pytest.mark.parametrize(("kind", "parameters"), [
    ("linear", 64 * 5 + 5),
    ("mlp", 64 * 512 + 512 + 512 * 5 + 5),
    ("cosine", 64 * 5 + 1),
])  # fmt: skip
def test_the_kinds_of_head(model, kind, parameters):
    report = replace_head(model, 5, head=kind)
    assert (report.name, report.in_features, report.num_classes, report.kind) == ("fc", 64, 5, kind)
    assert report.num_parameters == stages(model).head.num_parameters == parameters
    assert report.previous_num_classes == 10
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 5)
    assert model.num_classes == 5
    assert head_of(model) == ("fc", model.fc)  # found again, whole


@pytest.mark.parametrize("kind", ["mlp", "cosine", "linear"])
def test_freezing_everything_but_the_head_leaves_the_whole_new_head(model, kind):
    replace_head(model, 5, head=kind)
    freeze(model)
    assert all(parameter.requires_grad for parameter in model.fc.parameters())
    replace_head(model, 7)  # and again
    assert type(model.fc) is nn.Linear
    assert stages(model).names == ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")


def test_only_the_head_changes(model):
    before = copy.deepcopy(model.state_dict())
    replace_head(model, 5)
    after = model.state_dict()
    assert {name for name in after if name not in before or not torch.equal(after[name], before[name])} == {
        "fc.weight", "fc.bias",
    }  # fmt: skip


def test_a_head_of_ones_own(model):
    own = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 5))
    report = replace_head(model, 5, head=own)
    assert model.fc is own
    assert (report.in_features, report.kind) == (64, "Sequential")
    freeze(model)
    assert all(parameter.requires_grad for parameter in own.parameters())
    assert own.train()[0].training
    assert copy.deepcopy(model).fc[1].weight.requires_grad
    assert head_of(copy.deepcopy(model))[0] == "fc"


def test_cosine_by_hand():
    head = CosineHead(2, 2)
    head.weight.data = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    head.scale.data = torch.tensor(10.0)
    # the feature (2, 0): cosine 3/5 with the first class, 0 with the second; twice as long changes nothing
    assert torch.allclose(head(torch.tensor([[2.0, 0.0], [4.0, 0.0]])), torch.tensor([[6.0, 0.0], [6.0, 0.0]]))
    map_head = CosineHead(2, 2, convolution=True)
    map_head.weight.data = head.weight.data[:, :, None, None]
    map_head.scale.data = head.scale.data
    assert torch.allclose(map_head(torch.tensor([2.0, 0.0]).view(1, 2, 1, 1)).flatten(), torch.tensor([6.0, 0.0]))


def test_cosine_against_torchs_own():
    head, x = CosineHead(8, 3), torch.randn(4, 8)
    oracle = F.cosine_similarity(x[:, None], head.weight[None], dim=-1) * head.scale
    assert torch.allclose(head(x), oracle, atol=1e-5)


def test_a_seed_gives_the_same_head_and_leaves_torchs_numbers_alone(model):
    for kind in ("linear", "mlp", "cosine"):
        state = torch.get_rng_state()
        replace_head(model, 5, head=kind, seed=3)
        first = copy.deepcopy(model.fc.state_dict())
        replace_head(model, 5, head=kind, seed=3)
        assert all(torch.equal(value, first[name]) for name, value in model.fc.state_dict().items())
        replace_head(model, 5, head=kind, seed=4)
        assert any(not torch.equal(value, first[name]) for name, value in model.fc.state_dict().items())
        assert torch.equal(torch.get_rng_state(), state)


def test_precision_and_mode_follow_the_model(model):
    model.double().eval()
    replace_head(model, 5, head="mlp")
    assert model.fc[0].weight.dtype == torch.float64
    assert not model.fc.training
    model.train()
    replace_head(model, 5)
    assert model.fc.training


@pytest.mark.parametrize("kind", ["linear", "mlp", "cosine"])
@pytest.mark.parametrize(
    ("name", "settings", "size", "names"),
    [
        ("deit_tiny_distilled_patch16_224", {"img_size": 32}, 32, ["head", "head_dist"]),
        ("convnext_atto", {}, 32, ["head.fc"]),  # a norm in front, in the same module
        ("crossvit_tiny_240", {"img_size": 240}, 240, ["head.0", "head.1"]),
        ("levit_128s", {"img_size": 64}, 64, ["head.linear", "head_dist.linear"]),
        ("dla46_c", {}, 32, ["fc"]),  # a 1×1 convolution
        ("repvit_m1", {}, 32, ["head.head.l", "head.head_dist.l"]),
        ("caformer_s18", {}, 32, ["head.fc.fc2"]),
    ],
)
def test_heads_of_timm(name, settings, size, names, kind):
    import timm

    model = timm.create_model(name, **settings)
    assert list(heads_of(model)) == names
    report = replace_head(model, 5, head=kind)
    assert report.names == tuple(names)
    assert model.num_classes == 5
    assert list(heads_of(model)) == names
    for mode in (False, True):
        model.train(mode)
        assert model(torch.randn(2, 3, size, size)).shape == (2, 5)


@pytest.mark.parametrize("kind", ["linear", "mlp", "cosine"])
@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg11", "mobilenet_v3_small"])
def test_heads_of_torchvision(name, kind):
    import torchvision

    model = torchvision.models.get_model(name, weights=None)
    replace_head(model, 5, head=kind)
    assert model(torch.randn(2, 3, 64, 64)).shape == (2, 5)


def test_auxiliary_heads_go():
    import torchvision

    model = torchvision.models.googlenet(weights=None, init_weights=False)
    report = replace_head(model, 5)
    assert report.removed == ("aux1", "aux2")
    assert "Removed the auxiliary aux1, aux2" in str(report)
    assert model.train()(torch.randn(2, 3, 64, 64)).shape == (2, 5)  # a tensor, not a tuple of three


def test_a_timm_model_without_classes_gets_them():
    import timm

    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=32)
    with pytest.raises(ValueError, match=r"has no classifier: .* Type replace_head\(model, num_classes\)"):
        head_of(model)
    report = replace_head(model, 5, head="mlp", seed=0)
    assert (report.in_features, report.previous_num_classes) == (192, None)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 5)


@pytest.mark.parametrize("num_classes", [1, 0, -3])
def test_too_few_classes(model, num_classes):
    with pytest.raises(ValueError, match=f"at least 2 classes apart; you gave num_classes={num_classes}"):
        replace_head(model, num_classes)
    assert model.fc.out_features == 10


@pytest.mark.parametrize("num_classes", [2.0, "2", None, True])
def test_no_number_of_classes(model, num_classes):
    with pytest.raises(ValueError, match="num_classes is a whole number, 2 or more; you gave"):
        replace_head(model, num_classes)


def test_a_kind_that_is_not_there(model):
    with pytest.raises(ValueError, match=r"No head 'liner'.*linear, mlp, cosine.*Did you mean 'linear'"):
        replace_head(model, 5, head="liner")


def test_a_head_with_other_classes(model):
    with pytest.raises(ValueError, match="Your head gives 7 outputs, and num_classes is 5"):
        replace_head(model, 5, head=nn.Linear(64, 7))
    assert model.fc.out_features == 10


def test_one_module_for_two_heads():
    import timm

    model = timm.create_model("deit_tiny_distilled_patch16_224", img_size=32)
    with pytest.raises(ValueError, match=r"This model has 2 classifiers \(head, head_dist\)"):
        replace_head(model, 5, head=nn.Linear(192, 5))


def test_a_model_without_a_classifier():
    with pytest.raises(ValueError, match="This Sequential has no classifier"):
        replace_head(nn.Sequential(nn.Conv2d(3, 4, 3)), 5)


def test_the_report_reads_well(model):
    assert str(replace_head(model, 5)) == (
        "'fc' is now a linear head: 64 features → 5 classes, 325 parameters (was 10 classes)."
    )
