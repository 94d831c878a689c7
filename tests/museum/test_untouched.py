import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.museum.nets import state, tiny
from transferlab.museum.untouched import theirs, untouched


@pytest.mark.parametrize("fails", [False, True])
def test_whatever_happens_inside_is_undone(fails):
    model = tiny()
    model(torch.randn(4, 3, 8, 8)).sum().backward()
    model.eval()
    model[1].train()
    model[0].weight.requires_grad_(False)
    before, gradient = state(model), model[5].weight.grad
    streams = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()

    def meddle():
        with untouched(model):
            model.train()
            model(torch.randn(4, 3, 8, 8))
            model.zero_grad()
            model.requires_grad_(True)
            with torch.no_grad():
                model[5].weight.add_(1)
            random.random()
            np.random.rand()
            if fails:
                raise KeyError("on purpose")

    if fails:
        with pytest.raises(KeyError):
            meddle()
    else:
        meddle()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.children()] == [False, True, False, False, False, False]
    assert not model.training
    assert not model[0].weight.requires_grad
    assert model[5].weight.requires_grad
    assert model[5].weight.grad is gradient
    assert torch.equal(torch.get_rng_state(), streams[0])
    assert random.getstate() == streams[1]
    assert np.random.get_state()[1].tolist() == streams[2]


def test_a_loader_with_a_generator_of_its_own_gives_the_same_order_as_if_it_had_not_been_read():
    def order(read_first):
        loader = DataLoader(
            TensorDataset(torch.arange(20)), batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(0)
        )
        if read_first:
            with untouched(None, loader, None):
                list(loader)
        return torch.cat([batch for (batch,) in loader]).tolist()

    assert order(read_first=True) == order(read_first=False)


def test_their_errors_become_sentences():
    with pytest.raises(ValueError, match=r"^Your predict raised KeyError: 'fc'\.$"), theirs("Your predict"):
        raise KeyError("fc")
    with pytest.raises(ValueError, match=r"^Your loader raised RuntimeError: one\.$"), theirs("Your loader"):
        raise RuntimeError("one\ntwo")
