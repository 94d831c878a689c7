"""What a run leaves behind: steps, epochs and the run itself, as frozen dataclasses that go to JSON and back.

`fit` yields these, plots draw them, and a saved run can be read on a machine that could never have trained it. Times
are recorded and left out of comparisons: two runs with one seed are equal although one was slower.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transferlab.files import write_atomically


@dataclass(frozen=True)
class Step:
    """One optimizer step: the loss on its batch and the learning rate of each group of stages."""

    step: int
    epoch: int
    phase: str
    loss: float
    learning_rates: Mapping[str, float]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images, and what the model could do after it.

    Accuracies lie within 0…1. `epoch` 0 is the model before training. `train_accuracy` is counted while the weights
    move, on augmented images; `held_out_accuracy` afterwards, on images as they are. `source_accuracy` is None where no
    source task was given to remember; `source_loss`, in nats, also where there are no labels to compare with. Of a
    language model `exp(loss)` is the perplexity.
    """

    epoch: int
    phase: str
    train_loss: float | None
    train_accuracy: float | None
    held_out_loss: float
    held_out_accuracy: float
    source_accuracy: float | None
    learning_rates: Mapping[str, float]
    trainable_parameters: int
    seconds: float = field(compare=False)
    source_loss: float | None = None


@dataclass(frozen=True)
class Measurement:
    """What the model could do in the middle of an epoch.

    `epoch` counts epochs of training so far: 2.5 is the middle of the third. Accuracies lie within 0…1, None where they
    were not asked for. `num_source` is how many source images were asked: a slice of them where forgetting is measured
    many times an epoch, another slice each time.
    """

    step: int
    epoch: float
    held_out_accuracy: float | None
    source_accuracy: float | None
    num_source: int
    source_loss: float | None = None


@dataclass(frozen=True)
class Command:
    """Something that was done to a run by hand: after which step, what ("set_lr" or "freeze_to"), on which stage."""

    step: int
    what: str
    stage: str
    value: float | None = None


@dataclass(frozen=True)
class StageRow:
    """How one stage was treated in one phase: frozen, or trained at the learning rate `lr`."""

    stage: str
    num_parameters: int
    lr: float | None  # None means frozen


@dataclass(frozen=True)
class PhaseRow:
    """One phase of a recipe as it was carried out on this model."""

    name: str
    num_epochs: int
    stages: tuple[StageRow, ...]
    kept_at: str | None = None  # the first stage behind what was computed once an image; None where nothing was


@dataclass(frozen=True)
class Run:
    """A finished training run: what was asked for, what happened, what came out.

    >>> run.save("run.json")
    >>> Run.load("run.json") == run
    True
    """

    recipe: str
    backbone: str
    data: str
    class_names: tuple[str, ...]
    num_train: int
    num_held_out: int
    seed: int
    device: str
    settings: Mapping[str, Any]
    phases: tuple[PhaseRow, ...]
    epochs: tuple[Epoch, ...]
    source_kind: str | None = None  # "accuracy" on labelled source data or "agreement" with the pretrained model
    versions: Mapping[str, str] = field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    commands: tuple[Command, ...] = ()
    precision: str = "fp32"  # or "bf16", "fp16": what convolutions and matrix products were computed in
    stopped: bool = False  # by hand, before the recipe's end; the last epoch may then be a part of one

    @property
    def accuracy(self) -> float:
        """Held-out accuracy after the last epoch, within 0…1."""
        return self.epochs[-1].held_out_accuracy

    @property
    def source_before(self) -> float | None:
        return self.epochs[0].source_accuracy

    @property
    def source_after(self) -> float | None:
        return self.epochs[-1].source_accuracy

    @property
    def trainable_parameters(self) -> int:
        """The most parameters that were trainable in any phase."""
        return max(epoch.trainable_parameters for epoch in self.epochs)

    @property
    def seconds(self) -> float:
        return sum(epoch.seconds for epoch in self.epochs)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "Run", **dataclasses.asdict(self)}

    def save(self, path: str | Path) -> Path:
        """Write the run as JSON, whole or not at all."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Run":
        """A run from what `to_dict` gave; raises ValueError where a field is missing or not known."""
        values = dict(values)
        kind = values.pop("kind", None)
        if kind != "Run":
            raise ValueError(f"This is no saved run: its 'kind' is {kind!r}; Run.save writes 'Run'.")
        try:
            parts = {
                "class_names": tuple(values["class_names"]),
                "phases": tuple(phase_row(row) for row in values["phases"]),
                "epochs": tuple(Epoch(**row) for row in values["epochs"]),
                "measurements": tuple(Measurement(**row) for row in values.get("measurements", ())),
                "commands": tuple(Command(**row) for row in values.get("commands", ())),
            }
            return cls(**{**values, **parts})
        except (KeyError, TypeError) as error:
            raise ValueError(f"This saved run does not fit this version of transferlab: {error}.") from error

    @classmethod
    def load(cls, path: str | Path) -> "Run":
        """Read a run that `save` wrote."""
        path = Path(path)
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ValueError(f"No file {path}. Run.load reads what run.save('run.json') wrote.") from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not JSON ({error}). Run.load reads what run.save wrote.") from None
        if not isinstance(values, dict):
            raise ValueError(f"{path} holds {type(values).__name__}, not a saved run.")
        return cls.from_dict(values)


def phase_row(values: Mapping[str, Any]) -> PhaseRow:
    """A phase from what `dataclasses.asdict` made of it."""
    return PhaseRow(**{**values, "stages": tuple(StageRow(**stage) for stage in values["stages"])})
