"""The web is a server in this process; what is tested is which file is asked of whom, and what is left behind."""

from urllib.error import URLError

import huggingface_hub
import huggingface_hub.constants
import pytest
import torch
import torchvision
from huggingface_hub.utils import EntryNotFoundError, RepositoryNotFoundError
from safetensors.torch import save as to_bytes
from torchvision.models import SqueezeNet1_1_Weights

from tests.backbone_files import same_tensors, write_bundled, write_torch_checkpoint
from tests.file_server import hub_answers, publish_checkpoint, served
from transferlab import downloading
from transferlab.backbones import fetch, load
from transferlab.backbones.caches import caches_in
from transferlab.backbones.fetching import fetch_into
from transferlab.backbones.names import resolve


@pytest.fixture(autouse=True)
def caches(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        yield web


@pytest.fixture
def published(monkeypatch, caches, web):
    """A checkpoint as torchvision publishes it: the model, its file's bytes, and where torch's cache has it."""
    source, content, file = publish_checkpoint(monkeypatch, web)
    return source, content, caches / "torch" / "hub" / "checkpoints" / file


def test_torchvision_weights_are_fetched_once_and_then_load(web, published):
    source, content, path = published
    with pytest.raises(ValueError, match="transferlab fetch torchvision/squeezenet1_1"):
        load("torchvision/squeezenet1_1")
    report = fetch("torchvision/squeezenet1_1")
    assert [f"https://{address}" for address, _ in web.asked] == [SqueezeNet1_1_Weights.IMAGENET1K_V1.url]
    assert (report.path, report.downloaded, report.name) == (path, True, "torchvision/squeezenet1_1")
    assert str(report) == f"torchvision/squeezenet1_1 was downloaded: {round(len(content) / 1e6, 2)} MB in {path}"
    assert same_tensors(load("torchvision/squeezenet1_1").state_dict(), source.state_dict())
    again = fetch("squeezenet1_1.imagenet1k_v1")
    assert not again.downloaded
    assert "is on this machine already" in str(again)
    assert len(web.asked) == 1


def test_what_arrives_with_another_hash_is_thrown_away(web, published):
    _, content, path = published
    web.files[f"download.pytorch.org/models/{path.name}"] = content + b"more"
    with pytest.raises(ValueError, match=r"https://download.*was not kept: its sha256 is"):
        fetch("torchvision/squeezenet1_1")
    assert list(path.parent.iterdir()) == []


def test_a_download_that_broke_off_goes_on(web, published):
    _, content, path = published
    web.manners.breaks_after = 2_000_000
    with pytest.raises(OSError, match=r"it broke off after 2\.0 of .*2\.0 MB of it are kept.*same command goes on"):
        fetch("torchvision/squeezenet1_1")
    assert not path.exists()
    web.manners.breaks_after = None
    assert fetch("torchvision/squeezenet1_1").downloaded
    assert path.read_bytes() == content
    assert web.asked[-1][1] == "bytes=2000000-"
    assert list(path.parent.iterdir()) == [path]


def test_a_broken_file_is_replaced(published):
    source, _, path = published
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a downl")
    assert fetch("torchvision/squeezenet1_1").downloaded
    assert same_tensors(load("torchvision/squeezenet1_1").state_dict(), source.state_dict())


@pytest.mark.parametrize(
    "error", [URLError("Temporary failure in name resolution"), OSError(28, "No space left on device"), OSError()]
)
def test_no_network_or_no_room_is_said_and_nothing_is_left(monkeypatch, published, error):
    class Opener:
        def open(self, *_, **__):
            raise error

    monkeypatch.setattr(downloading, "web_opener", Opener)
    with pytest.raises(OSError, match=r"torchvision/squeezenet1_1 could not be downloaded from https://.*Nothing was"):
        fetch("torchvision/squeezenet1_1")
    assert list(published[2].parent.iterdir()) == []


def test_a_cache_that_cannot_be_made(monkeypatch, published, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match="torchvision/squeezenet1_1 could not be downloaded"):
        fetch("torchvision/squeezenet1_1")


def test_without_a_stand_in_the_network_is_what_is_touched():
    # The block of conftest.py catches it: fetch does ask the network, and nobody else.
    with pytest.raises(AssertionError, match="touch the network"):
        fetch("torchvision/squeezenet1_1")


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_timm_weights_are_fetched_once_and_then_load(monkeypatch, caches, web, file):
    import timm

    source = timm.create_model("test_resnet")
    asked = hub_answers(monkeypatch, web, source.state_dict(), file)
    report = fetch("timm/test_resnet")
    page = "https://huggingface.co/timm/test_resnet.r160_in1k/resolve/main"
    assert asked[0] == f"{page}/model.safetensors"  # the safe format is asked for first
    assert asked[-1] == f"{page}/{file}"
    assert report.downloaded
    assert not report.path.is_symlink()
    assert same_tensors(load("timm/test_resnet").state_dict(), source.state_dict())
    assert not fetch("timm/test_resnet").downloaded


def test_the_hubs_own_library_finds_the_file_and_counts_it(monkeypatch, caches, web):
    import timm

    hub_answers(monkeypatch, web, timm.create_model("test_resnet").state_dict())
    report = fetch("timm/test_resnet")
    given = huggingface_hub.hf_hub_download("timm/test_resnet.r160_in1k", "model.safetensors", local_files_only=True)
    assert given == str(report.path)
    found = huggingface_hub.scan_cache_dir(caches / "hub")
    assert found.size_on_disk == report.path.stat().st_size
    assert not found.warnings


def test_a_hub_download_that_broke_off_goes_on(monkeypatch, web):
    import timm

    hub_answers(monkeypatch, web, timm.create_model("test_resnet").state_dict())
    web.manners.breaks_after = 100_000
    with pytest.raises(OSError, match=r"from https://storage\.example\.org/0 \(it broke off .*0\.1 MB of it are kept"):
        fetch("timm/test_resnet")
    assert load("timm/test_resnet", pretrained=False) is not None
    with pytest.raises(ValueError, match="not on this machine"):
        load("timm/test_resnet")
    web.manners.breaks_after = None
    assert fetch("timm/test_resnet").downloaded
    assert web.asked[-1][1] == "bytes=100000-"


def test_what_the_hub_sends_is_held_against_what_it_announced(monkeypatch, web):
    hub_answers(monkeypatch, web, {"w": torch.zeros(3)})
    known = huggingface_hub.get_hf_file_metadata

    def changed(url):
        answer = known(url)
        web.files["storage.example.org/0?signed=1"] = to_bytes({"w": torch.ones(3)})
        return answer

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", changed)
    with pytest.raises(ValueError, match="was not kept"):
        fetch("timm/test_resnet")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (RuntimeError("cannot reach the hub"), OSError, "could not be downloaded .*cannot reach the hub"),
        (OSError("offline mode is enabled"), OSError, "could not be downloaded .*offline mode"),
        (
            RepositoryNotFoundError.__new__(RepositoryNotFoundError),  # versions differ in what its constructor wants
            ValueError,
            "no public 'timm/test_resnet.r160_in1k'",
        ),
        (EntryNotFoundError("404"), ValueError, r"has none of: model\.safetensors, pytorch_model\.bin"),
    ],
)
def test_what_the_hub_may_answer(monkeypatch, web, error, kind, message):
    hub_answers(monkeypatch, web, error)
    with pytest.raises(kind, match=message):
        fetch("timm/test_resnet")


