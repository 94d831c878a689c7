import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from transferlab.backbones.preprocessing import normalise
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import ImageSet
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.keep_methods import EWC, L2SP, LwF, Replay
from transferlab.keeping import Keeping
from transferlab.recipes import fine_tuning, from_scratch
from transferlab.training import fit, train

METHODS = [L2SP(), EWC(), LwF(), Replay(batch_size=4)]


def model_and_memory(data):
    torch.manual_seed(0)
    model = SmallResNet(5, width=8)
    memory = remember(model, data.held_out, rehearsal=data.train)
    replace_head(model, 2)
    return model, memory


def line(weights=(0.0, 0.0, 0.0)):
    """One feature, the weighted sum of an image's mean colours, and a head of two opposite answers to it."""
    model = nn.Sequential(
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1, bias=False)), nn.Linear(1, 2, bias=False)
    )
    with torch.no_grad():
        model[0][2].weight.copy_(torch.tensor([weights]))
        model[1].weight.copy_(torch.tensor([[1.0], [-1.0]]))
    return model


def colours(images: ImageSet) -> torch.Tensor:
    return normalise(images.images).mean((2, 3))  # (N, 3)


def test_l2_sp_by_hand(two_colours):
    model, _ = model_and_memory(two_colours)
    keeping = Keeping(L2SP(strength=0.1), model, None)
    assert keeping.term(0).item() == 0.0
    with torch.no_grad():
        model.conv1.weight[0, 0, 0, 0] += 2.0
        model.bn1.bias[0] -= 1.0
        model.fc.weight += 5.0  # the head has no pretrained place to go back to
    assert keeping.term(0).item() == pytest.approx(0.1 / 2 * (4.0 + 1.0), rel=1e-5)
    model.conv1.requires_grad_(False)  # what is frozen stays where it is anyway
    assert keeping.term(0).item() == pytest.approx(0.1 / 2 * 1.0, rel=1e-5)


def test_the_fisher_information_by_hand(two_colours):
    """Both answers are equally likely, so the loss changes by ±1 with the feature, whichever of them is drawn."""
    model = line()
    memory = remember(model, two_colours.held_out, rehearsal=two_colours.train)
    keeping = Keeping(EWC(strength=8.0), model, memory)
    expected = colours(two_colours.train).square().mean(0)  # (∂feature/∂weight)² is the colour squared
    assert torch.allclose(keeping.importance["0.2.weight"][0], expected, rtol=1e-5)
    with torch.no_grad():
        model[0][2].weight += 0.5
    assert keeping.term(0).item() == pytest.approx(8 / 2 * (expected * 0.25).sum().item(), rel=1e-5)


def test_distillation_by_hand(two_colours):
    model = line((1.0, 0.0, 0.0))
    memory = remember(model, two_colours.held_out)
    replace_head(model, 2)
    keeping = Keeping(LwF(strength=3.0, temperature=2.0), model, memory)
    with torch.no_grad():
        model[0][2].weight.copy_(torch.tensor([[0.0, 1.0, 0.0]]))
    keeping.look()
    x = normalise(two_colours.train.images[:6])
    model(x)
    red, green = colours(two_colours.train)[:6, :2].T
    before, now = torch.sigmoid(red), torch.sigmoid(green)  # of (z, −z) at temperature 2
    divergence = before * (before / now).log() + (1 - before) * ((1 - before) / (1 - now)).log()
    assert keeping.term(0).item() == pytest.approx(3.0 * 4.0 * divergence.mean().item(), rel=1e-4)


def test_rehearsal_by_hand(two_colours):
    model = line((1.0, 0.0, 0.0))
    memory = remember(model, two_colours.held_out, rehearsal=two_colours.train)
    keeping = Keeping(Replay(strength=2.0, batch_size=500), model, memory)
    keeping.look()
    loss = keeping.term(7)
    # 500 draws out of 32 images: near the mean loss of all; agreement's right answers are the likelier ones
    mean = F.softplus(-2 * colours(two_colours.train)[:, 0].abs()).mean().item()
    assert loss.item() == pytest.approx(2 * mean, rel=0.2)
    assert keeping.term(7).item() == loss.item() != keeping.term(8).item()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_every_method_trains_the_backbone_alone_and_leaves_no_hooks(method, two_colours):
    model, memory = model_and_memory(two_colours)
    head = copy.deepcopy(memory.head.state_dict())
    recipe = fine_tuning(epochs=2, head_epochs=1, keep=method)
    run = train(model, two_colours, recipe, memory=memory, progress=False)
    plain, memory = model_and_memory(two_colours)
    other = train(plain, two_colours, fine_tuning(epochs=2, head_epochs=1), memory=memory, progress=False)
    assert run.epochs[1] == other.epochs[1]  # frozen: nothing to keep
    assert run.epochs[-1].held_out_loss != other.epochs[-1].held_out_loss
    assert math.isfinite(run.epochs[-1].train_loss)
    assert all(torch.equal(value, head[name]) for name, value in memory.head.state_dict().items())
    assert not model._forward_pre_hooks
    assert not model.fc._forward_pre_hooks
    assert run.settings["keep"]["method"] == type(method).__name__
    assert type(run).from_dict(run.to_dict()) == run


@pytest.mark.parametrize("method", [L2SP(strength=50.0), EWC(strength=1e6)], ids=lambda method: type(method).__name__)
def test_a_firm_grip_holds_the_backbone_near_its_beginning(method, two_colours):
    distances = []
    for keep in (None, method):
        model, memory = model_and_memory(two_colours)
        before = {name: value.clone() for name, value in model.named_parameters()}
        train(
            model,
            two_colours,
            fine_tuning(epochs=8, head_epochs=1, head_lr=1e-2, keep=keep),
            memory=memory,
            progress=False,
        )
        moved = [
            (p - before[name]).square().sum() for name, p in model.named_parameters() if not name.startswith("fc.")
        ]
        distances.append(torch.stack(moved).sum().sqrt().item())
    assert distances[1] < distances[0] / 2


def test_what_a_method_lacks_is_said_before_anything_is_trained(two_colours):
    model, _ = model_and_memory(two_colours)
    with pytest.raises(ValueError, match=r"LwF keeps the source task.*remember\(model"):
        fit(model, two_colours, fine_tuning(keep=LwF()))
    torch.manual_seed(0)
    memory = remember(SmallResNet(5, width=8), two_colours.held_out)
    with pytest.raises(ValueError, match="never at those that forgetting is measured on"):
        fit(model, two_colours, fine_tuning(keep=EWC()), memory=memory)
    with pytest.raises(ValueError, match="nothing to keep"):
        from_scratch(keep=L2SP())
    with pytest.raises(ValueError, match=r"keep is L2SP\(\)"):
        fine_tuning(keep="l2_sp")
    for wrong in (lambda: L2SP(0), lambda: EWC(float("nan")), lambda: LwF(temperature=0), lambda: Replay(batch_size=0)):
        with pytest.raises(ValueError, match="you gave"):
            wrong()
