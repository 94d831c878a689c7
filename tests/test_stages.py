import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.language.small_gpt import SmallGPT
from transferlab.stages import cut_points, find_heads, stage_parameters, stages
from transferlab.stages.classifier import declared_heads, is_norm, last_classifier
from transferlab.stages.tracing import trace
from transferlab.stages.units import count_weight_layers, find_units


def sequential() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(),  # 0 … 3
        nn.Conv2d(4, 6, 3), nn.PReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),  # 4 … 7
        nn.Dropout(), nn.Linear(6, 5),  # 8 and 9
    )  # fmt: skip


class OutOfOrder(nn.Module):
    """Registers its layers in another order than it runs them."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(4, 3)
        self.late = nn.Conv2d(4, 4, 3)
        self.early = nn.Conv2d(3, 4, 3)
        self.token = nn.Parameter(torch.zeros(1, 4, 1, 1))

    def forward(self, x):
        return self.classifier(self.late(self.early(x) + self.token).mean((2, 3)))


class ValueDependent(OutOfOrder):
    """Cannot be traced behind its first layer."""

    def forward(self, x):
        x = self.early(x) + self.token
        if float(x.sum()) > 1e9:
            x = x * 0
        return self.classifier(self.late(x).mean((2, 3)))


class Skip(nn.Module):
    """A connection around the second stage: two tensors cross between it and the third."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        a = self.conv1(x)
        b = self.conv2(a)
        return self.fc((self.conv3(b) + a).mean((2, 3)))


class SizeDependent(Skip):
    """The same, in a way that cannot be traced."""

    def forward(self, x):
        return super().forward(x * int(x.shape[2] > 0))


def test_a_residual_network_in_stages():
    found = stages(SmallResNet(5, width=8))
    assert found.names == ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")
    assert found[0].modules == ("conv1", "bn1", "relu", "maxpool")
    assert found[0].num_parameters == 3 * 8 * 49 + 2 * 8
    assert found.head.num_parameters == 64 * 5 + 5
    assert found[1].num_parameters == 4 * (8 * 8 * 9) + 4 * 16  # four convolutions and four norms
    # by hand: the stem is one layer; two blocks of two; then with a shortcut convolution, five a stage; the head
    assert [stage.depth for stage in found] == [1, 5, 10, 15, 20, 21]
    assert found.head.is_head
    assert not found[4].is_head


def test_a_plain_sequential():
    found = stages(sequential())
    assert found.names == ("0", "4", "9")
    # norms and pooling stay with the layer in front, dropout goes with the layer whose input it thins out
    assert [stage.modules for stage in found] == [("0", "1", "2"), ("3", "4", "5", "6", "7"), ("8", "9")]
    assert [stage.num_parameters for stage in found] == [3 * 4 * 9 + 4 + 8, 4 * 6 * 9 + 6 + 1, 6 * 5 + 5]


def test_the_order_is_that_of_the_run():
    found = stages(OutOfOrder())
    assert found.names == ("early", "late", "classifier")
    assert list(stage_parameters(OutOfOrder(), "early")) == ["token", "early.weight", "early.bias"]


def test_a_model_that_cannot_be_traced_keeps_its_registered_order():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.fc = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return self.fc(self.b(self.a(x * float(x.sum()))))

    assert stages(Model()).names == ("a", "b", "fc")


def test_a_telling_name_helps_where_tracing_does_not():
    assert find_heads(ValueDependent()) == ("classifier",)  # registered first


def test_stages_run_nothing_and_leave_nothing():
    class Counting(OutOfOrder):
        calls = 0

        def forward(self, x):
            self.last_input = x  # on the skeleton, not on the model
            return super().forward(x)

    model = Counting()
    model.early.register_forward_hook(lambda *_: pytest.fail("a forward pass was made"))
    before = {name: dict(module.__dict__) for name, module in model.named_modules()}
    random_state = torch.get_rng_state()
    stages(model)
    cut_points(model)
    assert torch.equal(torch.get_rng_state(), random_state)
    for name, module in model.named_modules():
        assert module.__dict__.keys() == before[name].keys()
        assert all(module.__dict__[key] is value for key, value in before[name].items())


def test_other_threads_may_run_the_model_meanwhile():
    # torch.fx.symbolic_trace would replace nn.Module.__call__ for everybody while it works
    model, call = OutOfOrder(), nn.Module.__call__
    seen = []

    class Watching(OutOfOrder):
        def forward(self, x):
            seen.append(nn.Module.__call__ is call)
            assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 3)
            return super().forward(x)

    stages(Watching())
    assert seen
    assert all(seen)


