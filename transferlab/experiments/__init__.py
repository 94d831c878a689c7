"""Experiments: recipes × budgets × seeds, their intervals, and where one arm overtakes another."""

from transferlab.experiments.budget_curves import BudgetCurve, budget_curve, read_curve
from transferlab.experiments.crossovers import Crossover, crossover, examples_needed
from transferlab.experiments.effects import Effect, effect, lies_above
from transferlab.experiments.results import Results, Row
from transferlab.experiments.sweeps import sweep

__all__ = [
    "BudgetCurve",
    "Crossover",
    "Effect",
    "Results",
    "Row",
    "budget_curve",
    "crossover",
    "effect",
    "examples_needed",
    "lies_above",
    "read_curve",
    "sweep",
]
