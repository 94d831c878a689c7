import json

import pytest
import torch

from transferlab import precision
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.precision import VARIABLE, computing_in, precision_for
from transferlab.recipes import feature_extraction, fine_tuning
from transferlab.training import train


@pytest.fixture
def calibrations(monkeypatch, tmp_path):
    """Nothing is known of this machine yet, and every calibration is counted and finds bf16 quicker."""
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(precision, "_known", {})
    calls = []
    monkeypatch.setattr(precision, "calibrate", lambda: calls.append(1) or "bf16")
    return calls


def test_what_is_asked_for_is_taken(calibrations):
    assert precision_for("cpu", "fp32") == "fp32"
    assert precision_for("cpu", "bf16") == "bf16"
    assert calibrations == []


def test_auto_tries_once_and_remembers_it_for_this_machine(calibrations, tmp_path, monkeypatch):
    assert precision_for("cpu") == precision_for("cpu") == "bf16"
    monkeypatch.setattr(precision, "_known", {})  # another process
    assert precision_for("cpu") == "bf16"
    assert calibrations == [1]
    (saved,) = json.loads((tmp_path / "precision.json").read_text()).values()
    assert saved == "bf16"
    monkeypatch.setattr(precision, "_known", {})
    monkeypatch.setattr(precision, "_machine", lambda: "another machine")
    precision_for("cpu")
    assert calibrations == [1, 1]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 3}'])
def test_a_damaged_memory_is_made_anew(calibrations, tmp_path, content):
    (tmp_path / "precision.json").write_text(content)
    assert precision_for("cpu") == "bf16"
    assert "bf16" in json.loads((tmp_path / "precision.json").read_text()).values()


def test_where_nothing_can_be_written_the_process_remembers(calibrations, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path / "file" / "below"))
    assert precision_for("cpu") == precision_for("cpu") == "bf16"
    assert calibrations == [1]


def test_the_environment_decides_what_auto_means(monkeypatch):
    monkeypatch.setenv(VARIABLE, "bf16")
    assert precision_for("cpu") == "bf16"
    assert precision_for("cpu", "fp32") == "fp32"
    monkeypatch.setenv(VARIABLE, "fp8")
    with pytest.raises(ValueError, match=f"{VARIABLE} is one of.*fp32"):
        precision_for("cpu")


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'bf16'"):
        precision_for("cpu", "bf61")


def test_fp16_is_for_gpus_that_run_cuda(monkeypatch):
    assert precision_for("cuda", "fp16") == precision_for("cuda:1", "fp16") == "fp16"
    for device in ("cpu", "mps"):
        with pytest.raises(
            ValueError, match=f"precision='fp16' is for GPUs that run CUDA, and this run is on '{device}'"
        ):
            precision_for(device, "fp16")
    monkeypatch.setenv(VARIABLE, "fp16")
    assert precision_for("cuda") == "fp16"
    with pytest.raises(ValueError, match=f"{VARIABLE}=fp16 is for GPUs"):
        precision_for("cpu")


@pytest.mark.parametrize(
    ("has_bf16", "capability", "quickest"),
    [(True, (8, 0), "bf16"), (False, (7, 5), "fp16"), (False, (7, 0), "fp16"), (False, (6, 1), "fp32")],
    ids=["A100", "T4", "V100", "GTX 1080"],
)
def test_auto_on_a_gpu_takes_what_it_has(has_bf16, capability, quickest, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert precision_for("cuda") == quickest


def test_bf16_must_be_clearly_quicker(monkeypatch):
    for ratio, winner in ((1.1, "fp32"), (1.3, "bf16")):
        monkeypatch.setattr(precision, "_seconds", lambda kind, ratio=ratio: {"fp32": ratio, "bf16": 1.0}[kind])
        assert precision.calibrate() == winner


def test_the_calibration_itself_runs():
    assert precision.calibrate() in ("fp32", "bf16")


def test_a_block_computes_products_in_bf16_and_leaves_nothing_behind():
    x = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    with computing_in("bf16", "cpu"):
        assert (x @ x).dtype == torch.bfloat16
    with computing_in("fp16", "cpu"):
        assert (x @ x).dtype == torch.float16
    with computing_in("fp32", "cpu"):
        assert (x @ x).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16), computing_in("fp32", "cpu"):  # the caller's own
        assert (x @ x).dtype == torch.float32
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("recipe", [feature_extraction(40, head_lr=0.03), fine_tuning(15, 10, head_lr=0.01)])
def test_a_run_in_bf16_learns_as_well_and_says_so(recipe, two_colours):
    runs = []
    for kind in ("fp32", "bf16"):
        torch.manual_seed(0)
        model = SmallResNet(2, width=8)
        runs.append(train(model, two_colours, recipe, precision=kind, progress=False))
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert [run.precision for run in runs] == ["fp32", "bf16"]
    assert min(run.accuracy for run in runs) >= 15 / 16
    assert runs[0].epochs[-1].held_out_loss == pytest.approx(runs[1].epochs[-1].held_out_loss, abs=0.05)


def test_features_of_one_precision_are_not_taken_for_the_others(two_colours):
    from transferlab.kept_store import kept

    for kind in ("fp32", "bf16", "fp32"):
        torch.manual_seed(0)
        train(SmallResNet(2, width=8), two_colours, feature_extraction(epochs=1), precision=kind, progress=False)
    assert sorted(str(rows.dtype) for rows in kept._entries.values()) == ["torch.bfloat16"] * 2 + ["torch.float32"] * 2