def test_a_shared_parameter_belongs_to_the_first_stage():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.fc = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.fc(self.b(self.a(x)))

    model = Tied()
    assert list(stage_parameters(model, "a")) == ["a.weight", "a.bias"]
    assert list(stage_parameters(model, "b")) == ["b.bias"]
    assert sum(stage.num_parameters for stage in stages(model)) == sum(p.numel() for p in model.parameters())


def test_a_wrapped_backbone_is_opened():
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = SmallResNet(7, width=8)
            self.backbone.fc = nn.Identity()
            self.fc = nn.Linear(64, 5)

        def forward(self, x):
            return self.fc(self.backbone(x))

    names = stages(Wrapped()).names
    assert names == (*(f"backbone.{name}" for name in ("conv1", "layer1", "layer2", "layer3", "layer4")), "fc")


def test_the_only_block_of_a_network_counts_whole():
    """However much of the network it is; a backbone that stands in a list is opened all the same."""
    assert stages(SmallGPT(50, dim=8, blocks=1, heads=2, hidden=16)).names == ("embedding", "blocks.0", "head")
    assert stages(SmallGPT(50, dim=8, blocks=2, heads=2, hidden=16)).names[1:-1] == ("blocks.0", "blocks.1")

    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList([SmallResNet(7, width=8)])
            self.parts[0].fc = nn.Identity()
            self.fc = nn.Linear(64, 5)

        def forward(self, x):
            return self.fc(self.parts[0](x))

    assert stages(Listed()).names[:2] == ("parts.0.conv1", "parts.0.layer1")


def test_interleaved_lists_are_split_and_the_others_stay_whole():
    class Interleaved(nn.Module):
        def __init__(self):
            super().__init__()
            self.embeds = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
            self.mixes = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
            self.last = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
            self.fc = nn.Linear(4, 2)

        def forward(self, x):
            for embed, mix in zip(self.embeds, self.mixes, strict=True):
                x = mix(embed(x))
            for layer in self.last:
                x = layer(x)
            return self.fc(x)

    assert stages(Interleaved()).names == ("embeds.0", "mixes.0", "embeds.1", "mixes.1", "last", "fc")


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("alexnet", ["features.0", "features.3", "classifier.1", "classifier.4", "classifier.6"]),
        ("vit_b_32", ["conv_proj", "encoder.layers.encoder_layer_3", "heads.head"]),
        ("squeezenet1_1", ["features.0", "features.12", "classifier.1"]),
        ("densenet121", ["features.conv0", "features.denseblock2", "features.transition3", "classifier"]),
    ],
)
def test_names_in_torchvision(name, some):
    import torchvision

    with torch.device("meta"):
        names = stages(torchvision.models.get_model(name, weights=None)).names
    assert [one for one in names if one in some] == some


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("vit_tiny_patch16_224", ("patch_embed", "blocks.0"), ("blocks.11", "head")),
        ("deit_tiny_distilled_patch16_224", ("patch_embed", "blocks.0"), ("blocks.11", "head")),
        ("efficientnet_b0", ("conv_stem", "blocks.0"), ("conv_head", "classifier")),
        ("convnext_atto", ("stem", "stages.0"), ("stages.3", "head.fc")),
        ("resnet26d", ("conv1", "layer1"), ("layer4", "fc")),
        ("twins_svt_small", ("patch_embeds.0", "blocks.0.0"), ("blocks.3.1", "head")),
    ],
)
def test_names_in_timm(name, first, last):
    import timm

    with torch.device("meta"):
        names = stages(timm.create_model(name)).names
    assert names[:2] == first
    assert names[-2:] == last


def test_tokens_belong_to_the_stem_and_the_last_norm_to_the_backbone():
    import timm

    with torch.device("meta"):
        model = timm.create_model("deit_tiny_distilled_patch16_224")
    found = stages(model)
    assert {"cls_token", "dist_token", "pos_embed"} <= set(stage_parameters(model, 0))
    assert "norm.weight" in stage_parameters(model, -2)
    assert set(stage_parameters(model, "head")) == {"head.weight", "head.bias", "head_dist.weight", "head_dist.bias"}
    assert find_heads(model) == ("head", "head_dist")
    assert found.head.is_head


