"""Records, images and maps to Axes. Every function takes `ax=` (one of its own if none is given) and returns it.

    >>> accuracy_curves([run, other]).figure.savefig("curves.png")

`style.py` holds what they share, `curves.py` draws runs, `sheets.py` images, `maps.py` and `compare.py` attributions,
`kernels.py` and `activations.py` what is inside, `drift.py` how it moved, `checks.py` the lie detector, `sounds.py` and
`hearing.py` sounds, `words.py` texts. Figures of several panels take and return a figure. `alternative_text` says in
words what a figure shows.
"""

from transferlab.plots.activations import (
    activation_figure,
    channel_map_sheet,
    dead_bars,
    maximised_sheet,
    patch_row,
    patch_sheet,
    telling_dots,
)
from transferlab.plots.audit import before_after_figure, group_accuracy, remedy_dots
from transferlab.plots.bets import bet_figure, bet_panel
from transferlab.plots.budget import budget_axes
from transferlab.plots.checks import (
    randomisation_curves,
    randomisation_strip,
    removal_curves,
    verdict_axes,
    verdict_figure,
)
from transferlab.plots.compare import comparison_figure, comparison_panel
from transferlab.plots.curves import accuracy_curves, forgetting_curves, lr_curves, run_figure
from transferlab.plots.drift import drift_figure, run_heat_map, run_lines, stage_lines
from transferlab.plots.hearing import hear, wav_bytes
from transferlab.plots.kernels import (
    colour_opponency,
    edge_likeness,
    filters_figure,
    fitted_kernels,
    kernel_figure,
    kernel_grid,
)
from transferlab.plots.maps import attribution_overlay
from transferlab.plots.sheets import contact_sheet, tile
from transferlab.plots.sounds import sound_figure
from transferlab.plots.style import COLOURS, DASHES, LABELS, alternative_text, describe, label, save_figure
from transferlab.plots.words import word_axes, word_html

__all__ = [
    "COLOURS",
    "DASHES",
    "LABELS",
    "accuracy_curves",
    "activation_figure",
    "alternative_text",
    "attribution_overlay",
    "before_after_figure",
    "bet_figure",
    "bet_panel",
    "budget_axes",
    "channel_map_sheet",
    "colour_opponency",
    "comparison_figure",
    "comparison_panel",
    "contact_sheet",
    "dead_bars",
    "describe",
    "drift_figure",
    "edge_likeness",
    "filters_figure",
    "fitted_kernels",
    "forgetting_curves",
    "group_accuracy",
    "hear",
    "kernel_figure",
    "kernel_grid",
    "label",
    "lr_curves",
    "maximised_sheet",
    "patch_row",
    "patch_sheet",
    "randomisation_curves",
    "randomisation_strip",
    "remedy_dots",
    "removal_curves",
    "run_figure",
    "run_heat_map",
    "run_lines",
    "save_figure",
    "sound_figure",
    "stage_lines",
    "telling_dots",
    "tile",
    "verdict_axes",
    "verdict_figure",
    "wav_bytes",
    "word_axes",
    "word_html",
]
