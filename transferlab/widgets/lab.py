"""The lab: all panels in one cell, set so that Start works at once.

    from transferlab import Lab
    Lab()                                           # the bundled backbone learns eight drawn things
    Lab("torchvision/resnet50", "my_images/")       # or yours
    Lab(my_model, data=images.split(0.2))

On the left what is set: recipe and freeze line. On the right what happens. Below, one at a time: the learning rates,
what is forgotten, the data, what is inside, the runs, the code. Every panel can be had alone:
`FreezeMap(lab.session)`. Left out: more than one run at a time; a new lab ends the run of the one before, and the same
cell run again takes the old lab away.
"""

import weakref
from typing import Any

import ipywidgets

from transferlab.lab.looks.scrub import Scrub
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
from transferlab.widgets.race_panel import RacePanel
from transferlab.widgets.recipe_panel import RecipePanel
from transferlab.widgets.replay_panel import ReplayPanel
from transferlab.widgets.run_table import RunTable
from transferlab.widgets.tabs import Tabs

_labs: "weakref.WeakSet[Lab]" = weakref.WeakSet()

SETTINGS_WIDTH, RUN_WIDTH = "330px", "560px"  # what they need at least; on a narrow page the run comes below


class Lab(ipywidgets.Box):
    """Every panel of the lab on one session.

        >>> lab = Lab("bundled", "objects", recipe="gradual_unfreezing", seed=1)
        >>> lab                                  # shows it
        >>> lab.session.runs[-1].run.accuracy

    `backbone`, `data` and further settings are those of `Session`. With `blocking=True` Start trains in the foreground:
    for Colab, and wherever nothing moves while a background thread trains; buttons then wait until the run is over.

    Raises:
        ValueError: no such backbone, data or setting.
    """

    def __init__(
        self, backbone: Any = "bundled", data: Any = "objects", *, blocking: bool = False, **settings: Any
    ) -> None:
        _leave_the_one_before()
        self.session = session = Session(backbone, data, **settings)
        self.recipe = RecipePanel(session)
        self.freeze_map = FreezeMap(session)
        self.learning_rates = LearningRates(session)
        self.live_run = LiveRun(session, blocking)
        scrub = Scrub()
        self.forgetting = ForgettingPanel(session)
        self.filters = FilterView(session, scrub)
        self.attributions = AttributionView(session, scrub)
        self.drift = DriftView(session, scrub)
        self.data = DataPanel(session)
        self.runs = RunTable(session)
        self.replay = ReplayPanel(session)
        self.prediction = Prediction(session)
        self.race = RacePanel(session)
        self.code = CodePanel(session)
        self.tabs = Tabs(
            {
                "Learning rates": self.learning_rates,
                "Forgetting": self.forgetting,
                "Data": self.data,
                "Filters": self.filters,
                "Reasons": self.attributions,
                "Drift": self.drift,
                "Runs": self.runs,
                "Replay": self.replay,
                "Predict first": self.prediction,
                "Race": self.race,
                "Show me the code": self.code,
            }
        )
        self.freeze_map.on_stage(self._look_at)
        left = ipywidgets.VBox([self.recipe, self.freeze_map], layout=_column(f"0 1 {SETTINGS_WIDTH}", "290px"))
        right = ipywidgets.VBox([self.live_run, self.tabs.box], layout=_column(f"1 1 {RUN_WIDTH}", "320px"))
        self.cell = _cell()
        _labs.add(self)
        super().__init__([left, right], layout=ipywidgets.Layout(flex_flow="row wrap", width="100%"))

    def _look_at(self, stage: str) -> None:
        """A stage was clicked on: the first one's filters, or what a deeper one makes of an image."""
        first = self.session.stage_names[0]
        self.tabs.show("Filters")
        self.filters.show_stage(None if stage == first else stage)

    @property
    def panels(self) -> tuple[Any, ...]:
        """Every panel, for whoever wants to close or to inspect them."""
        return (self.recipe, self.freeze_map, self.live_run, self.tabs, *self.tabs.panels.values())

    def close(self) -> None:
        """End the run and take all panels away."""
        if "cell" in vars(self):  # ipywidgets closes what is thrown away, a lab that could not be made included
            _labs.discard(self)
            self.session.close()
            for panel in self.panels:
                panel.close()
        super().close()

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        found = super()._repr_mimebundle_(**arguments)
        if found:
            found["text/plain"] = f"The lab of transferlab. {self.live_run.in_words()}"
        return found


def _leave_the_one_before() -> None:
    """Labs of this cell, which is being run again, are taken away; others end what they are at: one works at a time."""
    for other in list(_labs):
        if other.cell is not None and other.cell == _cell():
            other.close()
        else:
            other.learning_rates.search.cancel()
            other.race.race.stop()
    end_every_run()


def _cell() -> str | None:
    """What Jupyter calls the cell that is run now; None outside of it, and where the page does not say."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
    return (parent.get("metadata") or {}).get("cellId")


def _column(flex: str, least: str) -> ipywidgets.Layout:
    return ipywidgets.Layout(flex=flex, min_width=least, overflow="hidden")
