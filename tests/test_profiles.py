"""Profiles with two small networks in the place of the two large ones; the web is a server in this process."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest
import timm

from tests.backbone_files import COMMIT, same_tensors, write_bundled
from tests.file_server import hub_answers, publish_checkpoint, served
from transferlab import profiles
from transferlab.backbones import load
from transferlab.cli import main
from transferlab.prepared_folder import check
from transferlab.profiles import LARGER, prepare

SMALL = {"torchvision/squeezenet1_1": 5, "timm/test_resnet": 2}


@pytest.fixture
def web(monkeypatch, tmp_path):
    monkeypatch.setitem(profiles.PROFILES, "classroom", SMALL)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "usual"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "usual" / "hub"))
    with served(monkeypatch) as web:
        yield web


@pytest.fixture
def published(monkeypatch, web):
    """Both networks: their weights, by name, and the file that torchvision's have."""
    source, _, file = publish_checkpoint(monkeypatch, web)
    small = timm.create_model("test_resnet")
    hub_answers(monkeypatch, web, small.state_dict())
    return {"torchvision/squeezenet1_1": source, "timm/test_resnet": small}, file


def test_the_lessons_ask_for_no_larger_network_than_these():
    sources = (Path(__file__).parents[1] / "lessons" / "_src").glob("*.py")
    asked = {name for one in sources for name in re.findall(r'here\.larger\("([^"]+)"[,)]', one.read_text())}
    assert asked - {"minilm"} == set(LARGER)  # which a package of its own brings, and a lesson goes on without
    for name, megabytes in LARGER.items():  # four bytes a number, and a little for BatchNorm's statistics
        parameters = sum(p.numel() for p in load(name, pretrained=False).parameters())
        assert 1 < megabytes * 1e6 / (4 * parameters) < 1.02


