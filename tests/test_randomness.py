import pytest
import torch

from transferlab.randomness import OwnRandomness, check_device


def test_inside_and_outside_do_not_disturb_each_other():
    torch.manual_seed(7)
    undisturbed = torch.rand(4)
    torch.manual_seed(7)
    own = OwnRandomness(seed=1)
    drawn_inside, drawn_outside = [], []
    for _ in range(4):
        with own:
            drawn_inside.append(torch.rand(1))
        drawn_outside.append(torch.rand(1))
    assert torch.equal(torch.cat(drawn_outside), undisturbed)
    torch.manual_seed(1)
    assert torch.equal(torch.cat(drawn_inside), torch.cat([torch.rand(1) for _ in range(4)]))


def test_the_callers_stream_comes_back_after_an_error():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    with pytest.raises(KeyError), OwnRandomness(seed=1):
        torch.rand(5)
        raise KeyError
    assert torch.equal(torch.rand(1), expected)


def test_a_device_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="This machine offers: cpu"):
        check_device("cuda:99")
    check_device("cpu")
