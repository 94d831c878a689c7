"""Advice on what to start with, the numbers behind it, and how often such advice was right. Names load when used."""

from importlib import import_module
from typing import Any

_WHERE = {"Advice": "advising", "advise": "advising", "Calibration": "record", "calibrate": "calibration"}

__all__ = [*_WHERE]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"transferlab.advice.{_WHERE[name]}"), name)
    from transferlab.errors import did_you_mean

    raise AttributeError(f"transferlab.advice has no '{name}'.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
