"""How fast each stage learns: a slider a stage, shortcuts for all of them, and what lr_find would suggest.

    LearningRates(Session("bundled", "objects"))

Sliders run over the exponent, since rates differ by factors. Before a run they are the peaks of the schedule, and
moving one makes the recipe one's own; in a run a rate that is set holds from the next batch until the phase ends. Left
out: rates for parts of a stage.
"""

from typing import Any

from transferlab.errors import unknown
from transferlab.lab.rate_search import RateSearch
from transferlab.lab.session import Session
from transferlab.lab.settings import MINE
from transferlab.records import PhaseRow
from transferlab.widgets.panel import Panel

WHAT_CHANGES_IT = ("settings", "data", "state", "records")


class LearningRates(Panel):
    """A rate for each stage, the head-to-backbone ratio, layer decay, the schedule, and a search for good rates.

    >>> LearningRates(session)
    """

    title, script = "Learning rates", "learning_rates.js"

    def __init__(self, session: Session) -> None:
        self.session = session
        self._named: str | None = None  # the recipe that was chosen before the student made one of their own
        self._named_plan: tuple[object, tuple[PhaseRow, ...]] = None, ()  # of which stages, and what it would train
        self._note_recipe()
        super().__init__()
        self.search = RateSearch(session, lambda: self._heard("records"))
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        session, search = self.session, self.search
        line, training, phase = session.line, session.is_training, self._phase()
        planned = {stage.stage: stage.lr for stage in session.plan[phase].stages}
        own = session.settings.to_recipe(session.stage_names).phases[phase]
        held = self._held() if training else {}
        stages = []
        for i, name in enumerate(session.stage_names):
            frozen = i < line
            now = session.log.last(f"lr/{name}") if training and session.log and not frozen else None
            later, when = self._later(name) if frozen else (None, None)
            thawed = own.stage_lrs.get(name) or own.backbone_lr or own.head_lr / 10  # by hand, in this phase
            band = search.found.get(name)
            stages.append(
                {
                    "name": name,
                    "frozen": frozen,
                    "rate": (later if frozen else held.get(name) or planned[name]) or thawed,
                    "now": now,
                    "later": when,
                    "band": [band.low, band.valley, band.high] if band else None,
                }
            )
        return {
            "stages": stages,
            "training": training,
            "busy": session.is_busy,
            "schedule": own.schedule,
            "reset": self._reset_text(),
            "search": {
                "on": search.is_on,
                "stage": search.stage,
                "done": search.done,
                "total": search.total,
                "failure": search.failure,
                "missing": len(search.missing),
            },
        }

    def do_rate(self, content: dict[str, Any], buffers: list[Any]) -> None:
        stage = content.get("stage")
        if stage not in self.session.stage_names:
            raise unknown("stage", stage, self.session.stage_names, owner="This model's stages are")
        self._change(lambda: self.session.set_lr(str(stage), content.get("lr")))  # type: ignore[arg-type]

    def do_ratio(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """The head learns so many times as fast as every stage below it."""
        ratio = _within(content.get("ratio"), 1, 100, "The head-to-backbone ratio")
        *below, _ = self.session.stage_names
        self._change(lambda: self.session.set_rates({name: _rounded(self._head_lr() / ratio) for name in below}))

    def do_decay(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Each stage learns at so much of the rate of the one above it; see `lr_groups`."""
        decay = _within(content.get("decay"), 0.3, 1, "Layer decay")
        *below, _ = self.session.stage_names
        depths = {name: len(below) - i for i, name in enumerate(below)}
        rates = {name: _rounded(self._head_lr() * decay**depth) for name, depth in depths.items()}
        self._change(lambda: self.session.set_rates(rates))

    def do_schedule(self, content: dict[str, Any], buffers: list[Any]) -> None:
        session, settings = self.session, self.session.settings
        rates = settings.stage_lrs if settings.recipe == MINE else session.rates
        chosen = {"line": session.line_name, "stage_lrs": rates, "schedule": content.get("schedule")}
        self._change(lambda: session.choose(recipe=MINE, **chosen))

    def do_reset(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """The rates that the recipe chosen last has of its own, at the present freeze line."""
        self._change(self._reset)

    def do_search(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self._change(self.search.start)

    def do_cancel(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self._change(self.search.cancel)

    def do_use(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Take the suggestions over."""
        found = {name: _rounded(band.valley) for name, band in self.search.found.items()}
        if not found:
            raise ValueError("There are no suggestions yet. Press “Suggest rates” first.")
        self._change(lambda: self.session.set_rates(found))

    def close(self) -> None:
        self._unsubscribe()
        self.search.close()
        super().close()

    def in_words(self) -> str:
        """The rates, for a notebook that is read without a kernel."""
        rates = ", ".join(f"{stage} {lr:.1e}" for stage, lr in self.session.rates.items())
        return f"Learning rates: {rates}; everything else is frozen."

    def _change(self, action: Any) -> None:
        try:
            action()
        finally:
            self.refresh()  # what was refused must not stay on view, and the page waits for an answer

    def _head_lr(self) -> float:
        return self.state()["stages"][-1]["rate"]

    def _phase(self) -> int:
        """The number of the phase that is on, or of the first one."""
        log = self.session.log
        on = log.phase if log and self.session.is_training else ""
        return next((i for i, row in enumerate(self.session.plan) if row.name == on), 0)

    def _held(self) -> dict[str, float]:
        """The rates that were set by hand since the phase began, obeyed already or not."""
        log = self.session.log
        held: dict[str, float] = {}
        for mark in log.marks if log else ():
            if mark.kind == "phase":
                held = {}
            elif mark.kind == "set_lr":
                stage, _, lr = mark.text.rpartition(" at ")
                exact = log.last(f"lr/{stage}") if log else None  # the mark has two digits
                held[stage] = exact if exact and f"{exact:.1e}" == lr else float(lr)
        return held

    def _later(self, stage: str) -> tuple[float | None, str | None]:
        """At which rate a frozen stage will train, and in which phase; None where that is not planned."""
        if self.session.settings.recipe == MINE:
            return self.session.settings.stage_lrs.get(stage), None
        for phase in self.session.plan:
            for row in phase.stages:
                if row.stage == stage and row.lr is not None:
                    return row.lr, phase.name
        return None, None

    def _note_recipe(self) -> None:
        if self.session.settings.recipe != MINE:
            self._named = self.session.settings.recipe

    def _reset_text(self) -> str:
        """What the button says; nothing where there is nothing to reset."""
        settings = self.session.settings
        if settings.recipe != MINE:
            return ""
        if self._named is None:
            return "Usual rates" if settings.stage_lrs else ""
        words = self._named.replace("_", " ")
        return f"Back to {words}" if self._line_is_its_own() else f"Rates of {words}"

    def _own_plan(self) -> tuple[PhaseRow, ...]:
        """What the named recipe would train; made once, for a plan copies the model."""
        of = self._named, self.session.stage_names
        if self._named_plan[0] != of:
            self._named_plan = of, self.session.workshop.plan(self.session.settings.changed(recipe=self._named))
        return self._named_plan[1]

    def _line_is_its_own(self) -> bool:
        return _line_of(self._own_plan()[0]) == self.session.line

    def _reset(self) -> None:
        session = self.session
        if session.settings.recipe != MINE:
            return
        if self._named is None:
            session.choose(stage_lrs={})
        elif self._line_is_its_own():
            session.choose(recipe=self._named)
        else:
            plan = self._own_plan()
            row = next((row for row in plan if _line_of(row) == session.line), plan[-1])
            session.choose(stage_lrs={one.stage: one.lr for one in row.stages if one.lr is not None})

    def _heard(self, event: str) -> None:
        if event in WHAT_CHANGES_IT:
            self._note_recipe()
            self.attempt(self.refresh_if_new)


def _line_of(row: PhaseRow) -> int:
    return next(i for i, stage in enumerate(row.stages) if stage.lr is not None)


def _rounded(lr: float) -> float:
    """Three digits, as one would type it."""
    return float(f"{lr:.3g}")


def _within(given: object, least: float, most: float, what: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not least <= given <= most:
        raise ValueError(f"{what} lies within {least:g} … {most:g}; you gave {given!r}.")
    return float(given)
