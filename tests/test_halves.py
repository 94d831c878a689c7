import pytest
import torch
from torch import nn
from torch.nn import functional as F

from transferlab.backbones import load
from transferlab.heads import replace_head
from transferlab.stages import cut_points, stages
from transferlab.stages.halves import halves


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("bundled", 64),
        ("torchvision/mobilenet_v3_small", 64),
        ("torchvision/densenet121", 64),
        ("torchvision/googlenet", 96),
        ("torchvision/swin_t", 64),
        ("timm/vit_tiny_patch16_224", 224),
        ("timm/efficientnet_b0", 64),
        ("timm/convnext_atto", 64),
    ],
)
def test_the_halves_together_are_the_model_bit_for_bit_at_every_traced_cut(name, size):
    torch.manual_seed(0)
    model = load(name, pretrained=name == "bundled").eval()
    x = torch.randn(2, 3, size, size)
    cuts = [cut for cut in cut_points(model) if cut.how == "traced"]
    assert len(cuts) >= 4
    with torch.no_grad():
        expected = model(x)
        for cut in cuts:
            front, back = halves(model, cut.index)
            assert torch.equal(back(front(x)), expected), cut


def test_no_module_runs_in_both_halves():
    model = load("bundled")
    front, back = halves(model, "layer3")
    first = {name.partition(".")[0] for name in front.modules}
    second = {name.partition(".")[0] for name in back.modules}
    assert first == {"conv1", "bn1", "relu", "maxpool", "layer1", "layer2"}
    assert second == {"layer3", "layer4", "avgpool", "fc"}


def test_the_back_trains_the_model_itself_and_runs_a_head_that_came_later():
    model = load("bundled")
    front, back = halves(model, "fc")
    replace_head(model, 3)
    back(front(torch.randn(2, 3, 64, 64)).detach()).sum().backward()
    assert model.fc.weight.grad is not None
    assert model.fc.weight.shape[0] == 3
    assert model.layer4[0].conv1.weight.grad is None


def test_parameters_of_the_forward_itself_are_on_their_side_of_the_cut():
    model = load("timm/vit_tiny_patch16_224", pretrained=False)
    front, back = halves(model, stages(model).names[1])
    assert {"pos_embed", "cls_token"} <= set(front.parameters)
    assert not back.parameters


class Skipping(nn.Module):
    """Two tensors go over the boundary between `b` and `c`, one over that between `a` and `b`."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.fc = (nn.Linear(4, 4) for _ in range(4))

    def forward(self, x):
        a = self.a(x)
        return self.fc(self.c(self.b(a)) + a)


def test_where_two_tensors_cross_the_error_names_the_stages_where_one_does():
    with pytest.raises(ValueError, match=r"in front of 'c'.*Stages where it can be: b, fc"):
        halves(Skipping(), "c")


class Dropping(Skipping):
    def forward(self, x):
        return self.fc(F.dropout(self.c(self.b(self.a(x))), 0.5))


class Choosing(Skipping):
    def forward(self, x):
        return self.fc(self.b(x)) if x.sum() > 0 else self.fc(self.a(x))


@pytest.mark.parametrize(("model", "reason"), [(Dropping, "dropout between modules"), (Choosing, "depend on values")])
def test_a_forward_that_cannot_be_replayed_is_refused_with_its_reason(model, reason):
    with pytest.raises(ValueError, match=reason):
        halves(model(), "fc")


class Marked(nn.Module):
    """Between its layers a pair goes over as one tensor, which each layer's caller takes apart again."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        joined = torch.cat([self.first(x), x[:, :1] > 0], -1)  # (B, 7): features and a mark
        hidden, mark = joined[:, :-1], joined[:, -1:]
        joined = torch.cat([self.second(hidden) * mark, mark], -1)
        return self.fc(joined[:, :-1] + joined[:, -1:])


def test_a_cut_lies_anywhere_between_two_calls_where_one_tensor_goes_over():
    torch.manual_seed(0)
    model, x = Marked(), torch.randn(5, 4)
    for stage, width in (("second", 7), ("fc", 6)):  # in front of fc their sum goes over
        front, back = halves(model, stage)
        assert front(x).shape == (5, width)
        assert torch.equal(back(front(x)), model(x))
