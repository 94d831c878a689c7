"""A check may run a student's model and must leave no trace: weights, mode, gradients and random numbers as before."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


@contextmanager
def untouched(values: Mapping[str, Any]) -> Iterator[None]:
    """Inside the block anything may happen to these models; afterwards they are as they were, after an error too.

    >>> with untouched({"model": model}):
    ...     model.train()(x)
    """
    models = [one for one in values.values() if isinstance(one, nn.Module)]
    kept = [{name: value.clone() for name, value in model.state_dict().items()} for model in models]
    modes = [[(part, part.training) for part in model.modules()] for model in models]
    wanted = [[(one, one.requires_grad, one.grad) for one in model.parameters()] for model in models]
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(torch_state)
        random.setstate(python_state)
        for model, state, mode, parameters in zip(models, kept, modes, wanted, strict=True):
            with torch.no_grad():
                for name, value in model.state_dict().items():
                    if not torch.equal(value, state[name]):  # writing what is the same would still count as a change
                        value.copy_(state[name])
            for part, training in mode:
                part.training = training
            for parameter, requires_grad, gradient in parameters:
                parameter.requires_grad_(requires_grad)
                parameter.grad = gradient
