"""Random numbers of a run's own, so that nothing its caller draws between two batches can change it."""

import torch

from transferlab.errors import unknown


class OwnRandomness:
    """Inside the block torch draws from this run's stream; outside, the caller's stream goes on undisturbed.

        >>> randomness = OwnRandomness(seed=0)
        >>> with randomness:
        ...     model(x)     # dropout draws here
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        self.device = device
        self.inside = torch.Generator().manual_seed(seed).get_state()
        self.inside_cuda = torch.Generator(device).manual_seed(seed).get_state() if device.startswith("cuda") else None

    def __enter__(self) -> None:
        self.outside = torch.get_rng_state()
        torch.set_rng_state(self.inside)
        if self.inside_cuda is not None:
            self.outside_cuda = torch.cuda.get_rng_state(self.device)
            torch.cuda.set_rng_state(self.inside_cuda, self.device)

    def __exit__(self, *_: object) -> None:
        self.inside = torch.get_rng_state()
        torch.set_rng_state(self.outside)
        if self.inside_cuda is not None:
            self.inside_cuda = torch.cuda.get_rng_state(self.device)
            torch.cuda.set_rng_state(self.outside_cuda, self.device)


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