def test_binder_needs_no_network_and_is_what_the_package_has(tmp_path, capsys):
    assert main(["fetch", "--profile", "binder", "--dest", str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert f"export TORCH_HOME={tmp_path}/new/torch\n" in said
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert [item["name"] for item in manifest["items"]] == ["bundled", "language model"]
    listed = {one["path"]: one for item in manifest["items"] for one in item["files"]}
    there = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert there == {*listed, "manifest.json", "LICENCES.md"}
    for path, one in listed.items():
        content = (tmp_path / "new" / path).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert "weights: CC BY 4.0" in (tmp_path / "new" / "LICENCES.md").read_text()


def test_classroom_is_loaded_from_with_two_variables_set(monkeypatch, tmp_path, published):
    models, file = published
    report = prepare("classroom", tmp_path / "stick")
    assert not report.failed
    moved = shutil.copytree(tmp_path / "stick", tmp_path / "class", symlinks=True)
    assert not [path for path in moved.rglob("*") if path.is_symlink()]
    for name in models:
        with pytest.raises(ValueError, match="not on this machine"):
            load(name)
    manifest = json.loads((moved / "manifest.json").read_text())
    assert manifest["environment"] == {"TORCH_HOME": "torch", "HF_HUB_CACHE": "hub", "HF_HUB_OFFLINE": "1"}
    monkeypatch.setenv("TORCH_HOME", str(moved / "torch"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(moved / "hub"))
    for name, model in models.items():
        assert same_tensors(load(name).state_dict(), model.state_dict())
    vision, small = manifest["items"][2:]
    assert vision["files"][0]["path"] == f"torch/hub/checkpoints/{file}"
    assert vision["source"] == f"https://download.pytorch.org/models/{file}"
    assert "first 8 digits" in vision["checked"]
    snapshot = f"hub/models--timm--test_resnet.r160_in1k/snapshots/{COMMIT}/model.safetensors"
    assert [one["path"] for one in small["files"]] == [
        snapshot, "hub/models--timm--test_resnet.r160_in1k/refs/main",
    ]  # fmt: skip
    assert small["source"] == "https://huggingface.co/timm/test_resnet.r160_in1k"
    assert small["licence"] == "apache-2.0"


def test_again_it_asks_nobody_and_says_the_same(web, tmp_path, published):
    first = prepare("classroom", tmp_path / "stick")
    asked = len(web.asked)
    manifest = (tmp_path / "stick" / "manifest.json").read_text()
    web.files.clear()
    assert str(prepare("classroom", tmp_path / "stick")) == str(first)
    assert len(web.asked) == asked
    assert (tmp_path / "stick" / "manifest.json").read_text() == manifest


def test_what_cannot_be_brought_leaves_the_rest_and_is_gone_on_with(web, tmp_path, published, capsys):
    web.manners.breaks_after = 3_000_000  # the larger of the two breaks off
    assert main(["fetch", "--profile", "classroom", "--dest", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "✓ timm/test_resnet: " in said
    assert "✗ torchvision/squeezenet1_1: could not be downloaded" in said
    assert "3.0 MB of it are kept" in said
    assert "1 missing or changed. Type transferlab fetch --profile classroom --dest" in said
    assert main(["fetch", "--check", "--dest", str(tmp_path)]) == 1
    assert "✗ torchvision/squeezenet1_1: was not brought" in capsys.readouterr().out
    web.manners.breaks_after = None
    assert main(["fetch", "--profile", "classroom", "--dest", str(tmp_path)]) == 0
    assert web.asked[-1][1] == "bytes=3000000-"
    assert main(["fetch", "--check", "--dest", str(tmp_path)]) == 0


@pytest.mark.parametrize("which", ["torchvision/squeezenet1_1", "timm/test_resnet", "bundled"])
def test_a_file_that_was_changed_is_found_and_brought_again(web, tmp_path, published, which):
    report = prepare("classroom", tmp_path)
    for path in next(item for item in report.items if item.name == which).files:
        right = (tmp_path / path).read_bytes()
        (tmp_path / path).write_bytes(right[:-1] + b"!")
        assert check(tmp_path).failed == {which: f"{path} was changed"}
        assert not prepare("classroom", tmp_path).failed
        assert (tmp_path / path).read_bytes() == right
        (tmp_path / path).unlink()
        assert check(tmp_path).failed == {which: f"{path} is missing"}
        assert not prepare("classroom", tmp_path).failed


def test_binder_grows_into_classroom_and_not_back(web, tmp_path, published):
    prepare("binder", tmp_path)
    assert len(prepare("classroom", tmp_path).items) == 4
    with pytest.raises(ValueError, match=r"has the profile 'classroom'.*Type --profile classroom"):
        prepare("binder", tmp_path)


def test_a_package_that_was_changed_is_not_copied(monkeypatch, tmp_path):
    write_bundled(monkeypatch, tmp_path)
    with open(tmp_path / "resnet18_half.safetensors", "ab") as file:
        file.write(b"!")
    report = prepare("binder", tmp_path / "new")
    assert "is not what its card says" in report.failed["bundled"]
    assert [item.name for item in report.items] == ["language model"]


def prepared_data(folder: Path) -> Path:
    """As data_scripts/ leave it: pictures, their sums, and a card."""
    (folder / "train" / "rose").mkdir(parents=True)
    (folder / "train" / "rose" / "1.jpg").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    (folder / "SHA256SUMS").write_text(f"{digest}  train/rose/1.jpg\n")
    card = {"page": "https://example.org/flowers", "licence": "not stated", "num_bytes": 3}
    (folder / "dataset.json").write_text(json.dumps(card))
    return folder


def test_data_sets_are_listed_with_their_licence_and_checked_to_the_last_picture(tmp_path):
    data = prepared_data(tmp_path / "data" / "flowers")
    (tmp_path / "data" / "mine").mkdir()
    report = prepare("binder", tmp_path)
    item = report.items[-1]
    assert (item.name, item.licence, item.num_bytes) == ("data/flowers", "not stated", 3)
    assert list(item.files) == ["data/flowers/dataset.json", "data/flowers/SHA256SUMS"]
    assert report.notes == ("data/mine is not in the manifest",)
    (data / "train" / "rose" / "1.jpg").write_bytes(b"abd")
    assert check(tmp_path).failed == {"data/flowers": "data/flowers/train/rose/1.jpg was changed"}
    assert str(check(tmp_path)).endswith(
        "A data set is made again by its script of data_scripts/; delete its folder first."
    )
    assert not check(tmp_path, pictures=False).failed
    assert prepare("binder", tmp_path).failed == {"data/flowers": "data/flowers/train/rose/1.jpg was changed"}
    (data / "dataset.json").write_text("{}")
    assert "does not say source, licence and size" in prepare("binder", tmp_path).failed["data/flowers"]


def test_an_interruption_forgets_nothing(monkeypatch, tmp_path, published):
    prepare("classroom", tmp_path)
    before = json.loads((tmp_path / "manifest.json").read_text())

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(profiles, "_larger", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepare("classroom", tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text()) == before


def test_stopped_by_hand_it_says_that_it_goes_on(monkeypatch, tmp_path, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(profiles, "prepare", stopped)
    assert main(["fetch", "--profile", "binder", "--dest", str(tmp_path)]) == 130
    assert "stopped; the same command goes on from there." in capsys.readouterr().err


def test_no_room_is_said_before_anything_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 9 * 10**8, 10**8))
    with pytest.raises(OSError, match=r"193 MB are needed in .*, and 50 MB are free"):
        prepare("classroom", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give the name of a backbone, or --profile and --dest"),
        (["--profile", "binder"], "Give the name"),
        (["--dest", "x"], "Give the name"),
        (["bundled", "--profile", "binder"], "Give the name"),
        (["--profile", "binder", "--check", "--dest", "x"], "Give the name"),
        (["--profile", "klassroom", "--dest", "x"], "Did you mean 'classroom'"),
        (["--check", "--dest", "x"], "There is no 'x/manifest.json'"),
        (["--profile", "binder", "--dest", "file"], "'file' is a file"),
        (["--profile", "binder", "--dest", "full"], "holds other things. .*--dest full/transferlab"),
    ],
)
def test_what_cannot_be_meant(monkeypatch, tmp_path, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    assert main(["fetch", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "x").exists()
