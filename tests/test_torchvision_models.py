import pytest
import torch
import torchvision
from torchvision.models import (
    DenseNet121_Weights,
    GoogLeNet_Weights,
    ShuffleNet_V2_X0_5_Weights,
    SqueezeNet1_1_Weights,
)

from tests.backbone_files import randomised, same_tensors, write_torch_checkpoint
from transferlab.backbones import load
from transferlab.backbones.names import architectures, resolve
from transferlab.backbones.torchvision_models import build, card, download_url, file_name, find_weights, hash_in


def test_cached_weights_are_loaded_from_where_torch_keeps_them(monkeypatch, tmp_path):
    source = randomised(torchvision.models.squeezenet1_1())
    weights = SqueezeNet1_1_Weights.IMAGENET1K_V1
    path = write_torch_checkpoint(monkeypatch, tmp_path, weights, source.state_dict())
    model = load("torchvision/squeezenet1_1").eval()
    assert same_tensors(model.state_dict(), source.state_dict())
    oracle = torchvision.models.squeezenet1_1(weights=weights).eval()  # finds the same file
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(model(x), oracle(x))
    assert model.card.weights == "imagenet1k_v1"
    assert model.card.class_names[:2] == ("tench", "goldfish")
    assert model.card.accuracy == {"ImageNet-1K acc@1": 0.58178, "ImageNet-1K acc@5": 0.80624}
    assert model.card.megabytes == round(path.stat().st_size / 1e6, 2)


def test_a_fresh_head_on_cached_weights(monkeypatch, tmp_path):
    source = randomised(torchvision.models.shufflenet_v2_x0_5())
    write_torch_checkpoint(monkeypatch, tmp_path, ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1, source.state_dict())
    model = load("shufflenet_v2_x0_5", num_classes=7)
    own = model.state_dict()
    assert all(torch.equal(own[name], v) for name, v in source.state_dict().items() if not name.startswith("fc."))
    assert model.fc.out_features == 7
    assert model.card.notes == ("the head is fresh, with 7 classes; the weights' own head had 1000",)
    assert model.card.accuracy  # of the weights as published


def test_the_published_densenets_have_old_names(monkeypatch, tmp_path):
    source = randomised(torchvision.models.densenet121())
    old = {
        name.replace("norm1", "norm.1").replace("norm2", "norm.2").replace("conv1", "conv.1").replace("conv2", "conv.2")
        if "denselayer" in name
        else name: value
        for name, value in source.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    write_torch_checkpoint(monkeypatch, tmp_path, DenseNet121_Weights.IMAGENET1K_V1, old)
    model = load("torchvision/densenet121")
    expected = {name: v for name, v in source.state_dict().items() if not name.endswith("num_batches_tracked")}
    assert same_tensors({name: model.state_dict()[name] for name in expected}, expected)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_googlenet_comes_without_its_auxiliary_heads(monkeypatch, tmp_path):
    source = randomised(torchvision.models.googlenet(aux_logits=True, init_weights=False))
    weights = GoogLeNet_Weights.IMAGENET1K_V1
    write_torch_checkpoint(monkeypatch, tmp_path, weights, source.state_dict())
    model = load("torchvision/googlenet").eval()
    oracle = torchvision.models.googlenet(weights=weights).eval()
    assert same_tensors(model.state_dict(), oracle.state_dict())
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(model(x), oracle(x))
    assert model.train()(x).shape == (2, 1000)  # not a tuple


def test_a_broken_download_is_noticed(monkeypatch, tmp_path):
    state = torchvision.models.squeezenet1_1().state_dict()
    path = write_torch_checkpoint(monkeypatch, tmp_path, SqueezeNet1_1_Weights.IMAGENET1K_V1, state)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"not what its name says .* type: transferlab fetch torchvision/squeeze"):
        load("torchvision/squeezenet1_1")


def test_a_file_of_another_architecture_in_the_cache(monkeypatch, tmp_path):
    state = torchvision.models.squeezenet1_0().state_dict()
    write_torch_checkpoint(monkeypatch, tmp_path, SqueezeNet1_1_Weights.IMAGENET1K_V1, state)
    with pytest.raises(ValueError, match="another architecture than torchvision/squeezenet1_1"):
        load("torchvision/squeezenet1_1")


def test_tags_choose_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for tag, file in {"imagenet1k_v1": "resnet50-0676ba61.pth", "imagenet1k_v2": "resnet50-11ad3fa6.pth"}.items():
        assert find_weights(resolve(f"torchvision/resnet50.{tag}")) is None
        described = card(resolve(f"torchvision/resnet50.{tag}"), pretrained=True)
        assert described.weights == tag
        assert file_name(download_url(resolve(f"torchvision/resnet50.{tag}"))) == file


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("resnet50-11ad3fa6.pth", "11ad3fa6"),
        ("shufflenetv2_x0.5-f707e7126e.pth", "f707e7126e"),
        ("vit-b.pth", ""),  # not a hash
        ("plain.pth", ""),
    ],
)
def test_hashes_in_names(file, expected):
    assert hash_in(file) == expected


@pytest.mark.parametrize("name", sorted(architectures("torchvision")))
def test_every_card(name):
    weights = torchvision.models.get_model_weights(name).DEFAULT
    described = card(resolve(f"torchvision/{name}"), pretrained=True)
    transforms = weights.transforms()
    assert [described.input_size] == transforms.crop_size
    assert list(described.mean) == transforms.mean
    assert list(described.std) == transforms.std
    assert described.interpolation == transforms.interpolation.value
    percent = weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert described.accuracy["ImageNet-1K acc@1"] == pytest.approx(percent / 100)
    assert described.weights == weights.name.lower()
    assert described.class_names == tuple(weights.meta["categories"])
    assert len(set(described.class_names)) == 1000


# RegNets compute their widths with tensors and so have to be built in earnest; the smallest stand for the others.
BUILT = [name for name in sorted(architectures("torchvision")) if "regnet" not in name or name.endswith("400mf")]


@pytest.mark.parametrize("name", BUILT)
def test_every_model_is_built(name):
    with torch.device("cpu" if "regnet" in name else "meta"):  # meta takes neither memory nor time
        model = load(f"torchvision/{name}", num_classes=5, pretrained=False)
    assert model.card.num_classes == 5
    assert model.card.num_parameters == sum(p.numel() for p in model.parameters()) > 0


def test_a_vit_is_built_for_the_images_of_its_weights():
    positions = build(resolve("torchvision/vit_b_16.imagenet1k_swag_e2e_v1"), 3).encoder.pos_embedding.shape[1]
    assert positions == (384 // 16) ** 2 + 1  # patches of 16 pixels, and the class token
