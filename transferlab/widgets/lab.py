"""The lab: all panels in one cell, set so that Start works at once.

    from transferlab import Lab
    Lab()                                           # the bundled backbone learns eight drawn things
    Lab("torchvision/resnet50", "my_images/")       # or yours
    Lab(my_model, data=images.split(0.2))

On the left what is set: recipe, freeze line, learning rates. On the right what happens. Below, one at a time: what is
forgotten, what is inside, the images, the runs, the code. Every panel can be had alone: `FreezeMap(lab.session)`.
Left out: more than one run at a time; a new lab ends the run of the one before, as does the same cell run again.
"""

from typing import Any

import ipywidgets
from torch import nn

from transferlab.lab.session import Session, end_every_run
from transferlab.widgets.attribution_view import AttributionView
from transferlab.widgets.code_panel import CodePanel
from transferlab.widgets.data_panel import DataPanel
from transferlab.widgets.drift_view import DriftView
from transferlab.widgets.filter_view import FilterView
from transferlab.widgets.forgetting_panel import ForgettingPanel
from transferlab.widgets.freeze_map import FreezeMap
from transferlab.widgets.learning_rates import LearningRates
from transferlab.widgets.live_run import LiveRun
from transferlab.widgets.prediction import Prediction
from transferlab.widgets.recipe_panel import RecipePanel
from transferlab.widgets.run_table import RunTable
from transferlab.widgets.tabs import Tabs
