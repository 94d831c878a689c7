"""The lab's face: one panel per file, each usable alone, and `Lab`, which shows all of them.

    from transferlab.widgets import LiveRun, FreezeMap

A panel speaks to a `lab.session.Session` and to nothing else: it trains nothing, touches no parameter and imports no
torch. Names load when they are first used.
"""

from importlib import import_module
from typing import Any

_WHERE = {
    "Lab": "lab",
    "RecipePanel": "recipe_panel",
    "FreezeMap": "freeze_map",
    "LearningRates": "learning_rates",
    "LiveRun": "live_run",
    "ForgettingPanel": "forgetting_panel",
    "FilterView": "filter_view",
    "AttributionView": "attribution_view",
    "DriftView": "drift_view",
    "DataPanel": "data_panel",
    "RunTable": "run_table",
    "ReplayPanel": "replay_panel",
    "Prediction": "prediction",
    "RacePanel": "race_panel",
    "CodePanel": "code_panel",
}

__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"transferlab.widgets has no '{name}'. Its panels are: {', '.join(_WHERE)}.")
    return getattr(import_module(f"transferlab.widgets.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
