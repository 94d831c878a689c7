"""What images there are to choose from, by name, for whoever draws a list of them.

TARGETS, TASKS, SETS, SIZES
"""

from transferlab.data import worlds
from transferlab.data.torchvision_sets import SETS as KNOWN_SETS

TARGETS = worlds.TARGETS
TASKS = tuple(worlds.TASKS)
SETS = tuple(KNOWN_SETS)
SIZES = (
    64,
    96,
    128,
    160,
    224,
)  # pixels a side: what the bundled backbone was pretrained on, up to what most others were