def test_caches_of_their_own_leave_the_usual_ones_alone(monkeypatch, caches, web, published, tmp_path):
    import timm

    hub_answers(monkeypatch, web, timm.create_model("test_resnet").state_dict())
    stick = tmp_path / "stick"
    for name in ("torchvision/squeezenet1_1", "timm/test_resnet"):
        assert fetch_into(resolve(name), caches_in(stick)).downloaded
        assert not fetch_into(resolve(name), caches_in(stick)).downloaded
        with pytest.raises(ValueError, match="not on this machine"):
            load(name)
    monkeypatch.setenv("TORCH_HOME", str(stick / "torch"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(stick / "hub"))
    for name in ("torchvision/squeezenet1_1", "timm/test_resnet"):
        load(name)


def test_the_bundled_backbone_is_here_already(monkeypatch, tmp_path):
    write_bundled(monkeypatch, tmp_path)
    report = fetch("bundled")
    assert not report.downloaded
    assert report.path == tmp_path / "resnet18_half.safetensors"


def test_a_cached_file_needs_no_network(monkeypatch, caches):
    state = torchvision.models.squeezenet1_1().state_dict()
    path = write_torch_checkpoint(monkeypatch, caches / "torch", SqueezeNet1_1_Weights.IMAGENET1K_V1, state)
    assert fetch("torchvision/squeezenet1_1").path == path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet50", "Type 'torchvision/resnet50' or 'timm/resnet50'"),
        ("torchvision/resnt50", "Did you mean 'torchvision/resnet50'"),
        ("mine.safetensors", "is a file; fetch takes the name of a backbone"),
    ],
)
def test_names_that_cannot_be_fetched(name, message):
    with pytest.raises(ValueError, match=message):
        fetch(name)


def test_weights_that_do_not_exist():
    from tests.test_timm_models import a_model_without_weights

    with pytest.raises(ValueError, match="timm has no pretrained weights"):
        fetch(f"timm/{a_model_without_weights()}")
