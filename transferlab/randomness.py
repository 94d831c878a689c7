"""Random numbers of a run's own, so that nothing its caller draws between two batches can change it."""

from typing import Any

import torch
from torch import Tensor

from transferlab.errors import unknown


class OwnRandomness:
    """Inside the block torch draws from this run's stream; outside, the caller's stream goes on undisturbed.

    >>> randomness = OwnRandomness(seed=0)
    >>> with randomness:
    ...     model(x)     # dropout draws here
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        kind = torch.device(device).type
        self.device = device
        self.accelerator: Any = None if kind == "cpu" else getattr(torch, kind)  # torch.cuda or torch.mps
        self.inside = [torch.Generator(one).manual_seed(seed).get_state() for one in dict.fromkeys(["cpu", device])]

    def __enter__(self) -> None:
        self.outside = self._states()
        self._restore(self.inside)

    def __exit__(self, *_: object) -> None:
        self.inside = self._states()
        self._restore(self.outside)

    def _states(self) -> list[Tensor]:
        """The CPU's stream first, then the accelerator's where there is one."""
        states = [torch.get_rng_state()]
        return states if self.accelerator is None else [*states, self.accelerator.get_rng_state(self.device)]

    def _restore(self, states: list[Tensor]) -> None:
        torch.set_rng_state(states[0])
        if self.accelerator is not None:
            self.accelerator.set_rng_state(states[1], self.device)


def check_device(device: str) -> None:
    """Say what can be computed on here, where `device` is not that.

    Raises:
        ValueError: no such kind of device, or none on this machine.
    """
    available = ["cpu"]
    if torch.cuda.is_available():
        available += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        available.append("mps")
    if device not in available:
        raise unknown("device", device, available, owner="This machine offers")
