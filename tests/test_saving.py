import copy
import errno
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from tests.backbone_files import randomised, same_tensors, write_bundled
from transferlab.backbones import load, load_weights, save
from transferlab.heads import replace_head
from transferlab.stages import stages


@pytest.fixture
def model(monkeypatch, tmp_path):
    (tmp_path / "package").mkdir()
    write_bundled(monkeypatch, tmp_path / "package")
    return load("bundled")


def images():
    return torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def assert_same(one: nn.Module, other: nn.Module) -> None:
    assert same_tensors(one.state_dict(), other.state_dict())
    with torch.no_grad():
        assert torch.equal(one.eval()(images()), other.eval()(images()))


OWN_HEAD = nn.Sequential(nn.Dropout(0.5), nn.Linear(256, 32), nn.BatchNorm1d(32), nn.GELU(), nn.Linear(32, 5))


@pytest.mark.parametrize("head", [None, "linear", "mlp", OWN_HEAD], ids=["as loaded", "linear", "mlp", "of one's own"])
def test_a_model_comes_back_with_its_head(model, tmp_path, head):
    if head is not None:
        replace_head(model, 5, head=copy.deepcopy(head))
    randomised(model, seed=1)
    assert save(model, tmp_path / "mine.safetensors") == tmp_path / "mine.safetensors"
    again = load(str(tmp_path / "mine.safetensors"))
    assert_same(again, model)
    assert str(stages(again)) == str(stages(model))
    assert again.card.num_classes == (232 if head is None else 5)
    assert all(parameter.requires_grad for parameter in again.parameters())


@pytest.mark.parametrize("name", ["torchvision/squeezenet1_1", "timm/test_resnet", "timm/test_vit.r160_in1k"])
@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_the_other_libraries_models_come_back_too(tmp_path, name, head):
    model = load(name, num_classes=9, pretrained=False)
    replace_head(model, 4, head=head)
    size = model.card.input_size
    save(randomised(model), tmp_path / "mine.safetensors", class_names=list("abcd"))
    again = load(tmp_path / "mine.safetensors").eval()
    assert same_tensors(again.state_dict(), model.state_dict())
    with torch.no_grad():
        x = torch.rand(2, 3, size, size)
        assert torch.equal(again(x), model(x))
    assert again.card.class_names == ("a", "b", "c", "d")
    assert again.card.architecture == name
    assert stages(again).head.name == stages(model).head.name


def test_two_heads_come_back(tmp_path):
    model = load("timm/deit_tiny_distilled_patch16_224", num_classes=3, pretrained=False)
    replace_head(model, 4, head="mlp")
    save(randomised(model), tmp_path / "mine.safetensors")
    again = load(tmp_path / "mine.safetensors")
    assert same_tensors(again.state_dict(), model.state_dict())
    assert isinstance(again.head_dist, nn.Sequential)


def test_a_model_without_a_head_comes_back(tmp_path):
    import timm

    model = load("timm/test_vit", pretrained=False)
    model.reset_classifier(0)
    save(randomised(model), tmp_path / "features.safetensors")
    again = load(tmp_path / "features.safetensors")
    assert same_tensors(again.state_dict(), model.state_dict())
    assert again.card.num_classes == 0
    fresh = load(tmp_path / "features.safetensors", num_classes=3)
    assert fresh.head.out_features == 3
    assert "come without a head" in fresh.card.notes[0]
    bare = timm.create_model("test_vit", num_classes=0)
    assert load_weights(bare, tmp_path / "features.safetensors").num_tensors == len(bare.state_dict())


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_a_head_that_was_taken_off_stays_off(model, tmp_path):
    model.fc = nn.Identity()
    save(randomised(model), tmp_path / "features.safetensors")
    again = load(tmp_path / "features.safetensors")
    assert_same(again, model)
    assert again(images()).shape == (3, 256)
    assert again.card.num_classes == 0
    assert load(tmp_path / "features.safetensors", num_classes=3).fc.out_features == 3


def test_it_can_be_loaded_for_another_number_of_classes(model, tmp_path):
    for head in ("linear", "mlp", "cosine"):
        replace_head(model, 5, head=head)
        save(randomised(model), tmp_path / "mine.safetensors")
        again = load(tmp_path / "mine.safetensors", num_classes=7)
        own, backbone = again.state_dict(), model.state_dict()
        assert all(torch.equal(own[key], value) for key, value in backbone.items() if not key.startswith("fc"))
        assert again.fc.out_features == 7
        assert again.card.notes == ("the head is fresh, with 7 classes; the weights' own head had 5",)


def test_a_head_of_another_class_is_loaded_into_a_model_that_has_one(model, tmp_path):
    replace_head(model, 5, head="cosine")
    save(randomised(model), tmp_path / "mine.safetensors")
    with pytest.raises(ValueError, match=r"load\('bundled', num_classes=5, pretrained=False\); replace_head\(model, 5"):
        load(tmp_path / "mine.safetensors")
    again = load("bundled", num_classes=5, pretrained=False)
    replace_head(again, 5, head="cosine")
    load_weights(again, tmp_path / "mine.safetensors")
    assert_same(again, model)


def test_layers_that_were_changed_before_the_head_are_not_taken_for_a_head(model, tmp_path):
    model.layer1[0].conv1 = nn.Conv2d(32, 32, 5, padding=2, bias=False)
    save(randomised(model), tmp_path / "mine.safetensors")
    assert_same(load(tmp_path / "mine.safetensors"), model)
    with pytest.raises(ValueError, match=r"layers of its own before its head \(layer1\.0\.conv1, fc\)"):
        load(tmp_path / "mine.safetensors", num_classes=3)


