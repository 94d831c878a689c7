"""Checks that keep explanations honest: does a map depend on the model, on the right pixels, on the object?

    >>> print(verdict_table(judge(model, data.held_out)))

`randomisation.py` takes the weights away, `deletion.py` the pixels, `faithfulness.py` adds noise, `inside.py` compares
with true masks, `verdict.py` and `table.py` say it in one line a method. `methods.py`, `redrawing.py`, `similarity.py`
and `estimate.py` serve them.
"""

from transferlab.explain.checks.deletion import Removal, deletion, insertion
from transferlab.explain.checks.faithfulness import infidelity, sensitivity_max
from transferlab.explain.checks.inside import Inside, attribution_inside
from transferlab.explain.checks.randomisation import Randomisation, parameter_randomisation
from transferlab.explain.checks.table import verdict_table
from transferlab.explain.checks.verdict import Verdict, judge

__all__ = [
    "Inside",
    "Randomisation",
    "Removal",
    "Verdict",
    "attribution_inside",
    "deletion",
    "infidelity",
    "insertion",
    "judge",
    "parameter_randomisation",
    "sensitivity_max",
    "verdict_table",
]
