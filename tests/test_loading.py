"""What `load` does whatever the library; each library has its own file of tests, and so have saved models."""

import copy
import pickle
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from tests.backbone_files import randomised, same_tensors, write_bundled
from transferlab.backbones import load
from transferlab.backbones.small_resnet import SmallResNet

FOUR = ["torchvision/resnet50", "timm/resnet50", "torchvision/efficientnet_b4", "timm/efficientnet_b4"]
INPUT_SIZES = dict(zip(FOUR, [224, 224, 380, 320], strict=True))  # of the weights' own recipes


@pytest.fixture
def bundled(monkeypatch, tmp_path):
    (tmp_path / "package").mkdir()
    return write_bundled(monkeypatch, tmp_path / "package")


@pytest.mark.parametrize("name", FOUR)
def test_the_backbones_that_the_readme_names(name):
    model = load(name, num_classes=7, pretrained=False).eval()
    library = name.partition("/")[0]
    assert (model.card.name, model.card.library, model.card.num_classes) == (name, library, 7)
    assert model.card.input_size == INPUT_SIZES[name]
    assert model.card.num_parameters == sum(p.numel() for p in model.parameters())
    assert not model.card.pretrained
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 7)
    assert copy.deepcopy(model).card == model.card
    whole = load(name, pretrained=False)
    assert whole.card.num_classes == 1000
    head = 2048 if "resnet50" in name else 1792  # features, by the papers
    assert whole.card.num_parameters - model.card.num_parameters == (1000 - 7) * (head + 1)


def test_the_backbone_of_the_package(bundled):
    model = load()
    assert type(model) is SmallResNet
    assert torch.equal(model.fc.weight, bundled["fc.weight"].float())
    assert (model.card.name, model.card.num_classes, model.card.notes) == ("bundled", 232, ())


def test_another_number_of_classes_gets_a_fresh_head_and_a_note(bundled):
    model = load("bundled", num_classes=8)
    assert model.fc.out_features == 8
    own = model.state_dict()
    assert all(torch.equal(own[name], value.float()) for name, value in bundled.items() if not name.startswith("fc."))
    assert model.card.notes == ("the head is fresh, with 8 classes; the weights' own head had 232",)
    assert model.card.class_names == ()
    assert model.card.num_classes == 8
    assert model.card.pretrained


def test_the_same_number_of_classes_keeps_the_head(bundled):
    model = load("bundled", num_classes=232)
    assert torch.equal(model.fc.weight, bundled["fc.weight"].float())
    assert len(model.card.class_names) == 232
    assert model.card.notes == ()


def test_random_weights_claim_nothing(bundled):
    model = load("bundled", pretrained=False)
    assert not torch.equal(model.conv1.weight, bundled["conv1.weight"].float())
    card = model.card
    assert (card.pretrained, card.weights, card.accuracy, card.class_names) == (False, "random", {}, ())
    assert card.num_classes == 232


@pytest.mark.parametrize("num_classes", [1, 0, -3])
def test_too_few_classes(num_classes):
    with pytest.raises(ValueError, match=f"at least 2 classes apart; you gave num_classes={num_classes}"):
        load("bundled", num_classes=num_classes)


@pytest.mark.parametrize("num_classes", [True, 2.0, "7", [7]])
def test_no_number_of_classes(num_classes):
    with pytest.raises(ValueError, match="num_classes is a whole number, 2 or more; you gave"):
        load("bundled", num_classes=num_classes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pretrained": "mine.pth"}, r"pretrained is True or False; you gave 'mine\.pth'\. A file is given as"),
        ({"weights": "a.pt", "pretrained": False}, "leave one of them out"),
        ({"name": "a.pt", "weights": "b.pt"}, r"two files, 'a\.pt' and 'b\.pt'"),
        ({"name": "nowhere.safetensors"}, r"No file 'nowhere\.safetensors'"),
    ],
)
def test_arguments_that_contradict_each_other(arguments, message):
    with pytest.raises(ValueError, match=message):
        load(**arguments)


@pytest.fixture
def source():
    return randomised(resnet18(num_classes=6))


@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_a_file_with_its_head(tmp_path, source, ending):
    path = tmp_path / f"flowers{ending}"
    (save_file if ending == ".safetensors" else torch.save)(source.state_dict(), path)
    model = load("torchvision/resnet18", weights=path)
    assert same_tensors(model.state_dict(), source.state_dict())
    card = model.card
    assert (card.num_classes, card.pretrained, card.weights) == (6, True, f"flowers{ending}")
    assert card.name == "torchvision/resnet18"
    assert card.accuracy == {}
    assert "file" in card.source
    assert card.megabytes == round(path.stat().st_size / 1e6, 2)


