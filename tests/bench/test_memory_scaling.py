"""What is kept is counted in bytes, which are the same on every machine; megabytes of a process are for the command."""

import json

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.bench import measuring
from transferlab.bench.memory_scaling import COLUMNS, memory_figures, memory_table
from transferlab.bench.task import read_task
from transferlab.boundary import Boundary
from transferlab.cli import main
from transferlab.data.images import ImageSet, Splits
from transferlab.freezing import freeze, freeze_to
from transferlab.kept_store import kept
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.recipes import feature_extraction, gradual_unfreezing
from transferlab.training import train

FEATURES = 4 * 64  # bytes of what the head of this network reads of an image


def network():
    torch.manual_seed(0)
    return SmallResNet(2, width=8)


def images(number):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (number, 3, 32, 32), generator=generator, dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(number) % 2, ("even", "odd"))


@pytest.mark.parametrize("views", [1, 2])
def test_a_boundary_keeps_bytes_by_the_image_and_the_view(views):
    model = network()
    for stage, row_bytes in (("fc", FEATURES), ("layer4", 4 * 32 * 2 * 2)):  # (32, 2, 2) in front of the last stage
        freeze_to(model, stage)
        for number in (32, 64, 96):
            boundary = Boundary(model, images(number), views)
            for rows in torch.arange(number).split(32):
                boundary(rows)
            assert boundary.kept.num_bytes == boundary.kept._memory.nbytes == number * views * row_bytes


def kept_after(number, recipe, runs=1):
    kept.clear()
    data = Splits(images(number), images(number).subset(range(16)))
    for seed in range(runs):
        train(network(), data, recipe, seed=seed, progress=False)
    return kept.num_bytes


def test_a_run_keeps_bytes_by_the_image_whatever_its_epochs():
    both_views_and_held_out = [(2 * number + 16) * FEATURES for number in (32, 64)]
    for epochs in (1, 4):
        assert [kept_after(number, feature_extraction(epochs)) for number in (32, 64)] == both_views_and_held_out
    once, longer = (kept_after(32, gradual_unfreezing(epochs, head_epochs=2)) for epochs in (1, 3))
    assert once == longer


def test_more_runs_on_the_same_images_keep_nothing_more():
    once = kept_after(32, feature_extraction(1))
    assert kept_after(32, feature_extraction(1, head_lr=1e-4), runs=3) == once


def test_many_heads_read_the_same_features_however_many_they_are():
    features = head_features(network(), Splits(images(64), images(16)))
    assert features.train.nbytes == 2 * 64 * FEATURES
    smaller = features.subset(range(32))
    assert smaller.train.nbytes == 2 * 32 * FEATURES
    addresses = []
    for heads in (2, 20):
        results = train_heads(features, [HeadSetting(seed=seed) for seed in range(heads)], epochs=1)
        assert sum(one.weight.nbytes + one.bias.nbytes for one in results) == heads * (2 * FEATURES + 2 * 4)
        addresses.append(features.train.data_ptr())
    assert len(set(addresses)) == 1


def test_a_frozen_head_leaves_no_gradient_below_it():
    model = network()
    freeze(model)
    train(model, Splits(images(32), images(16)), feature_extraction(1), progress=False)
    with_gradient = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert with_gradient == {"fc.weight", "fc.bias"}


@pytest.fixture
def workers(monkeypatch):
    """Processes that use 700 MB, and with twice the epochs a megabyte an image."""

    def measured(task, one):
        number = len(read_task(task).data.train)
        return {"way": one.name, "cpu_seconds": 1.0, "peak_megabytes": 700 + (number if one.name == "twice" else 0)}

    monkeypatch.setattr(measuring, "_measured", measured)


def test_the_table_shows_what_a_thousand_more_images_take(workers):
    figures = memory_figures(lambda text: None, small=True)
    assert [one["num_images"] for one in figures["sizes"]] == [32, 64]
    lines = memory_table(figures).splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["32", "images", "700", "MB", "732", "MB", "700", "MB"],
        ["64", "images", "700", "MB", "764", "MB", "700", "MB"],
        ["1,000", "images", "more", "+0", "MB", "+1,000", "MB", "+0", "MB"],
    ]
    json.dumps(figures)


def test_the_command_prints_the_table_and_says_what_it_does_not_take(workers, tmp_path, capsys):
    out = tmp_path / "memory.json"
    assert main(["bench", "--memory", "--native", "--out", str(out)]) == 2
    assert "leave --job, --way, --native, --add and the others out" in capsys.readouterr().err
    assert not out.exists()
    assert main(["bench", "--memory", "--small", "--out", str(out)]) == 0
    assert memory_table(json.loads(out.read_text())) in capsys.readouterr().out


def test_where_the_system_does_not_tell_the_table_says_so():
    sizes = [
        {"num_images": number, "measurements": [{"way": name, "peak_megabytes": None} for name in COLUMNS]}
        for number in (32, 64)
    ]
    assert memory_table({"sizes": sizes}).splitlines()[2].split() == ["32", "images", "–", "–", "–"]
