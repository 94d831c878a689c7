"""Where a run stands between two batches: everything but the model, the optimizer and the random numbers.

All of it goes into a checkpoint and comes back, so that a run can go on in the middle of an epoch.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from transferlab.records import Command, Epoch, Measurement, PhaseRow, phase_row


@dataclass
class Counted:
    """What one epoch adds up while it runs; `images` is how many it has seen."""

    loss_sum: float = 0.0
    correct: float = 0  # whole examples, or the shares of their positions
    images: int = 0
    seconds: float = 0.0


@dataclass
class Position:
    """The phase, the epoch in it and the batch in that, counted from 0, and what happened so far.

        >>> Position.from_plain(position.to_plain()) == position
        True

    `order`, int64 `(N,)`, is the order of the images in the epoch that has begun, None between two epochs. `line` is
    the number of the first stage that trains, `held` the rates set by hand: None and empty before a phase begins.
    """

    phase: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    line: int | None = None
    held: dict[str, float] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)  # the training loss of each epoch of this phase
    counted: Counted = field(default_factory=Counted)
    phases: list[PhaseRow] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    order: Tensor | None = None

    def to_plain(self) -> dict[str, Any]:
        """Numbers, strings, lists and dicts only; `order` is left out, since a checkpoint keeps it as a tensor."""
        order, self.order = self.order, None
        try:
            return dataclasses.asdict(self)
        finally:
            self.order = order

    @classmethod
    def from_plain(cls, values: Mapping[str, Any], order: Tensor | None = None) -> "Position":
        """The position from what `to_plain` gave."""
        parts = {
            "counted": Counted(**values["counted"]),
            "phases": [phase_row(row) for row in values["phases"]],
            "epochs": [Epoch(**row) for row in values["epochs"]],
            "measurements": [Measurement(**row) for row in values["measurements"]],
            "commands": [Command(**row) for row in values["commands"]],
            "order": order,
        }
        return cls(**{**values, **parts})
