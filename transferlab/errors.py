"""Errors that say what you gave, what exists, and what to type.

`ValueError` is for people who use the library; `assert` is for our own invariants. There is no tree of
exception classes here: a learner reads the sentence, not the type.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from math import isfinite


def did_you_mean(given: str, existing: Iterable[str]) -> str:
    """The closest existing name as a question, or nothing.

    >>> did_you_mean("layre4", ["layer3", "layer4", "fc"])
    " Did you mean 'layer4'?"
    """
    existing = list(existing)
    lowered = {name.lower(): name for name in existing}
    close = get_close_matches(given.lower(), lowered, n=1, cutoff=0.5)
    return f" Did you mean '{lowered[close[0]]}'?" if close else ""


def unknown(kind: str, given: object, existing: Sequence[str], owner: str = "") -> ValueError:
    """The error for a name that does not exist.

    >>> raise unknown("stage", "layre4", ["conv1", "layer4", "fc"], owner="This model's stages are")
    ValueError: No stage 'layre4'. This model's stages are: conv1, layer4, fc. Did you mean 'layer4'?
    """
    shown = list(existing) if len(existing) <= 40 else [*list(existing)[:40], f"… and {len(existing) - 40} more"]
    listing = f"{owner or f'What exists ({kind})'}: {', '.join(shown) or 'none'}."
    return ValueError(f"No {kind} '{given}'. {listing}{did_you_mean(str(given), existing)}")


def check_num_classes(num_classes: object) -> None:
    """Say why this is no number of classes, if it is none.

        >>> check_num_classes(1)
        ValueError: A classifier tells at least 2 classes apart; you gave num_classes=1.

    Raises:
        ValueError: not a whole number above 1.
    """
    if isinstance(num_classes, bool) or not isinstance(num_classes, int):
        raise ValueError(f"num_classes is a whole number, 2 or more; you gave {num_classes!r}.")
    if num_classes <= 1:
        raise ValueError(f"A classifier tells at least 2 classes apart; you gave num_classes={num_classes}.")


def check_learning_rate(lr: object, name: str = "lr") -> float:
    """Return `lr` as a float, or say why it cannot be a learning rate.

        >>> check_learning_rate(1e-3)
        0.001

    Accepted are finite numbers above 0 and at most 100: beyond that no network in use learns, and the
    value is almost always a slip (1e9 for 1e-9).
    """
    if isinstance(lr, bool) or not isinstance(lr, int | float):
        raise ValueError(f"{name} must be a number such as 1e-3; you gave {lr!r} ({type(lr).__name__}).")
    if not isfinite(lr) or lr <= 0 or lr > 100:
        raise ValueError(
            f"{name} must be above 0 and at most 100; you gave {lr!r}. Typical values: 1e-3 for a new head, "
            "1e-5 to 1e-4 for pretrained layers. To keep a stage still, freeze it."
        )
    return float(lr)
