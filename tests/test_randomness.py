import pytest
import torch

from transferlab.randomness import OwnRandomness, check_device

DEVICES = [
    "cpu",
    *(["cuda"] if torch.cuda.is_available() else []),
    *(["mps"] if torch.backends.mps.is_available() else []),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("drawn_on", DEVICES)
def test_inside_and_outside_do_not_disturb_each_other(device, drawn_on):
    if drawn_on not in ("cpu", device):
        pytest.skip("another device's stream is not this run's")
    torch.manual_seed(7)
    undisturbed = torch.cat([torch.rand(1, device=drawn_on) for _ in range(4)])
    torch.manual_seed(7)
    own = OwnRandomness(seed=1, device=device)
    drawn_inside, drawn_outside = [], []
    for _ in range(4):
        with own:
            drawn_inside.append(torch.rand(1, device=drawn_on))
        drawn_outside.append(torch.rand(1, device=drawn_on))
    assert torch.equal(torch.cat(drawn_outside), undisturbed)
    torch.manual_seed(1)
    assert torch.equal(torch.cat(drawn_inside), torch.cat([torch.rand(1, device=drawn_on) for _ in range(4)]))


def test_the_callers_stream_comes_back_after_an_error():
    def fail():
        with OwnRandomness(seed=1):
            torch.rand(5)
            raise KeyError

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    with pytest.raises(KeyError):
        fail()
    assert torch.equal(torch.rand(1), expected)


def test_a_device_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="This machine offers: cpu"):
        check_device("cuda:99")
    check_device("cpu")
