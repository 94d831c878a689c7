"""Every downloader is replaced here: what is tested is which file is asked of whom, and what is left behind."""

import hashlib
import io
from pathlib import Path
from urllib.error import URLError

import huggingface_hub
import huggingface_hub.constants
import pytest
import torch
import torchvision
from huggingface_hub.utils import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError
from safetensors.torch import save as to_bytes
from torchvision.models import SqueezeNet1_1_Weights

from tests.backbone_files import same_tensors, write_bundled, write_hub_file, write_torch_checkpoint
from transferlab.backbones import fetch, load


@pytest.fixture(autouse=True)
def caches(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


class Download(io.BytesIO):
    """What `urlopen` returns, as far as torch's own downloader reads it."""

    def info(self):
        return {}


class Headers(dict):
    def get_all(self, name):
        return [self[name]] if name in self else None


def serve(monkeypatch, content: bytes | Exception) -> list[str]:
    """Answer torch's downloader; the rest of it (temporary file, hash, move) runs as it is."""
    asked: list[str] = []

    def urlopen(request):
        asked.append(request.full_url)
        if isinstance(content, Exception):
            raise content
        answer = Download(content)
        answer.info = lambda: Headers({"Content-Length": str(len(content))})
        return answer

    monkeypatch.setattr(torch.hub, "urlopen", urlopen)
    return asked


@pytest.fixture
def published(monkeypatch, caches):
    """A checkpoint as torchvision publishes it: bytes, and a URL that carries their hash."""
    source = torchvision.models.squeezenet1_1()
    buffer = io.BytesIO()
    torch.save(source.state_dict(), buffer)
    content = buffer.getvalue()
    file = f"squeezenet1_1-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setattr(SqueezeNet1_1_Weights.IMAGENET1K_V1.value, "url", f"https://download.pytorch.org/models/{file}")
    return source, content, caches / "torch" / "hub" / "checkpoints" / file


def test_torchvision_weights_are_fetched_once_and_then_load(monkeypatch, published):
    source, content, path = published
    asked = serve(monkeypatch, content)
    with pytest.raises(ValueError, match="transferlab fetch torchvision/squeezenet1_1"):
        load("torchvision/squeezenet1_1")
    report = fetch("torchvision/squeezenet1_1")
    assert asked == [SqueezeNet1_1_Weights.IMAGENET1K_V1.url]
    assert (report.path, report.downloaded, report.name) == (path, True, "torchvision/squeezenet1_1")
    assert str(report) == f"torchvision/squeezenet1_1 was downloaded: {round(len(content) / 1e6, 2)} MB in {path}"
    assert same_tensors(load("torchvision/squeezenet1_1").state_dict(), source.state_dict())
    again = fetch("squeezenet1_1.imagenet1k_v1")
    assert not again.downloaded
    assert "is on this machine already" in str(again)
    assert len(asked) == 1


def test_what_arrives_with_another_hash_is_thrown_away(monkeypatch, published):
    _, content, path = published
    serve(monkeypatch, content + b"more")
    with pytest.raises(ValueError, match=r"https://download.*was not kept: invalid hash value"):
        fetch("torchvision/squeezenet1_1")
    assert list(path.parent.iterdir()) == []


def test_a_broken_file_is_replaced(monkeypatch, published):
    source, content, path = published
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a downl")
    serve(monkeypatch, content)
    assert fetch("torchvision/squeezenet1_1").downloaded
    assert same_tensors(load("torchvision/squeezenet1_1").state_dict(), source.state_dict())


@pytest.mark.parametrize(
    "error", [URLError("Temporary failure in name resolution"), OSError(28, "No space left on device"), OSError()]
)
def test_no_network_or_no_room_is_said_and_nothing_is_left(monkeypatch, published, error):
    path = published[2]
    serve(monkeypatch, error)
    with pytest.raises(OSError, match=r"torchvision/squeezenet1_1 could not be downloaded from https://.*Nothing was"):
        fetch("torchvision/squeezenet1_1")
    assert list(path.parent.iterdir()) == []


def test_a_cache_that_cannot_be_made(monkeypatch, published, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match="torchvision/squeezenet1_1 could not be downloaded"):
        fetch("torchvision/squeezenet1_1")


def test_without_a_stand_in_the_network_is_what_is_touched(published):
    # The block of conftest.py catches it: fetch does ask the network, and nobody else.
    with pytest.raises(AssertionError, match="touch the network"):
        fetch("torchvision/squeezenet1_1")


def hub(monkeypatch, cache: Path, content: dict | Exception, available=("model.safetensors",)) -> list[tuple[str, str]]:
    """Stand in for the hub's downloader: writes into its cache as it does, or fails as it does."""
    asked: list[tuple[str, str]] = []

    def download(repository, file):
        asked.append((repository, file))
        if isinstance(content, Exception):
            raise content
        if file not in available:
            raise EntryNotFoundError("404")
        return str(write_hub_file(cache, repository, file, content))

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_timm_weights_are_fetched_once_and_then_load(monkeypatch, caches, file):
    import timm

    source = timm.create_model("test_resnet")
    asked = hub(monkeypatch, caches / "hub", source.state_dict(), available=(file,))
    report = fetch("timm/test_resnet")
    assert asked[-1] == ("timm/test_resnet.r160_in1k", file)
    assert asked[0] == ("timm/test_resnet.r160_in1k", "model.safetensors")  # the safe format is asked for first
    assert report.downloaded
    assert same_tensors(load("timm/test_resnet").state_dict(), source.state_dict())
    assert not fetch("timm/test_resnet").downloaded


def test_a_blob_that_is_not_its_hash(monkeypatch, caches):
    def download(repository, file):
        link = write_hub_file(caches / "hub", repository, file, {"w": torch.zeros(3)})
        link.resolve().write_bytes(to_bytes({"w": torch.ones(3)}))
        return str(link)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(ValueError, match="another hash than announced"):
        fetch("timm/test_resnet")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (LocalEntryNotFoundError("cannot reach the hub"), OSError, "could not be downloaded .*cannot reach the hub"),
        (OSError(28, "No space left on device"), OSError, "could not be downloaded .*No space left"),
        (
            RepositoryNotFoundError.__new__(RepositoryNotFoundError),  # versions differ in what its constructor wants
            ValueError,
            "no public 'timm/test_resnet.r160_in1k'",
        ),
        (EntryNotFoundError("404"), ValueError, r"has none of: model\.safetensors, pytorch_model\.bin"),
    ],
)
def test_what_the_hub_may_answer(monkeypatch, caches, error, kind, message):
    hub(monkeypatch, caches / "hub", error)
    with pytest.raises(kind, match=message):
        fetch("timm/test_resnet")


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
