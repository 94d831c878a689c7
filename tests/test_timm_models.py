import os
import subprocess
import sys

import huggingface_hub.constants
import pytest
import timm
import torch

from tests.backbone_files import randomised, same_tensors, write_hub_file
from transferlab.backbones import load
from transferlab.backbones.names import resolve
from transferlab.backbones.timm_models import card, default_classes, find_weights, hub_files, tags_of


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "hub"


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_cached_weights_are_loaded_from_where_the_hub_keeps_them(cache, file):
    source = randomised(timm.create_model("test_resnet"))
    path = write_hub_file(cache, "timm/test_resnet.r160_in1k", file, source.state_dict())
    model = load("timm/test_resnet").eval()
    assert same_tensors(model.state_dict(), source.state_dict())
    x = torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        assert torch.equal(model(x), source(x))
    described = model.card
    assert (described.weights, described.input_size, described.num_classes) == ("r160_in1k", 160, 1000)
    assert described.class_names[:2] == ("tench", "goldfish")
    assert len(set(described.class_names)) == 1000
    assert described.megabytes == round(path.stat().st_size / 1e6, 2)
    assert "accuracy  not recorded" in str(described)  # timm keeps none
    assert "state_dict" not in model.pretrained_cfg  # no second copy of the weights


def test_it_is_what_timm_itself_loads(cache, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)  # or timm asks the hub for a newer one
    write_hub_file(cache, "timm/test_vit.r160_in1k", "model.safetensors", timm.create_model("test_vit").state_dict())
    oracle = timm.create_model("test_vit", pretrained=True).eval()
    model = load("timm/test_vit.r160_in1k").eval()
    x = torch.rand(1, 3, 160, 160)
    with torch.no_grad():
        assert torch.equal(model(x), oracle(x))


def test_a_fresh_head_on_cached_weights(cache):
    source = randomised(timm.create_model("test_resnet"))
    write_hub_file(cache, "timm/test_resnet.r160_in1k", "model.safetensors", source.state_dict())
    model = load("test_resnet", num_classes=7)
    own = model.state_dict()
    assert all(torch.equal(own[name], v) for name, v in source.state_dict().items() if not name.startswith("fc."))
    assert model.fc.out_features == model.num_classes == 7
    assert model.card.notes == ("the head is fresh, with 7 classes; the weights' own head had 1000",)


def test_both_heads_of_a_distilled_model_are_fresh(cache):
    name = "deit_tiny_distilled_patch16_224"
    source = randomised(timm.create_model(name))
    write_hub_file(cache, f"timm/{name}.fb_in1k", "model.safetensors", source.state_dict())
    model = load(f"timm/{name}", num_classes=3)
    assert (model.head.out_features, model.head_dist.out_features) == (3, 3)
    assert torch.equal(model.dist_token, source.dist_token)


def test_weights_without_a_head(cache):
    name = "vit_small_patch16_224.dino"
    source = randomised(timm.create_model("vit_small_patch16_224", num_classes=0))
    write_hub_file(cache, f"timm/{name}", "model.safetensors", source.state_dict())
    assert default_classes(resolve(f"timm/{name}")) == 0
    assert load(f"timm/{name}").card.num_classes == 0
    model = load(f"timm/{name}", num_classes=3)
    assert model.head.out_features == 3
    assert torch.equal(model.cls_token, source.cls_token)
    assert model.card.notes == ("the head is fresh, with 3 classes; the weights come without a head",)


