import copy

import pytest
import torch

from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import ImageSet
from transferlab.inference import predict
from transferlab.layer_probes import layer_probes, pooled, ridge


def problem(seed=0, number=40, features=6):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(number, features, generator=generator, dtype=torch.float64)
    y = (x[:, 0] + 0.8 * torch.randn(number, generator=generator) > 0).long() + (x[:, 1] > 1).long()
    return x - x.mean(0), y


def refitted(x, targets, penalty):
    """Ridge regression with a bias from its normal equations: a function from features to answers."""
    mean, centre = x.mean(0), targets.mean(0)
    gram = (x - mean).T @ (x - mean) + penalty * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(gram, (x - mean).T @ (targets - centre))
    return lambda other: centre + (other - mean) @ weight


def test_the_leave_one_out_accuracy_is_that_of_leaving_each_one_out():
    x, y = problem()
    strength, found, weight, bias = ridge(x, y, 3)
    targets = torch.nn.functional.one_hot(y, 3).double()
    right = 0
    for i in range(len(x)):
        others = [j for j in range(len(x)) if j != i]
        right += int(refitted(x[others], targets[others], strength * len(x))(x[i : i + 1]).argmax() == y[i])
    assert found == pytest.approx(right / len(x))
    assert torch.allclose(x @ weight + bias, refitted(x, targets, strength * len(x))(x), atol=1e-8)


def test_more_features_than_images_are_no_matter():
    x, y = problem(number=20, features=50)
    strength, found, weight, bias = ridge(x, y, 3)
    answers = refitted(x, torch.nn.functional.one_hot(y, 3).double(), strength * 20)(x)
    assert torch.allclose(x @ weight + bias, answers, atol=1e-8)
    assert 0 <= found <= 1


@pytest.mark.parametrize("shape", [(2, 8, 5, 5), (2, 5, 5, 8), (2, 8, 5, 7), (2, 17, 8), (2, 8), (2, 8, 8, 8)])
def test_features_become_one_vector_an_image(shape):
    features = torch.randn(shape)
    assert pooled(features).shape == (2, 8)
    if len(shape) == 4 and shape != (2, 5, 5, 8):
        assert torch.allclose(pooled(features)[1, 2], features[1, 2].mean())


def test_the_bundled_backbone_gets_better_towards_its_top_and_stays_as_it_is():
    model = load("bundled").train()
    before = copy.deepcopy(model.state_dict())
    data = worlds.target("objects", per_class=20, seed=0)
    probes = layer_probes(model, data)
    assert [probe.stage for probe in probes] == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    assert [probe.num_features for probe in probes] == [32, 32, 64, 128, 256]
    assert all(probe.interval[0] < probe.accuracy < probe.interval[1] for probe in probes)
    assert probes[-1].accuracy > probes[0].accuracy + 0.2
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_last_probe_reads_what_the_head_reads():
    """A probe of the pretrained answers themselves: the head is linear, so the probe finds nearly all of them."""
    model = load("bundled")
    source = worlds.source(per_class=12, seed=3)
    answers = predict(model, source).argmax(1)
    names = tuple(map(str, range(232)))
    data = ImageSet(source.images, answers, names).split(0.25, seed=0)
    last = layer_probes(model, data)[-1]
    assert last.accuracy > 0.7


@pytest.mark.parametrize(
    "name", ["torchvision/mobilenet_v3_small", "timm/test_efficientnet", "torchvision/squeezenet1_1"]
)
def test_other_architectures_are_tapped_too(name, two_colours):
    model = load(name, num_classes=2, pretrained=False)
    probes = layer_probes(model, two_colours)
    assert len(probes) >= 3
    assert max(probe.accuracy for probe in probes) == 1.0  # red and blue


def test_a_stage_that_knows_nothing_guesses(two_colours):
    torch.manual_seed(0)
    labels = torch.randint(0, 2, (len(two_colours.held_out),))
    data = type(two_colours)(
        ImageSet(two_colours.train.images, torch.randint(0, 2, (32,)), ("a", "b")),
        ImageSet(two_colours.held_out.images, labels, ("a", "b")),
    )
    for probe in layer_probes(load("bundled"), data):
        assert 0.1 < probe.accuracy < 0.9