def test_auxiliary_classifiers_belong_to_the_head():
    import torchvision

    model = torchvision.models.googlenet(weights=None, init_weights=False)
    assert {"aux1", "aux2", "fc"} <= set(stages(model).head.modules)


def test_a_stage_is_found_by_name_and_by_number():
    found = stages(SmallResNet(5, width=8))
    assert found.index("layer3") == found.index(3) == found.index(-3) == found.index(found[3]) == 3


def test_a_misspelt_stage():
    with pytest.raises(ValueError, match="layre4") as error:
        stages(SmallResNet(5, width=8)).index("layre4")
    assert str(error.value) == (
        "No stage 'layre4'. This model's stages are: conv1, layer1, layer2, layer3, layer4, fc. Did you mean 'layer4'?"
    )


@pytest.mark.parametrize("stage", [6, -7, 100])
def test_a_number_out_of_range(stage):
    with pytest.raises(ValueError, match=f"No stage number {stage}. This model's stages are: 0 conv1, 1 layer1"):
        stages(SmallResNet(5, width=8)).index(stage)


@pytest.mark.parametrize("stage", [True, 1.5, None])
def test_neither_a_name_nor_a_number(stage):
    with pytest.raises(ValueError, match="A stage is given by name, such as 'fc', or by number; you gave"):
        stages(SmallResNet(5, width=8)).index(stage)


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()),  # ends in a 3×3 convolution
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)),  # a norm behind the last layer
        nn.Sequential(nn.ReLU(), nn.Flatten()),  # nothing that learns
        nn.Sequential(*(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4)) for _ in range(3))),  # blocks
    ],
    ids=["convolution", "norm", "nothing", "repeated blocks"],
)
def test_a_model_without_a_classifier(model):
    with pytest.raises(ValueError, match="This Sequential has no classifier: the last layer with weights should be"):
        stages(model)


def test_the_features_of_a_network_have_no_classifier():
    import torchvision

    model = torchvision.models.resnet50(weights=None)
    model.fc = nn.Identity()  # ends in a 1×1 convolution, but inside a repeated block
    with pytest.raises(ValueError, match="This ResNet has no classifier"):
        stages(model)


def test_parametrised_layers():
    norm = nn.utils.parametrizations.weight_norm
    model = nn.Sequential(norm(nn.Conv2d(3, 4, 3)), nn.ReLU(), nn.Flatten(), norm(nn.Linear(4, 2)))
    found = stages(model)
    assert found.names == ("0", "3")
    assert sum(stage.num_parameters for stage in found) == sum(p.numel() for p in model.parameters())


def test_a_layer_without_a_size_and_a_lone_layer():
    with pytest.raises(ValueError, match=r"'1\.weight' has no size yet: run one batch"):
        stages(nn.Sequential(nn.Flatten(), nn.LazyLinear(3)))
    with pytest.raises(ValueError, match=r"A lone Linear has no parts to be stages\. Type nn\.Sequential\(model\)"):
        stages(nn.Linear(2, 2))


def test_something_else_than_a_module():
    with pytest.raises(ValueError, match=r"describes an nn\.Module; you gave 'resnet18'"):
        stages("resnet18")


def test_finding_the_classifier_by_hand():
    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)))
    assert last_classifier(model, "1") == "1.2"
    assert declared_heads(model) == ()
    assert find_heads(model) == ("1.2",)


def test_counting_layers_by_hand():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Sequential(nn.Linear(2, 2), nn.PReLU()))
    assert count_weight_layers(model) == {"": 2, "0": 1, "1": 0, "2": 1, "2.0": 1, "2.1": 0}
    assert is_norm(model[1])
    assert not is_norm(model[0])


def test_the_table_of_a_model():
    text = str(stages(SmallResNet(5, width=8)))
    assert text.splitlines()[0].split() == ["stage", "parameters", "depth"]
    assert text.splitlines()[-1].split() == ["5", "fc", "325", "21"]


def test_only_the_pieces_are_followed_not_every_layer():
    # A time would depend on the machine (3 ms for a ResNet-50); what takes the time is how much is traced.
    import torchvision

    with torch.device("meta"):
        model = torchvision.models.resnet50(weights=None)
    anatomy = find_units(model, ["fc"])
    traced = trace(model, [unit.name for unit in anatomy.units], anatomy.opened)
    assert traced.complete
    assert " ".join(traced.order) == "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool fc"
