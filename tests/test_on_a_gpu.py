"""What only a real GPU can show: `pytest tests/test_on_a_gpu.py -n 0` on a machine with one that runs CUDA.

Every other test plays the GPU or does without. Expected values are the processor's own, in fp32.
"""

import copy
import dataclasses
import json

import pytest
import torch
from torch import nn

from tests.test_training import SHORT, network
from transferlab.backbones import load
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.cli import main
from transferlab.compiled import Compiler
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.explain import explain
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.inference import predict
from transferlab.layer_probes import layer_probes
from transferlab.lr_find import lr_find
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.precision import precision_for
from transferlab.recipes import RECIPES, feature_extraction, fine_tuning, from_scratch
from transferlab.records import Epoch, Step
from transferlab.resident import DeviceCopies, free_bytes
from transferlab.stages import stages
from transferlab.training import fit, train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that runs CUDA here")


@pytest.fixture(autouse=True)
def exact_products():
    """No tf32, so that fp32 on the GPU is fp32."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@pytest.fixture
def plain(two_colours):
    """Without augmentation, and with the images that are drawn all the same."""
    return Splits(dataclasses.replace(two_colours.train, label_safe=()), two_colours.held_out)


def losses(records):
    return [record.loss for record in records if isinstance(record, Step)]


@pytest.mark.parametrize("name", SHORT)
def test_every_recipe_does_the_same_as_on_the_processor(name, two_colours):
    models, records = [], []
    for device in ("cpu", "cuda"):
        models.append(network())
        records.append(
            list(fit(models[-1], two_colours, RECIPES[name](**SHORT[name]), device=device, precision="fp32"))
        )
    assert losses(records[1]) == pytest.approx(losses(records[0]), rel=2e-3)
    assert len(records[0]) == len(records[1])
    for a, b in zip(*(model.state_dict().values() for model in models), strict=True):
        if a.is_floating_point():
            assert (a - b.cpu()).abs().max() < 2e-3 * max(1.0, float(a.abs().max()))


def test_what_is_frozen_stays_bit_equal(two_colours):
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items() if not name.startswith("fc")}
    train(model, two_colours, feature_extraction(epochs=2), device="cuda", progress=False)
    after = model.state_dict()
    assert all(torch.equal(value, after[name].cpu()) for name, value in before.items())


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns_as_fp32_does(precision, plain):
    recipe = from_scratch(epochs=12)
    whole, half = (
        list(fit(network(), plain, recipe, device="cuda", precision=one)) for one in ("fp32", precision)
    )  # fmt: skip
    assert whole[-1].accuracy > 0.9
    assert half[-1].accuracy == pytest.approx(whole[-1].accuracy, abs=0.1)
    # fp16's scaler gives its first step up when its scale is too large, so that its losses come a step behind.
    assert sum(losses(half)[-4:]) / 4 == pytest.approx(sum(losses(whole)[-4:]) / 4, abs=0.1)


def test_auto_takes_what_the_gpu_has(monkeypatch):
    monkeypatch.delenv("TRANSFERLAB_PRECISION", raising=False)
    expected = "bf16" if torch.cuda.get_device_capability() >= (8, 0) else "fp16"
    if torch.cuda.get_device_capability() >= (7, 0):
        assert precision_for("cuda") == expected


def test_compiled_as_cuda_graphs_it_is_the_same_run(plain, monkeypatch):
    made = []

    def compiler(device, wanted):
        made.append(Compiler(device, wanted))
        return made[-1]

    monkeypatch.setattr("transferlab.loop.Compiler", compiler)
    recipe = fine_tuning(epochs=3, head_epochs=2, batch_size=16)
    found = []
    for compile in (False, True):
        torch.compiler.reset()
        found.append(losses(fit(network(), plain, recipe, device="cuda", precision="fp32", compile=compile)))
    assert made[-1].wanted, "the compiler gave up"
    assert made[-1].on_gpu
    assert found[1] == pytest.approx(found[0], rel=2e-3)
    torch.compiler.reset()


def test_images_lie_on_the_device_for_the_run(two_colours):
    copies = DeviceCopies("cuda")
    there = copies.of(two_colours.train)
    assert there.images.device.type == "cuda"
    assert copies.of(two_colours.train) is there
    assert torch.equal(there.images.cpu(), two_colours.train.images)
    assert free_bytes("cuda") > 0


def test_steps_come_in_groups_and_none_is_lost(plain):
    recipe = feature_extraction(epochs=5, batch_size=4)  # 8 batches an epoch, 40 steps
    records = list(fit(network(), plain, recipe, device="cuda", precision="fp32"))
    assert [one.step for one in records if isinstance(one, Step)] == list(range(1, 41))
    assert [one.epoch for one in records if isinstance(one, Epoch)] == list(range(6))


@pytest.fixture
def little_memory():
    """Gives this process a small part of the GPU's memory, and all of it again afterwards."""
    whole = torch.cuda.get_device_properties(0).total_memory

    def allow(num_bytes):
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + num_bytes) / whole)

    yield allow
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def test_a_batch_that_does_not_fit_goes_through_in_parts(little_memory):
    data = worlds.target("objects", per_class=64, held_out_per_class=2)
    data = Splits(dataclasses.replace(data.train, label_safe=()), data.held_out)
    torch.manual_seed(0)
    model = SmallResNet(data.train.num_classes, width=64)
    models = [model, copy.deepcopy(model)]
    recipe = fine_tuning(epochs=1, head_epochs=1, keep_features=False, batch_size=512)
    whole = losses(fit(models[0], data, recipe, device="cuda", precision="fp32"))
    models[0].cpu()
    little_memory(800 * 2**20)  # 180 for weights and AdamW, and 2.3 for each image's activations
    with pytest.warns(UserWarning, match="at once"):
        parts = losses(fit(models[1], data, recipe, device="cuda", precision="fp32"))
    assert parts == pytest.approx(whole, rel=5e-3)


