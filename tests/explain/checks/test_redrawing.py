import pytest
import torch
from torch import nn

from tests.explain.checks.planted import assert_same, state
from transferlab.backbones.preprocessing import normalise
from transferlab.explain.checks.redrawing import cascade, redraw
from transferlab.explain.working_copy import working_copy
from transferlab.stages import stages


def test_the_cascade_goes_down_from_the_head_and_leaves_the_rest_alone(trained):
    model, images = trained
    before = state(model)
    names = []
    for name, redrawn in cascade(model, images.images):
        names.append(name)
        changed = {key.split(".")[0] for key, value in redrawn.named_parameters() if not value.equal(before[0][key])}
        assert changed <= {*names, "bn1"}
        assert {*names} <= changed
        untouched = set(stages(model).names) - set(names)
        for key, value in redrawn.state_dict().items():
            if key.split(".")[0] in untouched:
                assert torch.equal(value, before[0][key]), key
        assert not any(m.training or m._forward_hooks for m in redrawn.modules())
        assert torch.isfinite(redrawn(normalise(images.images))).all()
    assert names == ["fc", "layer4", "layer3", "layer2", "layer1", "conv1"]
    assert_same(before, state(model))


def test_weights_keep_their_size_biases_go_and_norms_start_anew(trained):
    model, _ = trained
    inside = working_copy(model)
    redraw(inside, stages(inside)[4], torch.Generator().manual_seed(0))
    old, new = model.layer4[1].conv2.weight, inside.layer4[1].conv2.weight
    assert new.square().mean().sqrt().item() == pytest.approx(old.square().mean().sqrt().item(), rel=0.03)
    assert abs(torch.corrcoef(torch.stack([old.flatten(), new.flatten()]))[0, 1]) < 0.05
    assert (inside.layer4[1].bn2.weight == 1).all()
    assert (inside.layer4[1].bn2.bias == 0).all()


def test_signals_neither_vanish_nor_blow_up_in_a_deep_network_without_normalisation():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()]
        for _ in range(12):
            layers += [nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
        model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.1)  # a network that a plain draw of the same size would silence
    images = torch.randint(256, (8, 3, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    x = normalise(images)
    for _, redrawn in cascade(model, images):
        assert redrawn(x).var(0).mean().item() == pytest.approx(model(x).var(0).mean().item(), rel=1e-3)


def test_batch_norm_takes_the_statistics_of_the_images(trained):
    model, images = trained
    *_, (_, redrawn) = cascade(model, images.images)
    with torch.no_grad():
        first = redrawn.conv1(normalise(images.images))
    assert torch.allclose(redrawn.bn1.running_mean, first.mean((0, 2, 3)), atol=1e-4)
    assert redrawn.bn1.momentum == model.bn1.momentum


def test_the_same_seed_draws_the_same_weights(trained):
    model, images = trained

    def last(seed):
        *_, (_, redrawn) = cascade(model, images.images, seed)
        return redrawn.state_dict()["conv1.weight"].clone()

    assert torch.equal(last(0), last(0))
    assert not torch.equal(last(0), last(1))
