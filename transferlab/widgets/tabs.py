"""Several panels in one place, one of them on view.

    tabs = Tabs({"Data": DataPanel(session), "Code": CodePanel(session)})
    tabs.box

ipywidgets has a Tab of its own; ours is a row of buttons that wraps on a narrow screen and that axe has nothing to say
against.
"""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from transferlab.errors import unknown
from transferlab.widgets.panel import Panel


class Tabs(Panel):
    """The buttons; `box` holds them and the panels. `on_show(name)` is called when another panel comes on view.

    >>> tabs.show("Code")
    """

    title, script = "What to look at", "tabs.js"

    def __init__(self, panels: Mapping[str, Any], on_show: Callable[[str], None] = lambda name: None) -> None:
        self.panels, self.shown = dict(panels), next(iter(panels))
        self.on_show = on_show
        super().__init__()
        self.box = ipywidgets.VBox([self, *self.panels.values()])
        self._lay_out()

    def state(self) -> dict[str, Any]:
        return {"names": list(self.panels), "shown": self.shown}

    def show(self, name: str) -> None:
        """Bring a panel on view.

        Raises:
            ValueError: there is none of this name.
        """
        if name not in self.panels:
            raise unknown("panel", name, list(self.panels))
        self.shown = name
        self._lay_out()
        self.refresh()
        self.on_show(name)

    def do_show(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.show(str(content.get("name")))

    def _lay_out(self) -> None:
        for name, panel in self.panels.items():
            panel.layout.display = None if name == self.shown else "none"
