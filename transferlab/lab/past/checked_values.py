"""Whether values from a file of unknown origin are what a dataclass says they are.

    check_values(Run.from_dict(values), "run")

Dataclasses name the types of their fields and do not enforce them; a text where an accuracy should be would break a
panel much later. Left out: what the values mean; see `recording.py`.
"""

import dataclasses
import types
import typing
from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any


def check_values(record: Any, name: str, but: Collection[str] = ()) -> None:
    """Say which field of a dataclass, or of one inside it, holds something else than it says.

        >>> check_values(Step(1, 1, "head", loss="low", learning_rates={}), "step")
        ValueError: step.loss is 'low'.

    Numbers must be finite. Fields named in `but` are left out.

    Raises:
        ValueError: the first field that does not fit.
    """
    hints = typing.get_type_hints(type(record))
    for one in dataclasses.fields(record):
        if one.name not in but:
            _check(getattr(record, one.name), hints[one.name], f"{name}.{one.name}")


def _check(value: Any, hint: Any, name: str) -> None:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return
    if origin in (types.UnionType, typing.Union):
        _check_any(value, inner, name)
    elif origin is tuple:
        _must(isinstance(value, tuple | list), value, name)
        for i, part in enumerate(value):
            _check(part, inner[0], f"{name}[{i}]")
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        _must(isinstance(value, Mapping), value, name)
        for key, part in value.items():
            _check(key, inner[0], f"a name in {name}")
            _check(part, inner[1], f"{name}[{key!r}]")
    elif dataclasses.is_dataclass(hint):
        _must(isinstance(value, hint), value, name)  # type: ignore[arg-type]
        check_values(value, name)
    elif hint is float:
        _must(isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value), value, name)
    elif hint is int:
        _must(isinstance(value, int) and not isinstance(value, bool), value, name)
    else:
        _must(isinstance(value, hint), value, name)


def _check_any(value: Any, hints: tuple[Any, ...], name: str) -> None:
    for hint in hints:
        try:
            return _check(value, hint, name)
        except ValueError:
            continue
    _must(False, value, name)


def _must(fits: bool, value: Any, name: str) -> None:
    if not fits:
        text = repr(value)
        raise ValueError(f"{name} is {text if len(text) <= 60 else text[:57] + '…'}.")
