"""What an exhibit of the bug museum is: a broken training loop, its repaired twin, and what a label would say of them.

    exhibit = EXHIBITS["statistics_drift"]
    print(exhibit.the_line)                       # the offending line and its repair, read off the two sources
    trained = exhibit.broken(data, seed=0)        # runs it, in seconds

Left out: finding the fault, which is the doctor's work; it is given what the loop left behind and nothing else.
"""

import difflib
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from transferlab.data.images import Splits


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training loop has at hand when it is done.

    `before` is the model's `state_dict()` from before the first batch, `loader` gave the images and labels to train on,
    uint8 `(B, 3, H, W)` and `(B,)`, and `validation` those that `reported`, an accuracy within 0…1, was counted on.
    `losses` is one a batch. `predict` is the author's own evaluation: uint8 `(N, 3, H, W)` to outputs `(N, classes)`.
    """

    model: nn.Module
    before: dict[str, Tensor]
    optimizer: Optimizer
    loader: DataLoader
    validation: DataLoader
    losses: list[float]
    predict: Callable[[Tensor], Tensor]
    reported: float


@dataclass(frozen=True)
class Exhibit:
    """A bug that people really write.

        >>> print(EXHIBITS["eval_forgotten"].title)
        The same photograph, another answer

    `what_you_see` is the symptom, `why` the mechanism, `source` where people meet it. The two loops are plain functions
    of the data; whoever calls them directly lets them draw from torch's own random numbers.
    """

    name: str
    title: str
    what_you_see: str
    why: str
    source: str
    broken_loop: Callable[[Splits], Trained]
    repaired_loop: Callable[[Splits], Trained]

    def broken(self, data: Splits, seed: int = 0) -> Trained:
        """Train as the author did. The same seed gives the same bits; torch's random numbers stay where they were.

        >>> EXHIBITS["frozen_head"].broken(data).reported
        0.6
        """
        return _run(self.broken_loop, data, seed)

    def repaired(self, data: Splits, seed: int = 0) -> Trained:
        """Train with the line mended, from the same random numbers.

        >>> EXHIBITS["frozen_head"].repaired(data).reported
        0.8
        """
        return _run(self.repaired_loop, data, seed)

    @property
    def broken_code(self) -> str:
        """The source of the broken loop, for reading."""
        return textwrap.dedent(inspect.getsource(self.broken_loop))

    @property
    def repaired_code(self) -> str:
        """The source of the repaired one."""
        return textwrap.dedent(inspect.getsource(self.repaired_loop))

    @property
    def the_line(self) -> str:
        """What differs between the two, a line each: `-` as it was written, `+` as it should be.

        >>> print(EXHIBITS["statistics_drift"].the_line)
        -         model.train()
        +         model.eval()  # frozen for good: only the head, a linear layer, learns
        """
        broken, repaired = (code.splitlines()[1:] for code in (self.broken_code, self.repaired_code))  # without names
        lines = difflib.ndiff(broken, repaired)
        return "\n".join(line for line in lines if line.startswith(("- ", "+ ")))


def _run(loop: Callable[[Splits], Trained], data: Splits, seed: int) -> Trained:
    if not isinstance(data, Splits):
        raise ValueError(
            f"An exhibit trains on images and measures on others; you gave {type(data).__name__}. "
            "Type worlds.target('objects', per_class=20), or images.split(held_out=0.2)."
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed is a whole number, 0 or more; you gave {seed!r}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return loop(data)
