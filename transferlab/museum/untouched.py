"""Run somebody's code on their model, leave everything as it was, and put what goes wrong in it into a sentence.

    with untouched(model, loader), theirs("Your predict"):
        answers = predict(images)

Left out: what their code does to other objects than the model and the random numbers.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Generator, nn
from torch.utils.data import DataLoader


@contextmanager
def untouched(model: nn.Module | None, *loaders: DataLoader | None) -> Iterator[None]:
    """Afterwards weights, buffers, modes, gradients, `requires_grad` and all random numbers are as before, bit for bit.

        >>> with untouched(model, loader):
        ...     answers = predict(images)       # even if it forgets eval() and moves the running statistics

    After an error, too. A loader with a generator of its own gives the same order next time as if it had not been read.
    """
    modules = list(model.modules()) if model is not None else []
    modes = [module.training for module in modules]
    parameters = list(model.parameters()) if model is not None else []
    flags = [(parameter.requires_grad, parameter.grad) for parameter in parameters]
    tensors = [*parameters, *(model.buffers() if model is not None else ())]
    values = [tensor.detach().clone() for tensor in tensors]
    generators = _generators(loaders)
    streams = [generator.get_state() for generator in generators]
    own, numpy_own = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=_devices(parameters)):
            yield
    finally:
        random.setstate(own)
        np.random.set_state(numpy_own)
        for generator, state in zip(generators, streams, strict=True):
            generator.set_state(state)
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        with torch.no_grad():
            for tensor, value in zip(tensors, values, strict=True):
                tensor.copy_(value)
        for parameter, (flag, gradient) in zip(parameters, flags, strict=True):
            parameter.requires_grad_(flag)
            parameter.grad = gradient


def _generators(loaders: tuple[DataLoader | None, ...]) -> list[Generator]:
    owners = [owner for loader in loaders for owner in (loader, getattr(loader, "sampler", None))]
    found = (getattr(owner, "generator", None) for owner in owners)
    return [generator for generator in found if isinstance(generator, Generator)]


def _devices(parameters: list[nn.Parameter]) -> list[int]:
    return sorted({p.device.index for p in parameters if p.device.type == "cuda" and p.device.index is not None})


@contextmanager
def theirs(what: str) -> Iterator[None]:
    """Whatever is raised inside the block becomes a ValueError that says whose code it was.

    >>> with theirs("Your predict"): ...
    ValueError: Your predict raised KeyError: 'fc'.
    """
    try:
        yield
    except Exception as error:  # it may fail in any way
        lines = str(error).strip().splitlines()
        raise ValueError(f"{what} raised {type(error).__name__}{': ' + lines[0] if lines else ''}.") from error
