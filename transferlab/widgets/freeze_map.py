"""The stages as a column to scale, with the freeze line to drag: what is frozen, what trains, and what that costs.

    FreezeMap(Session("bundled", "objects"))

The stem is at the bottom and the head on top, as "everything below layer3" has it. What each place of the line would
cost is sent with the state, so that dragging shows it without asking Python. Left out: stages that are frozen above the
line, which no recipe of ours has.
"""

from collections.abc import Callable
from typing import Any

from transferlab.errors import unknown
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

WHAT_CHANGES_IT = ("settings", "data", "state", "records")


class FreezeMap(Panel):
    """The freeze line, BatchNorm's mode, how much trains, what an epoch costs, and the recipe's phases.

    >>> panel = FreezeMap(session)
    >>> panel.on_stage(filters.show_stage)      # called with the name of a stage that was clicked on
    """

    title, script = "Freeze line", "freeze_map.js"

    def __init__(self, session: Session) -> None:
        self.session = session
        self._looking: list[Callable[[str], None]] = []
        self._asked: str | None = None  # where the line was put while the run was getting ready
        super().__init__()
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        session, settings = self.session, self.session.settings
        looks, rates, log, names = session.map, session.rates, session.log, session.stage_names
        train = session.data.train
        line = self._line()
        costs = [session.cost(i) for i in range(len(looks))]
        phases = settings.to_recipe(names).phases
        return {
            "stages": [
                {
                    "name": look.name,
                    "parameters": look.num_parameters,
                    "shape": list(look.shape) if look.shape else None,
                    "rate": rates.get(look.name) if i >= line else None,
                }
                for i, look in enumerate(looks)
            ],
            "noun": train.noun,
            "goes_in": [3, *train.size] if train.noun == "image" else list(train.size),
            "classes": train.num_classes,
            "line": line,
            "obeyed": self._trains_from() in (None, line),
            "costs": [[one.first, one.further] if one else None for one in costs],
            "device": settings.device,
            "bn": settings.bn,
            "phases": [
                {
                    "name": row.name,
                    "epochs": row.num_epochs,
                    "line": next(i for i, stage in enumerate(row.stages) if stage.lr is not None),
                    "most": phase.until_converged,
                }
                for row, phase in zip(session.plan, phases, strict=True)
            ],
            "phase": log.phase if log and session.is_training else "",
            "training": session.is_training,
            "busy": session.is_busy,
            "opens": bool(self._looking),
        }

    def on_stage(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have a function called with the name of each stage that is clicked on; returns how to end that.

        >>> panel.on_stage(lambda stage: print(stage))
        """
        self._looking.append(callback)
        self.refresh_if_new()

        def end() -> None:
            if callback in self._looking:
                self._looking.remove(callback)
                self.refresh_if_new()

        return end

    def do_line(self, content: dict[str, Any], buffers: list[Any]) -> None:
        stage = self._known(content.get("stage"))
        try:
            self.session.freeze_to(stage)
            if self.session.state == "preparing":
                self._asked = stage
        finally:
            self.refresh()  # a refused line must not stay on view

    def do_bn(self, content: dict[str, Any], buffers: list[Any]) -> None:
        try:
            self.session.choose(bn=content.get("bn"))
        finally:
            self.refresh()

    def do_stage(self, content: dict[str, Any], buffers: list[Any]) -> None:
        stage = self._known(content.get("stage"))
        for callback in list(self._looking):
            callback(stage)

    def close(self) -> None:
        self._unsubscribe()
        super().close()

    def in_words(self) -> str:
        """Where the line is, for a notebook that is read without a kernel."""
        looks, line = self.session.map, self._line()
        trains, total = (sum(look.num_parameters for look in some) for some in (looks[line:], looks))
        where = f"everything below {looks[line].name} is frozen" if line else "nothing is frozen"
        return f"Freeze line: {where}; {trains:,} of {total:,} parameters train."

    def _known(self, stage: object) -> str:
        names = self.session.stage_names
        if stage not in names:
            raise unknown("stage", stage, names, owner="This model's stages are")
        return str(stage)

    def _line(self) -> int:
        if self.session.state != "preparing":
            self._asked = None
        names = self.session.stage_names
        return names.index(self._asked) if self._asked in names else self.session.line

    def _trains_from(self) -> int | None:
        """The number of the first stage that the last batch trained; None where no run is on, or nobody can tell.

        Where BatchNorm trains in frozen stages too, these have rates as well.
        """
        log = self.session.log
        if not self.session.is_training or log is None or self.session.settings.bn == "train":
            return None
        newest = log.series["loss"].x[-1:] if "loss" in log.series else None
        rates = [log.series.get(f"lr/{name}") for name in self.session.stage_names]
        return next((i for i, one in enumerate(rates) if newest and one and one.x[-1:] == newest), None)

    def _heard(self, event: str) -> None:
        if event in WHAT_CHANGES_IT:
            self.attempt(self.refresh_if_new)
