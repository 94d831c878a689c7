"""How far each stage has moved from the pretrained weights, and how well it tells the classes apart, along a run.

    DriftView(Session("bundled", "objects"))

Left out: single filters; see `FilterView`.
"""

from typing import Any

from transferlab.lab.looks.look import Look
from transferlab.lab.looks.look_drift import DriftLook
from transferlab.lab.looks.subject import Subject
from transferlab.widgets.view import View


class DriftView(View):
    """Bars a stage at one moment, and lines over the epochs.

    >>> DriftView(session)
    """

    title, script, name = "Drift of the stages", "drift_view.js", "drift"

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        return ("chart.js", "view.js")

    def make(self, subject: Subject) -> Look:
        return DriftLook(subject.start, subject.data.held_out)

    def choices(self, subject: Subject) -> dict[str, Any]:
        return {"stages": list(subject.stages[:-1])}
