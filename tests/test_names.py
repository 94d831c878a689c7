import subprocess
import sys
from pathlib import Path

import pytest

from transferlab.backbones import available
from transferlab.backbones.names import BackboneName, is_file_name, resolve, tags


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("bundled", BackboneName("transferlab", "resnet18_half")),
        (" ResNet18_half ", BackboneName("transferlab", "resnet18_half")),
        ("torchvision/resnet50", BackboneName("torchvision", "resnet50")),
        ("TorchVision/ResNet50.IMAGENET1K_V1", BackboneName("torchvision", "resnet50", "imagenet1k_v1")),
        ("timm/resnet50.a1_in1k", BackboneName("timm", "resnet50", "a1_in1k")),
        ("vit_b_16", BackboneName("torchvision", "vit_b_16")),  # timm calls it vit_base_patch16_224
        ("vit_base_patch16_224", BackboneName("timm", "vit_base_patch16_224")),
        ("resnet50.a1_in1k", BackboneName("timm", "resnet50", "a1_in1k")),  # a tag that only one library has
        ("resnet50.imagenet1k_v2", BackboneName("torchvision", "resnet50", "imagenet1k_v2")),
    ],
)
def test_names(given, expected):
    assert resolve(given) == expected
    assert resolve(str(expected)) == expected


@pytest.mark.parametrize("name", ["resnet50", "efficientnet_b4", "ResNet18"])
def test_a_name_that_two_libraries_have(name):
    with pytest.raises(ValueError, match=f"Type 'torchvision/{name.lower()}' or 'timm/{name.lower()}'"):
        resolve(name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("bundeld", r"No backbone 'bundeld'.*Did you mean 'bundled'\?"),
        ("resnt50", r"Did you mean 'timm/resnet50' or 'torchvision/resnet50'\?"),
        ("torchvision/resnt50", r"Did you mean 'torchvision/resnet50'\?$"),
        ("timm/efficientnt_b4", r"Did you mean 'timm/efficientnet_b4'\?$"),
        ("torchvison/resnet50", r"Did you mean 'torchvision/resnet50'\?$"),
        ("timm/resnet50.a1_in2k", r"resnet50 has these: timm/resnet50.a1_in1k, .*Did you mean 'timm/resnet50.a1_in1k'"),
        ("qqqqqqqq", r"available\('\*resnet\*'\) lists those with resnet in their name\.$"),
        ("", "named by text such as 'bundled'"),
        (None, "named by text such as 'bundled'"),
        (50, "named by text such as 'bundled'"),
    ],
)
def test_a_name_that_nothing_has(given, message):
    with pytest.raises(ValueError, match=message):
        resolve(given)


def test_a_folder_is_no_backbone(tmp_path):
    with pytest.raises(ValueError, match=r"A file of weights ends with \.safetensors"):
        resolve(str(tmp_path))


def test_file_names():
    assert all(is_file_name(name) for name in ("a.safetensors", "b/c.pt", "d.PTH", "e.bin", Path("anything")))
    assert not any(is_file_name(name) for name in ("bundled", "timm/resnet50.a1_in1k", "torchvision/resnet50"))


def test_what_is_available():
    names = available()
    assert {"bundled", "torchvision/resnet50", "timm/resnet50", "torchvision/efficientnet_b4"} <= set(names)
    assert len(names) == len(set(names)) > 500
    assert available("*/resnet50") == ["timm/resnet50", "torchvision/resnet50"]
    assert available("resnet50") == sorted(name for name in names if "resnet50" in name)
    assert set(available("torchvision/resnet50.*")) == {
        "torchvision/resnet50.imagenet1k_v1", "torchvision/resnet50.imagenet1k_v2"
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"No backbone 'resnt50'.*timm/resnet50"):
        available("resnt50")


def test_the_default_tag_comes_first():
    assert tags("torchvision", "resnet50") == ("imagenet1k_v2", "imagenet1k_v1")
    assert tags("torchvision", "vgg16")[0] == "imagenet1k_v1"
    assert not any("features" in tag for tag in tags("torchvision", "vgg16"))  # without a valid classifier
    import timm

    assert tags("timm", "resnet50")[0] == timm.get_pretrained_cfg("resnet50").tag


def test_a_library_is_imported_only_when_a_name_asks_for_it():
    code = (
        "import sys; from transferlab.backbones.names import resolve\n"
        "resolve('bundled'); assert not {'torchvision', 'timm'} & set(sys.modules)\n"
        "resolve('torchvision/resnet50'); assert 'timm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
