"""What is chosen about LoRA, as data: rank, scale, dropout, where it goes, and what is trained whole beside it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LoraSettings:
    """The choices, by the names that PEFT gives them.

        >>> LoraSettings(r=4, target_modules=("query", "value"))

    `r` is the rank. What an adapter adds is scaled by `lora_alpha / r`, so that another rank needs no other rate. With
    `lora_dropout` some of its input is left out while it trains. `target_modules` are names of layers, or their ends
    (`"query"` is the one of every block), `"all-linear"`, or None: what suits the architecture. `modules_to_save` are
    trained whole; None means the head, `"norms"` all norms.

    Raises:
        ValueError: a number out of range, or names that are none.
    """

    r: int = 8
    lora_alpha: float = 16  # twice the default rank, as in most of PEFT's examples
    lora_dropout: float = 0.0
    target_modules: str | tuple[str, ...] | None = None
    modules_to_save: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.r, bool) or not isinstance(self.r, int) or self.r < 1:
            raise ValueError(f"r is the rank, a whole number such as 8; you gave {self.r!r}.")
        alpha, dropout = self.lora_alpha, self.lora_dropout
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < float("inf"):
            raise ValueError(f"lora_alpha is a number above 0, such as 16; you gave {alpha!r}.")
        if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout < 1:
            raise ValueError(f"lora_dropout lies within 0…1 and below 1; you gave {dropout!r}.")
        if self.target_modules is not None and self.target_modules != "all-linear":
            object.__setattr__(self, "target_modules", _names("target_modules", self.target_modules))
            if not self.target_modules:
                raise ValueError("target_modules names at least one layer; None takes what suits the architecture.")
        if self.modules_to_save is not None:
            object.__setattr__(self, "modules_to_save", _names("modules_to_save", self.modules_to_save))

    @property
    def scaling(self) -> float:
        """What an adapter's output is multiplied with."""
        return self.lora_alpha / self.r


def _names(field: str, given: str | Sequence[str]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{field} are names of modules such as ('query', 'value'); you gave {given!r}.")
    return tuple(names)
