from itertools import pairwise

import pytest
import torch
from torch import nn

from transferlab.advice.distance import channel_distance, look_distance
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import ImageSet
from transferlab.inference import model_input


def tensors(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def test_the_distance_of_two_channels_by_hand():
    one, nought = tensors(1.0), tensors(0.0)
    assert channel_distance(nought, one, nought, one) == 0
    assert channel_distance(nought, one, tensors(2.0), one) == 2  # two standard deviations
    wider = channel_distance(nought, one, nought, tensors(9.0))  # (3 − 1)² / ((9 + 1) / 2)
    assert wider == pytest.approx(0.8**0.5)
    both = channel_distance(tensors(0.0, 0.0), tensors(1.0, 1.0), tensors(2.0, 0.0), tensors(1.0, 9.0))
    assert both == pytest.approx(((4 + 0.8) / 2) ** 0.5)


def test_a_channel_that_never_varies_here_or_there_tells_nothing():
    assert channel_distance(tensors(5.0), tensors(0.0), tensors(1.0), tensors(0.0)) == 0
    assert channel_distance(tensors(0.0, 5.0), tensors(1.0, 0.0), tensors(2.0, 1.0), tensors(1.0, 0.0)) == 2


def small_net():
    """A network whose BatchNorm has seen exactly the images of `grey()`."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=None), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 2),
    )  # fmt: skip
    net.train()
    with torch.no_grad():
        net(model_input(net, grey().images))
    return net.eval()


def grey(brighter=0):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 120, (24, 3, 16, 16), generator=generator, dtype=torch.uint8) + brighter
    return ImageSet(images, torch.arange(24) % 2, ("a", "b"))


def test_the_images_that_the_statistics_come_from_are_at_no_distance_and_brighter_ones_farther_and_farther():
    net = small_net()
    values = [look_distance(net, grey(brighter), batch_size=7).value for brighter in (0, 20, 60, 120)]
    assert values[0] < 1e-3  # torch keeps the variance for N − 1
    assert values == sorted(values)
    assert values[1] > 0.1


@pytest.mark.parametrize("seed", [0, 1])
def test_it_grows_with_the_domain_gap(seed):
    model, gaps = load("bundled"), (0.0, 0.25, 0.5, 0.75, 1.0)
    values = [look_distance(model, worlds.target("objects", 3, seed=seed, domain_gap=gap).train).value for gap in gaps]
    assert all(lower < higher for lower, higher in pairwise(values)), values
    own = look_distance(model, worlds.source(per_class=2, seed=seed)).value
    assert own < values[0]


def test_labels_do_not_matter_and_everything_stays_as_it_was():
    net = small_net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net.train()
    images = grey(20)
    relabelled = ImageSet(images.images, 1 - images.labels, images.class_names)
    assert look_distance(net, images) == look_distance(net, relabelled)
    assert net.training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(module._forward_pre_hooks for module in net.modules())


class Broken(nn.Sequential):
    def forward(self, x):
        super().forward(x)
        raise RuntimeError("broken")


def test_hooks_are_gone_after_an_error():
    net = Broken(*small_net())
    with pytest.raises(RuntimeError, match="broken"):
        look_distance(net, grey())
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_networks_that_remember_nothing_have_no_distance():
    for norm in (nn.GroupNorm(1, 4), nn.BatchNorm2d(4, track_running_stats=False)):
        net = nn.Sequential(nn.Conv2d(3, 4, 3), norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
        assert look_distance(net, grey()) is None


def test_what_is_no_set_of_images_is_refused():
    with pytest.raises(ValueError, match="is that of an ImageSet"):
        look_distance(small_net(), grey().images)
