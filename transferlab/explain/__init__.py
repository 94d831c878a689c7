"""See inside a network: its filters, its activations, what an answer rests on, how far each stage has drifted.

    >>> from transferlab.explain import explain
    >>> explain(load("bundled"), images, method="grad_cam")

`attribution.py` holds `explain` itself, `methods.py` its methods, `checks/` what keeps them honest; `filters.py` and
`edges.py` look at the first kernels, `exciting.py`, `maximisation.py` and `activations.py` at deeper channels,
`compare.py` at several models, `snapshots.py` and `drift_along.py` along a run.
"""

from transferlab.callable_module import make_callable
from transferlab.explain.attribution import Attribution, explain
from transferlab.explain.checks import judge, verdict_table
from transferlab.explain.compare import compare, strip
from transferlab.explain.drift import stage_drift
from transferlab.explain.drift_along import drift_along
from transferlab.explain.methods import METHODS
from transferlab.explain.separability import stage_separability
from transferlab.explain.snapshots import Snapshots

__all__ = [
    "METHODS",
    "Attribution",
    "Snapshots",
    "compare",
    "drift_along",
    "explain",
    "judge",
    "stage_drift",
    "stage_separability",
    "strip",
    "verdict_table",
]

make_callable(__name__, explain)
