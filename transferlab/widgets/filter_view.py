"""The first layer's filters, or what a deeper stage makes of one image: before training, now, and what changed.

    FilterView(Session("bundled", "objects"))

Left out: judging the filters; see `explain.filter_report`.
"""

from typing import Any, ClassVar

from transferlab.lab.looks.look import Look, NoLook
from transferlab.lab.looks.look_filters import FilterLook
from transferlab.lab.looks.subject import Subject
from transferlab.widgets.view import View


class FilterView(View):
    """Filters and activations along a run.

    >>> FilterView(session)
    >>> FilterView(session, scrub=scrub)      # dragged together with other views
    """

    title, script, name = "Filters and activations", "filter_view.js", "filters"
    options: ClassVar[dict[str, Any]] = {"stage": None, "turn": 0}

    def make(self, subject: Subject) -> Look:
        stage = self.chosen["stage"]
        if stage is not None and stage not in subject.stages:
            stage = None  # another backbone has other stages
        held_out = subject.data.held_out
        if held_out.noun != "image":
            takes = {"text": "reads texts", "sound": "hears sounds"}[held_out.noun]
            return NoLook(f"Filters and maps are drawn of networks that look at pictures; this one {takes}.")
        return FilterLook(subject.start, held_out, stage, self.chosen["turn"])

    def choices(self, subject: Subject) -> dict[str, Any]:
        return {"stages": list(subject.stages[:-1])}

    def show_stage(self, stage: str | None) -> None:
        """Look at a stage's activations, or with None at the filters of the first layer.

        >>> view.show_stage("layer2")
        """
        self.attempt(self.do_choose, {"stage": stage}, [])
