import copy

import pytest
import torch
from torch import Tensor, nn

from tests.test_stages import SizeDependent, Skip, ValueDependent
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.stages import cut_points


def test_cut_points_of_a_chain():
    cuts = cut_points(SmallResNet(5, width=8))
    assert [(cut.index, cut.before, cut.after) for cut in cuts] == [
        (1, "conv1", "layer1"), (2, "layer1", "layer2"), (3, "layer2", "layer3"), (4, "layer3", "layer4"),
        (5, "layer4", "fc"),
    ]  # fmt: skip
    assert {cut.how for cut in cuts} == {"traced"}
    assert cuts[0].module == "maxpool"
    assert cuts[4].module is None  # what crosses is the flattened tensor, made by a function


@pytest.mark.parametrize("model", [Skip(), SizeDependent()], ids=["traced", "checked"])
def test_a_connection_around_a_stage_is_no_cut(model):
    cuts = cut_points(model, torch.randn(2, 3, 8, 8))
    # conv1 | conv2: only a crosses; conv2 | conv3: a and b; conv3 | fc: traced, their sum; run, conv3's output lacks a
    expected = {"conv2", "fc"} if type(model) is Skip else {"conv2"}
    assert {cut.after for cut in cuts} == expected


def test_one_pooling_used_twice_is_no_obstacle():
    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2, self.pool = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.MaxPool2d(2)
            self.fc1, self.fc2 = nn.Linear(4 * 6 * 6, 8), nn.Linear(8, 2)

        def forward(self, x):
            x = self.pool(self.conv2(self.pool(self.conv1(x))))
            return self.fc2(self.fc1(x.flatten(1)).relu())

    class Untraceable(LeNet):
        def forward(self, x):
            return super().forward(x * int(x.shape[2] > 0))

    assert [cut.after for cut in cut_points(LeNet())] == ["conv2", "fc1", "fc2"]
    assert [cut.after for cut in cut_points(Untraceable(), torch.randn(2, 3, 32, 32))] == ["conv2", "fc1", "fc2"]


def test_without_an_example_an_untraceable_model_has_only_the_cuts_of_its_sequentials():
    class Model(ValueDependent):
        def __init__(self):
            nn.Module.__init__(self)
            self.token = nn.Parameter(torch.zeros(1, 4, 1, 1))
            self.early = nn.Conv2d(3, 4, 3)
            self.late = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1))
            self.classifier = nn.Linear(4, 3)

    model = Model()
    assert [(cut.after, cut.how) for cut in cut_points(model)] == [("late.1", "tree"), ("late.2", "tree")]
    checked = cut_points(model, torch.randn(2, 3, 8, 8))
    assert [(cut.after, cut.how) for cut in checked] == [
        ("late.0", "checked"), ("late.1", "checked"), ("late.2", "checked"), ("classifier", "checked"),
    ]  # fmt: skip


def test_a_cut_is_what_it_says():
    # The oracle: put one image's activations in at the cut, and the rest of the network gives that image's answer.
    model = SmallResNet(5, width=8).eval()
    one, other = torch.randn(2, 2, 3, 64, 64)
    for cut in cut_points(model):
        if cut.module is None:
            continue
        kept: list[Tensor] = []
        module = model.get_submodule(cut.module)
        with torch.no_grad():
            hook = module.register_forward_hook(lambda m, i, output, kept=kept: kept.append(output))
            answer = model(one)
            hook.remove()
            hook = module.register_forward_hook(lambda *_, kept=kept: kept[0])
            assert torch.equal(model(other), answer)
            hook.remove()


def test_looking_for_cuts_leaves_modes_and_hooks_alone():
    model = SizeDependent().train()
    model.conv2.eval()
    state = copy.deepcopy(model.state_dict())
    cut_points(model, torch.randn(2, 3, 8, 8))
    assert model.training
    assert not model.conv2.training
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())

    with pytest.raises(RuntimeError):
        cut_points(model, torch.randn(2, 5, 8, 8))  # five channels
    assert not any(module._forward_hooks for module in model.modules())
    assert model.training


def test_an_example_is_a_batch():
    with pytest.raises(ValueError, match=r"example is a batch such as torch\.randn"):
        cut_points(SmallResNet(5, width=8), 3)
