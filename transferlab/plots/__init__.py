"""Records, images and maps to Axes. Every function takes `ax=` (one of its own if none is given) and returns it.

    >>> accuracy_curves([run, other]).figure.savefig("curves.png")

`style.py` holds what they share, `curves.py` draws runs, `sheets.py` images.
"""

from transferlab.plots.curves import accuracy_curves, forgetting_curves, lr_curves, run_figure
from transferlab.plots.sheets import contact_sheet, tile
from transferlab.plots.style import COLOURS, DASHES, LABELS, label, save_figure

__all__ = [
    "COLOURS",
    "DASHES",
    "LABELS",
    "accuracy_curves",
    "contact_sheet",
    "forgetting_curves",
    "label",
    "lr_curves",
    "run_figure",
    "save_figure",
    "tile",
]
