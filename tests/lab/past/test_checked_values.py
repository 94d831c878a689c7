from dataclasses import replace

import pytest

from transferlab.lab.past.checked_values import check_values
from transferlab.records import PhaseRow, StageRow, Step

STEP = Step(step=1, epoch=1, phase="head", loss=2.0, learning_rates={"fc": 1e-3})


def test_what_fits_passes():
    check_values(STEP, "step")
    check_values(replace(STEP, loss=2), "step")  # JSON writes 2.0 as 2
    check_values(PhaseRow("head", 2, (StageRow("fc", 10, None),)), "phase")


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (replace(STEP, loss="low"), "step.loss is 'low'"),
        (replace(STEP, loss=float("inf")), "step.loss is inf"),
        (replace(STEP, step=True), "step.step is True"),
        (replace(STEP, step=1.0), "step.step is 1.0"),
        (replace(STEP, learning_rates=[1]), "step.learning_rates is"),
        (replace(STEP, learning_rates={"fc": None}), r"step.learning_rates\['fc'\] is None"),
        (replace(STEP, learning_rates={1: 1.0}), "a name in step.learning_rates is 1"),
        (PhaseRow("head", 2, (StageRow("fc", 10, "fast"),)), r"step.stages\[0\].lr is 'fast'"),
        (PhaseRow("head", 2, ("fc",)), r"step.stages\[0\] is 'fc'"),
        (PhaseRow("head", 2, "fc"), "step.stages is 'fc'"),
        (PhaseRow("x" * 200, None, ()), "step.num_epochs is None"),
    ],
)
def test_what_does_not_fit_is_named(record, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_values(record, "step")
