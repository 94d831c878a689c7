"""Experiments: recipes × budgets × seeds, their intervals, and where one arm overtakes another."""

from transferlab.experiments.effects import Effect, effect, lies_above
from transferlab.experiments.results import Results, Row
from transferlab.experiments.sweeps import sweep

__all__ = ["Effect", "Results", "Row", "effect", "lies_above", "sweep"]
