import dataclasses

from tests.test_records import make_run
from transferlab.records import PhaseRow, StageRow
from transferlab.tables import result_table, seeds_table, stage_table, table


def test_columns_line_up():
    assert table(["a", "number"], [["long name", "1"], ["b", "1,000"]]).splitlines() == [
        "a          number",
        "─────────────────",
        "long name       1",
        "b           1,000",
    ]


def test_the_stage_table_says_frozen_or_the_rate_and_since_when():
    first = PhaseRow(
        "head", 1, (StageRow("conv1", 4800, None), StageRow("layer1", 9000, None), StageRow("fc", 20, 2e-3))
    )
    second = PhaseRow(
        "last", 1, (StageRow("conv1", 4800, None), StageRow("layer1", 9000, 2e-4), StageRow("fc", 20, 2e-3))
    )
    text = stage_table({"gradual_unfreezing": (first, second)}).splitlines()
    assert text[2].split() == ["conv1", "4,800", "frozen"]
    assert text[3].split() == ["layer1", "9,000", "2e-04", "from", "phase", "2"]
    assert text[4].split() == ["fc", "20", "2e-03"]


def test_the_result_table_shows_interval_and_forgetting():
    scratch = make_run(recipe="from_scratch", source_kind=None)
    scratch = dataclasses.replace(
        scratch, epochs=tuple(dataclasses.replace(epoch, source_accuracy=None) for epoch in scratch.epochs)
    )
    lines = result_table([make_run(), scratch]).splitlines()
    assert "source accuracy" in lines[0]
    assert "87.5%" in lines[2]
    assert "95.0% → 80.0%" in lines[2]
    assert "52.9% … 97.8%" in lines[2]  # Wilson for 7 of 8
    assert lines[3].endswith("–")


def test_the_seeds_table_pairs_each_run_with_scratch_of_its_seed():
    def run(recipe, seed, accuracy):
        last = dataclasses.replace(make_run().epochs[-1], held_out_accuracy=accuracy)
        return make_run(recipe=recipe, seed=seed, epochs=(last,))

    runs = [
        run("fine_tuning", 0, 0.80),
        run("fine_tuning", 1, 0.84),
        run("from_scratch", 1, 0.50),
        run("from_scratch", 0, 0.60),
    ]
    lines = seeds_table(runs).splitlines()
    assert "82.0%" in lines[2]
    assert lines[4].split()[:4] == ["fine-tuning", "minus", "scratch", "+27.0"]
    assert lines[4].endswith("+20.0 +34.0")