def test_the_cache_of_torch_serves_too(cache, monkeypatch, tmp_path):
    # timm's own releases lie there where an older timm fetched them; the hash in the name is checked.
    import hashlib

    from transferlab.backbones import timm_models

    source = randomised(timm.create_model("test_resnet"))
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(source.state_dict(), folder / "x")
    digest = hashlib.sha256((folder / "x").read_bytes()).hexdigest()
    (folder / "x").rename(folder / f"test_resnet-{digest[:8]}.pth")
    monkeypatch.setattr(timm_models, "download_url", lambda name: f"https://x.org/test_resnet-{digest[:8]}.pth")
    assert same_tensors(load("timm/test_resnet").state_dict(), source.state_dict())
    (folder / f"test_resnet-{digest[:8]}.pth").write_bytes(b"other")
    with pytest.raises(ValueError, match="type: transferlab fetch timm/test_resnet"):
        load("timm/test_resnet")


@pytest.mark.parametrize(
    "state",
    [
        lambda: timm.create_model("test_vit").state_dict(),
        lambda: {k: v for k, v in timm.create_model("test_resnet").state_dict().items() if k != "conv1.0.weight"},
        lambda: {k: v for k, v in timm.create_model("test_resnet").state_dict().items() if "layer2" not in k},
    ],
)
@pytest.mark.parametrize("num_classes", [None, 7])
def test_a_file_that_is_not_this_models_is_never_half_loaded(cache, state, num_classes):
    # timm alone ignores missing tensors where the number of classes differs.
    write_hub_file(cache, "timm/test_resnet.r160_in1k", "model.safetensors", state())
    with pytest.raises(ValueError, match=r"model\.safetensors' is not the file of timm/test_resnet"):
        load("timm/test_resnet", num_classes=num_classes)


def test_a_broken_file_in_the_cache(cache):
    link = write_hub_file(cache, "timm/test_resnet.r160_in1k", "model.safetensors", {"a": torch.zeros(9)})
    blob = link.resolve()
    blob.write_bytes(blob.read_bytes()[:-4])
    with pytest.raises(ValueError, match=r"model\.safetensors' is broken or cut off"):
        load("timm/test_resnet")


def test_models_that_timm_has_no_weights_of(cache):
    with pytest.raises(ValueError, match=r"timm has no pretrained weights of test_.*pretrained=False"):
        load(f"timm/{a_model_without_weights()}")
    assert load(f"timm/{a_model_without_weights()}", 3, pretrained=False).card.num_classes == 3


def a_model_without_weights() -> str:
    return next(name for name in timm.list_models("test_*") if not tags_of(name))


def test_what_is_looked_for_on_the_hub():
    assert list(hub_files(resolve("timm/resnet50"))) == [
        ("timm/resnet50.a1_in1k", "model.safetensors"),
        ("timm/resnet50.a1_in1k", "pytorch_model.bin"),
    ]


def test_the_card_is_timms_own_configuration():
    for name in ("resnet50.a1_in1k", "efficientnet_b4.ra2_in1k", "vit_base_patch16_224.mae"):
        cfg = timm.get_pretrained_cfg(name)
        described = card(resolve(f"timm/{name}"), pretrained=True)
        assert described.input_size == cfg.input_size[1]
        assert (described.mean, described.std, described.interpolation) == (cfg.mean, cfg.std, cfg.interpolation)
        assert described.licence == cfg.license
        assert described.num_classes == cfg.num_classes
        assert cfg.hf_hub_id in described.source
        assert described.weights == cfg.tag


def test_where_the_hub_looks_is_up_to_its_environment(tmp_path):
    source = timm.create_model("test_resnet")
    write_hub_file(tmp_path / "hub", "timm/test_resnet.r160_in1k", "model.safetensors", source.state_dict())
    assert find_weights(resolve("timm/test_resnet")) is None
    code = (
        "from transferlab.backbones.names import resolve\n"
        "from transferlab.backbones.timm_models import find_weights\n"
        "print(find_weights(resolve('timm/test_resnet')))"
    )
    for variables in ({"HF_HOME": str(tmp_path)}, {"HF_HUB_CACHE": str(tmp_path / "hub")}):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")} | variables
        command = [sys.executable, "-c", code]
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert found.stdout.strip().startswith(str(tmp_path / "hub" / "models--timm--test_resnet.r160_in1k"))
