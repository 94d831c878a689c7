"""torch's scaler works on a processor too, where its logic is tested; test_on_a_gpu.py trains with it."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.control import Control
from transferlab.loop import Loop
from transferlab.loss_scale import loss_scaler, scaled_step
from transferlab.optimizers import adamw
from transferlab.recipes import fine_tuning
from transferlab.records import Epoch

START = 65_536.0  # torch's first factor


def network_and_optimizer():
    torch.manual_seed(0)
    network = nn.Linear(4, 2)
    return network, adamw([{"params": list(network.parameters()), "lr": 0.1}])


def test_it_is_at_work_in_fp16_only():
    assert loss_scaler("fp16", "cpu").is_enabled()
    assert not loss_scaler("bf16", "cpu").is_enabled()
    assert not loss_scaler("fp32", "mps").is_enabled()
    loss = torch.ones(())
    assert loss_scaler("fp32", "cpu").scale(loss) is loss


def test_a_scaled_step_is_the_plain_one():
    """The factor is a power of two, so that multiplying and dividing by it are exact."""
    network, optimizer = network_and_optimizer()
    twin, plain = network_and_optimizer()
    scaler, x, y = loss_scaler("fp16", "cpu"), torch.randn(8, 4), torch.arange(8) % 2
    for _ in range(3):
        optimizer.zero_grad()
        scaler.scale(F.cross_entropy(network(x), y)).backward()
        plain.zero_grad()
        F.cross_entropy(twin(x), y).backward()
        assert torch.equal(network.weight.grad / START, twin.weight.grad)
        scaled_step(scaler, optimizer)
        plain.step()
        assert torch.equal(network.weight, twin.weight)


def test_an_infinite_gradient_costs_its_step_and_halves_the_factor():
    network, optimizer = network_and_optimizer()
    scaler, before = loss_scaler("fp16", "cpu"), copy.deepcopy(network.state_dict())
    for expected in (START / 2, START / 4):
        scaler.scale(network(torch.ones(1, 4)).sum()).backward()
        network.bias.grad[1] = float("inf")
        scaled_step(scaler, optimizer)
        assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
        assert scaler.get_scale() == expected
        optimizer.zero_grad()
    scaler.scale(network(torch.ones(1, 4)).sum()).backward()
    scaled_step(scaler, optimizer)
    assert not torch.equal(network.weight, before["weight"])


def loop_of(data, seed=0, device="cpu"):
    """A run in fp16 on a processor, which `fit` would refuse."""
    torch.manual_seed(0)
    recipe = fine_tuning(epochs=8, head_epochs=6, head_lr=0.01)
    return Loop(SmallResNet(2, width=8), data, recipe, None, seed, device, Control(), precision="fp16")


def test_a_run_in_fp16_learns(two_colours):
    loop = loop_of(two_colours)
    records = list(loop.records())
    assert records[-1].precision == "fp16"
    assert records[-1].accuracy >= 15 / 16
    assert {parameter.dtype for parameter in loop.model.parameters()} == {torch.float32}
    assert loop.scaler.state_dict()["_growth_tracker"] > 0  # it took part


def test_its_factor_comes_back_from_a_checkpoint(two_colours, tmp_path):
    from transferlab.checkpoints import Checkpoints

    whole = loop_of(two_colours)
    whole.scaler.load_state_dict({**whole.scaler.state_dict(), "scale": 1024.0, "growth_interval": 5})
    run = list(whole.records())[-1]

    first = loop_of(two_colours)
    first.scaler.load_state_dict({**first.scaler.state_dict(), "scale": 1024.0, "growth_interval": 5})
    for record in first.records(Checkpoints(tmp_path, first).save):
        if isinstance(record, Epoch) and record.epoch == 7:
            first.control.stop()
    assert first.scaler.get_scale() == 2048.0  # doubled after five good steps

    again = loop_of(two_colours)
    Checkpoints(tmp_path, again).resume(True)
    assert again.scaler.state_dict() == first.scaler.state_dict()
    assert list(again.records())[-1] == run
    assert again.scaler.get_scale() == 4096.0  # 14 steps
    assert all(
        torch.equal(a, b)
        for a, b in zip(again.model.state_dict().values(), whole.model.state_dict().values(), strict=True)
    )


def test_a_batch_that_overflows_is_left_out_of_a_run(two_colours):
    loop = loop_of(two_colours)
    loop.scaler.load_state_dict({**loop.scaler.state_dict(), "scale": 2.0**120})  # fp16 ends at 65,504
    records = loop.records()
    next(records)
    before = copy.deepcopy(loop.model.state_dict())
    next(records)  # the Step, before which the weights moved, or here did not
    next(records)
    assert loop.scaler.get_scale() == 2.0**119
    assert all(torch.equal(value, before[name]) for name, value in loop.model.state_dict().items())


def test_only_a_gpu_that_runs_cuda_is_asked_for_fp16(two_colours):
    from transferlab.training import fit

    with pytest.raises(ValueError, match=r"precision='fp16' is for GPUs that run CUDA, and this run is on 'cpu'"):
        fit(SmallResNet(2, width=8), two_colours, precision="fp16")
