"""See inside a network: its filters, its activations, what an answer rests on, how far each stage has drifted.

    >>> from transferlab.explain import explain
    >>> explain(load("bundled"), images, method="grad_cam")

`attribution.py` holds `explain` itself, `methods.py` its methods, `checks/` what keeps them honest; `filters.py` and
`edges.py` look at the first kernels, `exciting.py`, `maximisation.py` and `activations.py` at deeper channels,
`compare.py` at several models, `snapshots.py` and `drift_along.py` along a run, `words.py` at texts.
"""

from transferlab.callable_module import make_callable
from transferlab.explain.activations import channel_maps, dead_channels, telling_channels
from transferlab.explain.attribution import Attribution, explain
from transferlab.explain.checks import judge, verdict_table
from transferlab.explain.compare import compare, strip
from transferlab.explain.drift import stage_drift
from transferlab.explain.drift_along import drift_along
from transferlab.explain.edges import filter_report
from transferlab.explain.exciting import exciting_patches
from transferlab.explain.filters import filter_grid, first_kernels
from transferlab.explain.maximisation import maximise
from transferlab.explain.methods import METHODS
from transferlab.explain.separability import stage_separability
from transferlab.explain.snapshots import Snapshots
from transferlab.explain.words import WordAttributions, word_attributions

__all__ = [
    "METHODS",
    "Attribution",
    "Snapshots",
    "WordAttributions",
    "channel_maps",
    "compare",
    "dead_channels",
    "drift_along",
    "exciting_patches",
    "explain",
    "filter_grid",
    "filter_report",
    "first_kernels",
    "judge",
    "maximise",
    "stage_drift",
    "stage_separability",
    "strip",
    "telling_channels",
    "verdict_table",
    "word_attributions",
]

make_callable(__name__, explain)