def test_kept_features_run_the_frozen_part_once_an_image(plain):
    model, seen = network(), []
    model.layer4.register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    train(model, plain, feature_extraction(epochs=6), device="cuda", progress=False)
    assert sum(seen) <= 2 * (len(plain.train) + len(plain.held_out))


def test_what_is_left_of_the_source_is_the_same(two_colours):
    shares = []
    for device in ("cpu", "cuda"):
        model = load("bundled")
        memory = remember(model)
        data = worlds.target("objects", per_class=4, held_out_per_class=4)
        replace_head(model, data.train.num_classes, seed=0)
        run = train(
            model, data, fine_tuning(epochs=1, head_epochs=1), memory=memory, device=device, precision="fp32",
            progress=False,
        )  # fmt: skip
        shares.append([epoch.source_accuracy for epoch in run.epochs])
    assert shares[1] == pytest.approx(shares[0], abs=0.02)


def test_a_run_that_was_broken_off_goes_on_there(two_colours, tmp_path):
    recipe = fine_tuning(epochs=2, head_epochs=1)
    model, whole = network(), []
    for record in fit(model, two_colours, recipe, device="cuda", precision="fp32", checkpoints=tmp_path / "a"):
        whole.append(record)
    interrupted = network()
    for record in fit(interrupted, two_colours, recipe, device="cuda", precision="fp32", checkpoints=tmp_path / "b"):
        if isinstance(record, Epoch) and record.epoch == 2:
            break
    resumed = list(
        fit(network(), two_colours, recipe, device="cuda", precision="fp32", checkpoints=tmp_path / "b", resume=True)
    )
    assert resumed[-1].accuracy == pytest.approx(whole[-1].accuracy, abs=0.07)
    assert resumed[-1].epochs[-1].epoch == whole[-1].epochs[-1].epoch


def test_rates_probes_heads_and_reasons_work_there(plain):
    curves = [lr_find(network(), plain, device=device) for device in ("cpu", "cuda")]
    assert curves[1].valley == pytest.approx(curves[0].valley, rel=0.5)
    model = network()
    expected = predict(model, plain.held_out)
    on_gpu = copy.deepcopy(model).cuda()
    torch.testing.assert_close(predict(on_gpu, plain.held_out).cpu(), expected, rtol=1e-3, atol=1e-3)
    for one, other in zip(layer_probes(on_gpu, plain), layer_probes(model, plain), strict=True):
        assert one.accuracy == pytest.approx(other.accuracy, abs=0.13)
    settings = [HeadSetting(1e-2, 0.01, seed) for seed in range(3)]
    pairs = zip(*(train_heads(head_features(one, plain), settings, 5, 16) for one in (on_gpu, model)), strict=True)
    for there, here in pairs:
        assert there.accuracy == pytest.approx(here.accuracy, abs=0.07)


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients", "saliency"])
def test_the_reasons_are_those_of_the_processor(method):
    model = load("bundled").eval()
    images = worlds.target("objects", per_class=1).train.images[:2]
    maps = [explain(copy.deepcopy(model).to(device), images, method=method).maps for device in ("cpu", "cuda")]
    scale = maps[0].abs().max()
    torch.testing.assert_close(maps[1] / scale, maps[0] / scale, rtol=2e-2, atol=2e-2)


def test_the_command_runs_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--quick", "--device", "cuda", "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())


def test_the_lab_trains_there():
    from transferlab.lab.data.data_choice import WorldData
    from transferlab.lab.session import Session

    session = Session("bundled", "objects", epochs=2)
    try:
        session.choose(data=WorldData("objects", per_class=8), device="cuda")
        session.start(blocking=True)
        assert session.wait(120)
        assert session.state == "finished", session.failure
    finally:
        session.close()


def test_the_stages_of_a_model_on_the_gpu_are_those_of_the_processor():
    assert stages(network().cuda()).names == stages(network()).names


def test_a_gpu_that_is_not_there_is_said(plain):
    with pytest.raises(ValueError, match="cuda:99"):
        train(network(), plain, feature_extraction(epochs=1), device="cuda:99")


def test_a_module_of_ones_own_trains_there(plain):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(8, 2)
    )
    assert train(model, plain, fine_tuning(epochs=3, head_epochs=1), device="cuda", progress=False).accuracy >= 0.5