@pytest.mark.parametrize("prefix", ["module.", "model."])
def test_a_file_of_a_training_script(tmp_path, source, prefix):
    state = {prefix + name: value for name, value in source.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 7}, tmp_path / "checkpoint.pth")
    model = load("torchvision/resnet18", num_classes=3, weights=str(tmp_path / "checkpoint.pth"))
    own, given = model.state_dict(), source.state_dict()
    assert all(torch.equal(own[name], value) for name, value in given.items() if not name.startswith("fc."))
    assert model.fc.out_features == 3
    assert model.card.notes == ("the head is fresh, with 3 classes; the weights' own head had 6",)


def test_a_file_without_a_head(tmp_path, source):
    state = {name: value for name, value in source.state_dict().items() if not name.startswith("fc.")}
    torch.save(state, tmp_path / "backbone.pt")
    model = load("torchvision/resnet18", num_classes=3, weights=tmp_path / "backbone.pt")
    assert torch.equal(model.conv1.weight, source.conv1.weight)
    assert model.card.notes == ("the head is fresh, with 3 classes; the weights come without a head",)
    with pytest.raises(ValueError, match=r"has no head \(fc\.weight, fc\.bias\); give num_classes="):
        load("torchvision/resnet18", weights=tmp_path / "backbone.pt")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("torchvision/resnet34", r"are missing from the file \(layer1\.2\.conv1\.weight, .*, …\)"),
        ("torchvision/resnext50_32x4d", r"layer1\.0\.conv1\.weight is \(64, 64, 3, 3\) in the file and \(128, 64, 1,"),
        ("bundled", r"conv1\.weight is \(64, 3, 7, 7\) in the file and \(32, 3, 7, 7\) in the model"),
        ("timm/resnet50", "are missing from the file"),
    ],
)
def test_a_file_of_another_architecture(tmp_path, source, name, first):
    torch.save(source.state_dict(), tmp_path / "flowers.pt")
    for num_classes in (None, 6, 9):
        with pytest.raises(ValueError, match=rf"flowers\.pt' is of another architecture than {name}: .*{first}"):
            load(name, num_classes=num_classes, weights=tmp_path / "flowers.pt")


def test_a_file_for_the_bundled_architecture_needs_no_card(tmp_path, monkeypatch):
    from transferlab.backbones import bundled_backbone

    monkeypatch.setattr(bundled_backbone, "FOLDER", tmp_path / "nowhere")
    source = randomised(SmallResNet(5))
    torch.save(source.state_dict(), tmp_path / "five.pt")
    assert same_tensors(load("bundled", weights=tmp_path / "five.pt").state_dict(), source.state_dict())


def test_a_saved_file_that_is_given_another_name(bundled, tmp_path):
    from transferlab.backbones import save

    save(load("bundled", num_classes=4), tmp_path / "mine.safetensors")
    with pytest.raises(ValueError, match="was saved from bundled, not torchvision/resnet18"):
        load("torchvision/resnet18", weights=tmp_path / "mine.safetensors")
    assert load("bundled", weights=tmp_path / "mine.safetensors").fc.out_features == 4


def test_a_malicious_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("gotcha",), None, None, None

    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"state_dict": Evil()}))
    for arguments in ({"name": tmp_path / "evil.pt"}, {"name": "bundled", "weights": tmp_path / "evil.pt"}):
        with pytest.raises(ValueError, match="refused and nothing in it was run"):
            load(**arguments)


@pytest.mark.parametrize("name", ["torchvision/resnet50", "timm/resnet50", "timm/resnet50.a2_in1k"])
def test_weights_that_are_not_there_are_named_in_one_sentence(monkeypatch, tmp_path, name):
    import huggingface_hub.constants

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=f"weights of {name} are not on this machine") as error:
        load(name, num_classes=5)
    text = str(error.value)
    assert f"`transferlab fetch {name}`" in text
    assert f"load('{name}', pretrained=False)" in text
    assert "load('bundled')" in text
    assert text.count(". ") == 0  # one sentence
    assert list(tmp_path.iterdir()) == []  # looking leaves no folders behind


def test_the_bundled_backbone_needs_torch_alone(bundled, tmp_path):
    code = (
        "import sys, pathlib\n"
        "from transferlab.backbones import load, bundled_backbone\n"
        f"bundled_backbone.FOLDER = pathlib.Path({str(tmp_path / 'package')!r})\n"
        "load('bundled', num_classes=3)\n"
        "assert not {'torchvision', 'timm', 'huggingface_hub', 'captum', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
