"""The script that made the bundled backbone, on a Tiny ImageNet of flat colours: it resumes, and its card is true."""

import hashlib
import importlib
import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

SCRIPTS = Path(__file__).parents[1] / "data_scripts"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """The official layout: 200 classes, one training image each, ten for validation."""
    root = tmp_path_factory.mktemp("photos") / "tiny-imagenet-200"
    wnids = [f"n{i:08d}" for i in range(200)]
    (root / "val" / "images").mkdir(parents=True)
    (root / "wnids.txt").write_text("\n".join(wnids) + "\n")
    (root / "words.txt").write_text("".join(f"{wnid}\tthing {i}, other name\n" for i, wnid in enumerate(wnids)))
    rows = []
    for i, wnid in enumerate(wnids):
        colour = (i, 255 - i, (i * 37) % 256)
        folder = root / "train" / wnid / "images"
        folder.mkdir(parents=True)
        Image.new("RGB", (64, 64), colour).save(folder / f"{wnid}_0.JPEG")
        if i % 20 == 0:
            Image.new("RGB", (64, 64), colour).save(root / "val" / "images" / f"val_{i}.JPEG")
            rows.append(f"val_{i}.JPEG\t{wnid}\t0\t0\t63\t63\n")
    (root / "val" / "val_annotations.txt").write_text("".join(rows))
    return root


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("pretrain_backbone")


@pytest.fixture
def pretrain(script, photos, monkeypatch):
    """The script's `main` on few images and small batches."""
    for name, value in {"DRAWN_PER_CLASS": 1, "DRAWN_TEST_PER_CLASS": 1, "BATCH": 16}.items():
        monkeypatch.setattr(script, name, value)

    def run(out, *arguments):
        fixed = ["--photos", str(photos), "--out", str(out), "--epochs", "3", "--drawn-from", "1", "--device", "cpu"]
        monkeypatch.setattr(sys, "argv", ["pretrain_backbone.py", *fixed, "--precision", "fp32", *arguments])
        script.main()

    return run


def without_times(log):
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in log.splitlines()]


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(pretrain, tmp_path):
    pretrain(tmp_path / "whole")
    pretrain(tmp_path / "parts", "--stop-after", "1")
    assert not (tmp_path / "parts" / "resnet18_half.safetensors").exists()
    (tmp_path / "parts" / "resnet18_half.safetensors.partial").write_bytes(b"left by a kill")
    pretrain(tmp_path / "parts")
    whole, parts = (load_file(tmp_path / name / "resnet18_half.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "parts")]
    assert without_times(logs[0]) == without_times(logs[1])
    assert [line["images"] for line in without_times(logs[0])] == [192, 224, 224]  # 200, then 232, in batches of 16

    card = json.loads((tmp_path / "whole" / "resnet18_half.json").read_text())
    payload = (tmp_path / "whole" / "resnet18_half.safetensors").read_bytes()
    assert card["sha256"] == hashlib.sha256(payload).hexdigest()
    assert len(card["class_names"]) == card["num_classes"] == 232
    assert card["class_names"][0] == "thing 0"
    assert "SGD with Nesterov momentum" in card["recipe"]
    assert {value.dtype for value in whole.values()} == {torch.float16}


def test_a_checkpoint_of_another_length_is_refused(pretrain, tmp_path):
    pretrain(tmp_path, "--stop-after", "1")
    with pytest.raises(SystemExit, match="was started for 3 epochs; you asked for 5"):
        pretrain(tmp_path, "--epochs", "5")


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero_four_times(script):
    rates = [script.learning_rate(epoch / 50 / 100) for epoch in range(5001)]  # a hundredth of an epoch each
    ends = (0, 24, 36, 46, 50)
    assert [rates[epoch * 100] for epoch in ends] == pytest.approx([0] * 5, abs=1e-12)
    cycles = [rates[100 * start : 100 * end + 1] for start, end in pairwise(ends)]
    for cycle, highest in zip(cycles, (0.4, 0.3, 0.2, 0.1), strict=True):
        assert max(cycle) == pytest.approx(highest)
        peak = cycle.index(max(cycle))
        assert cycle[:peak] == sorted(cycle[:peak])
        assert cycle[peak:] == sorted(cycle[peak:], reverse=True)


def test_a_batch_is_gathered_from_all_parts(script):
    parts = [torch.arange(3), torch.arange(10, 14)]
    assert sorted(script.gathered(parts, torch.tensor([6, 0, 2, 3])).tolist()) == [0, 2, 10, 13]


def test_the_mean_of_two_states_with_statistics_of_its_own(script, monkeypatch):
    monkeypatch.setattr(script, "BATCH", 8)
    torch.manual_seed(0)
    model, other = (script.SmallResNet(3, width=8) for _ in range(2))
    ends = [script.half(model), script.half(other)]
    script.load_mean(model, ends)
    expected = (ends[0]["conv1.weight"].float() + ends[1]["conv1.weight"].float()) / 2
    assert torch.equal(model.conv1.weight, expected)
    images = torch.randint(0, 256, (16, 3, 64, 64), dtype=torch.uint8)
    seen = []
    model.conv1.register_forward_hook(lambda module, inputs, output: seen.append(output.mean((0, 2, 3))))
    script.measure_statistics(model, [images], seed=0, device="cpu")
    assert len(seen) == 2
    torch.testing.assert_close(model.bn1.running_mean, torch.stack(seen).mean(0))  # two batches of eight
    assert model.bn1.momentum == 0.1
    assert not model.training


def test_the_last_weights_always_belong_to_the_mean(script):
    assert [epoch for epoch in range(1, 51) if script.ends_here(epoch, 50)] == [46, 50]
    assert script.ends_here(3, 3)
    assert script.ends_here(100, 100)