def test_the_card_says_where_it_started_and_forgets_what_no_longer_holds(model, tmp_path):
    replace_head(model, 2)
    save(model, tmp_path / "one.safetensors", class_names=("ant", "bee"))
    card = load(tmp_path / "one.safetensors").card
    assert card.name == str(tmp_path / "one.safetensors")
    assert (card.architecture, card.weights, card.pretrained) == ("resnet18_half", "one.safetensors", True)
    assert card.accuracy == {}  # it was measured before the training
    assert card.class_names == ("ant", "bee")
    assert card.mean == model.card.mean
    start = {"name": "bundled", "weights": "bundled", "pretrained": True, "accuracy": model.card.accuracy}
    assert card.details["started_from"] == start
    save(load(tmp_path / "one.safetensors"), tmp_path / "two.safetensors")
    card = load(tmp_path / "two.safetensors").card
    assert card.details["started_from"] == start
    assert card.class_names == ("ant", "bee")


def test_the_name_on_the_card_brings_the_model_back(model, tmp_path):
    save(randomised(model), tmp_path / "mine.safetensors")
    first = load(tmp_path / "mine.safetensors")
    assert_same(load(first.card.name), first)


def test_its_architecture_alone_can_be_had(model, tmp_path):
    replace_head(model, 6)
    save(model, tmp_path / "mine.safetensors")
    fresh = load(tmp_path / "mine.safetensors", pretrained=False)
    assert fresh.fc.out_features == 6
    assert not fresh.card.pretrained
    assert not torch.equal(fresh.conv1.weight, model.conv1.weight)
    assert load(tmp_path / "mine.safetensors", 3, pretrained=False).fc.out_features == 3


def test_a_frozen_model_and_a_wrapped_one(model, tmp_path):
    from transferlab.freezing import freeze

    freeze(model)
    save(torch.nn.DataParallel(model), tmp_path / "a.safetensors")
    assert_same(load(tmp_path / "a.safetensors"), model)
    save(torch.compile(model, backend="eager"), tmp_path / "b.safetensors")
    assert_same(load(tmp_path / "b.safetensors"), model)


def test_a_module_of_ones_own_is_saved_without_a_record(tmp_path):
    model = nn.Sequential(nn.Linear(2, 3))
    model.append(nn.Linear(3, 2, bias=False))
    model[1].weight = nn.Parameter(model[0].weight.T)  # shared memory, not contiguous
    save(model, tmp_path / "own.safetensors")
    with safe_open(tmp_path / "own.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}
    again = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2, bias=False))
    load_weights(again, tmp_path / "own.safetensors")
    assert same_tensors(again.state_dict(), model.state_dict())
    with pytest.raises(ValueError, match=r"does not say which architecture.*load\('torchvision/resnet18', weights="):
        load(tmp_path / "own.safetensors")
    with pytest.raises(ValueError, match="has none"):
        save(model, tmp_path / "own.safetensors", class_names=["a", "b"])


def test_the_record_is_text_that_people_can_read(model, tmp_path):
    save(model, tmp_path / "mine.safetensors")
    with safe_open(tmp_path / "mine.safetensors", "pt") as file:
        record = json.loads(file.metadata()["transferlab"])
    assert (record["backbone"], record["num_classes"], record["heads"]) == ("bundled", 232, {})
    assert record["card"]["mean"] == [0.485, 0.456, 0.406]


def test_what_save_refuses(model, tmp_path):
    with pytest.raises(ValueError, match=r"you gave '.*mine\.pt'\. Type save\(model, '.*mine\.safetensors'\)"):
        save(model, tmp_path / "mine.pt")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        save(model, tmp_path / "folder.safetensors")
    with pytest.raises(ValueError, match="You gave 2 class_names, and the model's head has 232 classes"):
        save(model, tmp_path / "mine.safetensors", class_names=["ant", "bee"])
    other = nn.Linear(2, 2)
    other.card = model.card
    with pytest.raises(ValueError, match="This Linear is not the resnet18_half that its card speaks of"):
        save(other, tmp_path / "mine.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.safetensors", "package"]


def limited_to(size):
    """A file-size limit of the operating system: a real write that really stops halfway."""
    import resource

    class Limit:
        def __enter__(self):
            self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, self.before[1]))

        def __exit__(self, *_):
            resource.setrlimit(resource.RLIMIT_FSIZE, self.before)

    return Limit()


@pytest.fixture
def out(model, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    save(model, folder / "mine.safetensors")
    return folder


def test_a_write_that_stops_halfway_leaves_the_earlier_file(model, out):
    before = (out / "mine.safetensors").read_bytes()
    randomised(model, seed=5)
    with limited_to(100_000), pytest.raises(OSError, match="The file that was there before is unchanged"):
        save(model, out / "mine.safetensors")
    assert (out / "mine.safetensors").read_bytes() == before
    assert [path.name for path in out.iterdir()] == ["mine.safetensors"]


def test_a_full_disk_leaves_the_earlier_file(model, out, monkeypatch):
    before = (out / "mine.safetensors").read_bytes()

    def write_half(path, content):
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(OSError, match="No space left on device") as error:
        save(randomised(model, seed=5), out / "mine.safetensors")
    assert error.value.errno == errno.ENOSPC
    assert (out / "mine.safetensors").read_bytes() == before
    assert [path.name for path in out.iterdir()] == ["mine.safetensors"]


def test_no_permission(model, out, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)  # the superuser, whom tests may run as, has every permission
    with pytest.raises(OSError, match=r"Could not write .*new\.safetensors \(Permission denied\)\. Choose another"):
        save(model, out / "new.safetensors")
    with pytest.raises(OSError, match="Could not write"):
        save(model, out / "mine.safetensors" / "below a file.safetensors")
    assert [path.name for path in out.iterdir()] == ["mine.safetensors"]
