import pytest
import torch
from torch import nn

from tests.explain.watched import Watched, colours_net
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.maximisation import maximise, open_relus, total_variation


def test_a_channel_that_sees_red_gets_a_red_picture():
    made = maximise(colours_net(), "0", [0, 1], size=16, steps=100, progress=False)
    assert made.images.shape == (2, 3, 16, 16)
    assert made.images.dtype == torch.uint8
    assert (made.after > made.before).all()
    red, green = made.images.float().mean((2, 3))
    assert red[0] > 170
    assert green[1] > 170
    # The activation is that of the picture as it came back, by hand: the mean of (red − mean) / std, above 0.
    value = ((made.images[0, 0].float() / 255 - 0.485) / 0.229).view(8, 2, 8, 2).mean((1, 3)).relu().mean()
    assert made.after[0].item() == pytest.approx(value.item(), abs=1e-3)


def test_a_class_is_maximised_at_the_head_by_number_or_name():
    from types import SimpleNamespace

    model = colours_net()
    with torch.no_grad():
        model[4].weight.copy_(torch.tensor([[0.0, 0, 5, 0], [5.0, 0, 0, 0]]))
    made = maximise(model, "4", 1, size=16, steps=100, progress=False)
    assert made.images[0, 0].float().mean() > made.images[0, 2].float().mean() + 10
    assert (made.after > made.before).all()
    assert made.names == ("1",)
    model.card = SimpleNamespace(class_names=("blue", "red"), input_size=16, mean=(0.5,) * 3, std=(0.2,) * 3)
    assert maximise(model, "4", "red", steps=0, progress=False).names == ("red",)
    with pytest.raises(ValueError, match=r"No class 'rde'.*Did you mean 'red'"):
        maximise(model, "4", "rde", progress=False)


def test_the_same_seed_gives_the_same_bits_and_the_model_is_as_it_was():
    torch.manual_seed(0)
    model = SmallResNet(3, width=8).train()
    watched = Watched(model)
    one, same, other = (maximise(model, "layer2", [1, 2], size=32, steps=4, seed=s, progress=False) for s in (1, 1, 2))
    assert torch.equal(one.images, same.images)
    assert torch.equal(one.after, same.after)
    assert not torch.equal(one.images, other.images)

    def broken():
        raise RuntimeError("stop is broken")

    with pytest.raises(RuntimeError, match="stop is broken"):
        maximise(model, "layer2", 1, size=32, progress=False, stop=broken)
    assert watched.same()


def test_stop_gives_what_there_is_so_far():
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 3

    model = colours_net()
    stopped = maximise(model, "0", 0, size=16, progress=False, stop=stop)
    assert stopped.steps == 3
    assert torch.equal(stopped.images, maximise(model, "0", 0, size=16, steps=3, progress=False).images)
    assert maximise(model, "0", 0, size=16, progress=False, stop=lambda: True).steps == 0


def test_the_bar_can_be_switched_off(capsys):
    maximise(colours_net(), "0", 0, size=16, steps=2, progress=False)
    assert capsys.readouterr().err == ""
    maximise(colours_net(), "0", 0, size=16, steps=2)
    assert "maximising '0'" in capsys.readouterr().err


def test_a_channel_without_weights_is_said_to_be_silent():
    made = maximise(colours_net(), "0", [0, 3], size=16, steps=2, progress=False)
    assert made.silent == (3,)
    assert "No gradient leads to 3" in str(made)


def test_a_channel_that_is_silent_at_the_start_is_woken():
    model = colours_net()
    model[0].bias = nn.Parameter(torch.tensor([-0.9, 0, 0, 0]))  # red must be far above what noise has
    made = maximise(model, "0", 0, size=16, steps=100, progress=False)
    assert made.before.item() < 0.01
    assert made.after.item() > 0.1


def test_an_open_relu_has_its_own_gradient_wherever_that_is_not_zero_all_over():
    net = nn.Sequential(nn.ReLU())
    open_relus(net)
    x = torch.tensor([[1.0, -1], [-1, -2]], requires_grad=True)  # the second picture is shut altogether
    (gradient,) = torch.autograd.grad((net(x) * torch.tensor([[-2.0, -3], [-2, 3]])).sum(), x)
    assert gradient.tolist() == [[-2, 0], [-2, 0]]  # opened only where that lowers the loss
    assert torch.equal(net(x), x.relu())


def test_total_variation_by_hand():
    picture = torch.zeros(1, 3, 2, 2)
    picture[:, :, 0, 0] = 1  # one of two steps down, and one of two to the right
    assert total_variation(picture).item() == 1.0


@pytest.mark.parametrize(
    ("stage", "channel", "settings", "says"),
    [
        ("x", 0, {}, "No stage 'x'"),
        ("0", 4, {}, "No channel 4: '0' has 4"),
        ("0", "red", {}, "No channel 'red'"),
        ("0", [], {}, "names nothing to make a picture for"),
        ("4", 2, {}, "No class 2: this model has 2"),
        ("0", 0, {"steps": -1}, "steps is a whole number, 0 or more; you gave -1"),
        ("0", 0, {"size": 4}, "size is a whole number, 8 or more; you gave 4"),
    ],
)
def test_bad_input(stage, channel, settings, says):
    with pytest.raises(ValueError, match=says):
        maximise(colours_net(), stage, channel, progress=False, **{"size": 16} | settings)
