"""The files in the package themselves, and what happens where they are missing or were changed."""

import hashlib
import io
import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests.backbone_files import same_tensors, write_bundled
from transferlab.backbones import load, normalise
from transferlab.backbones.bundled_backbone import FOLDER
from transferlab.backbones.small_resnet import SmallResNet


def test_the_package_holds_weights_that_its_card_vouches_for():
    card = json.loads((FOLDER / "resnet18_half.json").read_text())
    payload = (FOLDER / "resnet18_half.safetensors").read_bytes()
    assert hashlib.sha256(payload).hexdigest() == card["sha256"]
    assert len(payload) <= 8e6
    with safe_open(FOLDER / "resnet18_half.safetensors", "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert {value.dtype for value in tensors.values()} == {torch.float16}
    assert not any(name.endswith("num_batches_tracked") for name in tensors)
    assert all(value.isfinite().all() for value in tensors.values())


def test_the_packages_own_backbone_is_pretrained_on_photos_and_drawings():
    card = load("bundled").card
    assert (card.num_classes, card.input_size, card.pretrained) == (232, 64, True)
    assert len(card.class_names) == 232
    assert sum(name.startswith("drawn ") for name in card.class_names) == 32
    assert card.num_parameters == sum(p.numel() for p in SmallResNet(232).parameters())
    assert card.megabytes == round((FOLDER / "resnet18_half.safetensors").stat().st_size / 1e6, 2)
    assert card.accuracy["photos_among_photo_classes"] >= 0.47
    assert card.accuracy["drawn_among_drawn_classes"] >= 0.90


def test_the_cards_figure_for_drawings_is_found_again():
    from transferlab.data import worlds
    from transferlab.inference import predict

    model = load("bundled")
    drawn = worlds.source(per_class=20, seed=77)  # 640 images that the card did not see
    logits = predict(model, drawn)[:, 200:]
    found = (logits.argmax(1) == drawn.labels).float().mean().item()
    expected = model.card.accuracy["drawn_among_drawn_classes"]
    # Four standard errors of a share near 0.93 from 640 images, about 0.04.
    assert abs(found - expected) < 4 * (expected * (1 - expected) / 640) ** 0.5 + 0.01


def test_the_cards_figure_for_photos_is_found_again():
    import numpy as np
    from PIL import Image

    path = Path(__file__).parents[2] / "shared" / "data" / "tiny_imagenet.npz"
    if not path.exists():
        pytest.skip(f"needs the photos of Tiny ImageNet in {path}, which are not part of the repository")
    with np.load(path) as arrays:
        content, ends, labels = (arrays[f"val_{name}"] for name in ("bytes", "offsets", "labels"))
    chosen = range(0, len(labels), 10)
    photos = [Image.open(io.BytesIO(content[ends[i] : ends[i + 1]].tobytes())).convert("RGB") for i in chosen]
    images = torch.stack([torch.from_numpy(np.array(photo)).permute(2, 0, 1) for photo in photos])  # (1000, 3, 64, 64)
    model = load("bundled").eval()
    with torch.no_grad():
        logits = torch.cat([model(normalise(part, model.card)) for part in images.split(250)])[:, :200]
    found = (logits.argmax(1) == torch.from_numpy(labels[::10]).long()).float().mean().item()
    expected = model.card.accuracy["photos_among_photo_classes"]
    assert abs(found - expected) < 4 * (expected * (1 - expected) / len(images)) ** 0.5


def test_weights_are_half_on_disk_and_full_in_memory(monkeypatch, tmp_path):
    weights = write_bundled(monkeypatch, tmp_path)
    state = load("bundled").state_dict()
    assert {value.dtype for value in state.values()} == {torch.float32, torch.int64}
    floats = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    assert same_tensors(floats, {name: value.float() for name, value in weights.items()})


def test_the_card_is_the_files(monkeypatch, tmp_path):
    write_bundled(monkeypatch, tmp_path)
    card = load("resnet18_half").card
    assert (card.name, card.library, card.weights, card.pretrained) == ("bundled", "transferlab", "bundled", True)
    assert card.class_names[231] == "class 231"
    assert card.accuracy["photos_among_photo_classes"] == 0.5012
    assert card.details["epochs"] == 56


def test_a_changed_file_is_refused(monkeypatch, tmp_path):
    write_bundled(monkeypatch, tmp_path)
    path = tmp_path / "resnet18_half.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"were changed: sha256 .* and the card says .* Install transferlab again"):
        load("bundled")


@pytest.mark.parametrize(
    ("file", "message"),
    [("resnet18_half.safetensors", "weights are not in this installation"), ("resnet18_half.json", "cannot be read")],
)
def test_a_missing_file_is_named(monkeypatch, tmp_path, file, message):
    write_bundled(monkeypatch, tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(ValueError, match=rf"(?s){message}.*|{file}.*{message}"):
        load("bundled")


def test_a_broken_card_is_named(monkeypatch, tmp_path):
    write_bundled(monkeypatch, tmp_path)
    (tmp_path / "resnet18_half.json").write_text('{"name": "bundled"}')
    with pytest.raises(ValueError, match=r"bundled card .* is broken: .*missing"):
        load("bundled")


def test_random_weights_need_no_files_where_the_classes_are_given(monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules["transferlab.backbones.bundled_backbone"], "FOLDER", tmp_path / "nowhere")
    model = load("bundled", num_classes=8, pretrained=False)
    assert model.fc.out_features == 8
    assert not model.card.pretrained
    assert model.card.input_size == 64


def test_its_first_kernels_are_edges_at_least_three_times_as_often_as_random_ones():
    from transferlab.explain import filter_report

    report = filter_report(load("bundled"))
    assert report.ratio_at_least >= 3


@pytest.mark.slow
def test_after_fine_tuning_maps_lie_on_the_things():
    """`transferlab explain`, as the README has it: twice what chance would put there, on 200 images."""
    from transferlab.comparison import find_data
    from transferlab.examination import Examination

    examination = Examination("bundled", find_data("objects", 20, 64, 0))
    for _ in examination.train():
        pass
    found = examination.inside(("grad_cam", "integrated_gradients"), 200)
    assert all(one.share.mean >= 2 for one in found.values())
    assert not any(one.randomisation.survives for one in examination.verdicts())
