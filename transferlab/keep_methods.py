"""Ways to keep the source task while the new one is learned: options of a recipe, none of them by default.

    fit(model, data, fine_tuning(keep=EWC(strength=100)), memory=memory)

Each adds one term to the loss, and only while some of the backbone trains: a frozen one forgets nothing. The numbers
are those of the papers where they carry over. What the terms are is in `keeping.py`. A way that adds no term, mixing
the weights before and after, is in `wise_ft.py`.
"""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class KeepMethod:
    """What all have in common: `strength` weighs the term against the loss of the new task."""

    strength: float = 1.0

    def __post_init__(self) -> None:
        number = isinstance(self.strength, int | float) and not isinstance(self.strength, bool)
        if not number or not isfinite(self.strength) or self.strength <= 0:
            raise ValueError(f"strength is a number above 0, such as 1.0; you gave {self.strength!r}.")


@dataclass(frozen=True)
class L2SP(KeepMethod):
    """Pull every weight of the backbone back to where it started: `strength / 2 · ‖w − w₀‖²`.

        >>> fine_tuning(keep=L2SP(strength=0.1))

    Source: Li, Grandvalet & Davoine, "Explicit Inductive Bias for Transfer Learning" (2018). Needs no source images.
    """

    strength: float = 0.1


@dataclass(frozen=True)
class EWC(KeepMethod):
    """As L2-SP, but each weight is held as firmly as the source task depends on it: `strength / 2 · Σ F·(w − w₀)²`.

        >>> fine_tuning(keep=EWC(strength=100))

    F is the diagonal of the Fisher information on source images. Source: Kirkpatrick et al., "Overcoming catastrophic
    forgetting in neural networks" (2017). Needs a memory with images to rehearse: `remember(model, rehearsal=5)`.
    """

    strength: float = 100.0


@dataclass(frozen=True)
class LwF(KeepMethod):
    """Keep the answers that the pretrained model gives to the new images: distillation at `temperature`.

        >>> fine_tuning(keep=LwF(temperature=2.0))

    Source: Li & Hoiem, "Learning without Forgetting" (2016). Needs a memory for the source head, none of its images;
    each batch goes through the pretrained model once more.
    """

    strength: float = 1.0
    temperature: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.temperature, int | float) or not isfinite(self.temperature) or self.temperature <= 0:
            raise ValueError(f"temperature is a number above 0, such as 2.0; you gave {self.temperature!r}.")


@dataclass(frozen=True)
class Replay(KeepMethod):
    """Train on `batch_size` source images beside every batch of new ones.

        >>> fine_tuning(keep=Replay(batch_size=16))

    Source: Robins, "Catastrophic Forgetting, Rehearsal and Pseudorehearsal" (1995). Needs a memory with images to
    rehearse, `remember(model, rehearsal=5)`: others than those that forgetting is measured on.
    """

    strength: float = 1.0
    batch_size: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ValueError(f"batch_size is a whole number of source images, 1 or more; you gave {self.batch_size!r}.")
