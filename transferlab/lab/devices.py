"""Which devices this machine can train on."""

import torch


def devices() -> tuple[str, ...]:
    """The names of the devices that are there, the processor first.

    >>> devices()
    ('cpu',)
    """
    found = ["cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)
