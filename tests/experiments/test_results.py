import json
import sys

import pytest

from tests.experiments import tiny
from transferlab.experiments import Results, Row
from transferlab.experiments.results import joined


def row(arm: str, seed: int, accuracy: float | None, per_class: int = 5, **fields) -> Row:
    return Row(arm, "feature_extraction", "bundled", fields.pop("data", "objects"), per_class, seed, accuracy, **fields)


@pytest.fixture
def results():
    """Two arms, two budgets, three seeds; scratch failed once at 20 a class."""
    return Results(
        (
            row("frozen", 0, 0.5), row("frozen", 1, 0.6), row("frozen", 2, 0.7),
            row("scratch", 0, 0.4), row("scratch", 1, 0.4), row("scratch", 2, 0.4),
            row("frozen", 0, 0.8, 20), row("frozen", 1, 0.9, 20), row("frozen", 2, 0.7, 20),
            row("scratch", 0, 0.2, 20), row("scratch", 1, None, 20, error="no memory"), row("scratch", 2, 0.3, 20),
        )
    )  # fmt: skip


def test_arms_budgets_and_seeds_are_those_of_the_rows(results):
    assert results.arms == ("frozen", "scratch")
    assert results.budgets == (5, 20)
    assert results.seeds == (0, 1, 2)
    assert [(one.arm, one.seed, one.error) for one in results.failed] == [("scratch", 1, "no memory")]


def test_values_go_by_seed_and_leave_out_what_failed(results):
    assert results.values("frozen", 5) == {0: 0.5, 1: 0.6, 2: 0.7}
    assert results.values("scratch", 20) == {0: 0.2, 2: 0.3}


def test_an_interval_is_students_over_seeds(results):
    found = results.interval("frozen", 5)
    half = 4.303 * 0.1 / 3**0.5
    assert (found.mean, found.low, found.high) == tuple(pytest.approx(x) for x in (0.6, 0.6 - half, 0.6 + half))
    assert found.name == "frozen, 5 a class"


def test_a_difference_is_paired_by_seed_and_takes_the_seeds_that_both_have(results):
    assert results.difference("frozen", "scratch", 5).values == pytest.approx((0.1, 0.2, 0.3))
    assert results.difference("frozen", "scratch", 20).values == pytest.approx((0.6, 0.4))  # seeds 0 and 2


def test_one_seed_has_no_interval():
    alone = Results((row("frozen", 0, 0.5), row("scratch", 0, 0.4), row("late", 1, 0.4)))
    with pytest.raises(ValueError, match="needs two seeds or more; 'frozen, 5 a class' has 1"):
        alone.interval("frozen", 5)
    with pytest.raises(ValueError, match="needs two seeds or more"):
        alone.difference("frozen", "scratch", 5)
    with pytest.raises(ValueError, match="has 0"):
        alone.difference("frozen", "late", 5)  # no seed in common


def test_what_is_not_there_is_said(results):
    with pytest.raises(ValueError, match=r"No arm 'frozne'. This table's arms are: frozen, scratch. Did you mean"):
        results.values("frozne", 5)
    with pytest.raises(ValueError, match=r"No budget '7'. Measured were, a class,: 5, 20"):
        results.values("frozen", 7)
    with pytest.raises(ValueError, match=r"No column 'acuracy'.*Did you mean 'accuracy'"):
        results.values("frozen", 5, "acuracy")


def test_columns_are_fields_what_was_forgotten_and_what_was_measured():
    one = row("all", 0, 0.5, source_before=0.9, source_after=0.6, measured={"gap": 0.1, "worst": None})
    assert one.column("accuracy") == 0.5
    assert one.column("forgotten") == pytest.approx(0.3)
    assert one.column("gap") == 0.1
    assert Results((one,)).values("all", 5, "worst") == {}
    assert row("all", 0, 0.5).column("forgotten") is None


def test_two_tables_are_one_unless_they_answer_the_same_question_twice(results):
    satellite = Results(tuple(row("frozen", seed, 0.1, data="satellite") for seed in range(3)))
    far = Results((row("far", 0, 0.1), row("far", 1, 0.2)))
    assert (results + far).interval("far", 5).mean == pytest.approx(0.15)
    assert joined([results, far]) == results + far
    with pytest.raises(ValueError, match=r"'frozen' with 5 a class and seed 0 is there twice, on 'objects' and 'sate"):
        (results + satellite).values("frozen", 5)


def test_records_are_plain_and_hold_what_was_measured():
    one = row("all", 0, 0.5, source_before=1.0, source_after=0.75, measured={"gap": 0.1}, seconds=2.0)
    (record,) = Results((one,)).records()
    expected = {"arm": "all", "recipe": "feature_extraction", "backbone": "bundled", "data": "objects", "per_class": 5}
    expected |= {"seed": 0, "accuracy": 0.5, "num_train": 0, "num_held_out": 0, "num_classes": 0, "source_before": 1.0}
    expected |= {"source_after": 0.75, "trained_parameters": 0, "epochs": 0, "seconds": 2.0, "error": None}
    assert record == expected | {"forgotten": 0.25, "gap": 0.1}


def test_a_frame_has_a_row_a_run():
    pandas = pytest.importorskip("pandas")
    frame = Results((row("a", 0, 0.5, measured={"gap": 0.1}), row("b", 0, None, error="no memory"))).frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.shape[0] == 2
    assert frame["accuracy"].tolist()[0] == 0.5
    assert frame["accuracy"].isna().tolist() == [False, True]
    assert frame.loc[0, "gap"] == 0.1


def test_without_pandas_a_frame_is_a_sentence(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)  # as where it is not installed
    with pytest.raises(ValueError, match=r"pip install pandas\. results\.records\(\) needs nothing"):
        results.frame()


def test_a_saved_table_comes_back_with_its_runs(tmp_path, results):
    trained = tiny.table(tiny.ALL, seeds=range(2), budgets=2, measure=tiny.seen) + results
    path = trained.save(tmp_path / "sweep.json")
    again = Results.load(path)
    assert again == trained
    assert again.rows[0].run == trained.rows[0].run is not None


def test_a_file_that_is_no_table_is_said(tmp_path, results):
    with pytest.raises(ValueError, match=r"No file .*none\.json\. Results\.load reads what"):
        Results.load(tmp_path / "none.json")
    whole = results.save(tmp_path / "whole.json").read_text()
    foreign = {"half": whole[:200], "list": "[]", "kind": '{"kind": "Run"}', "rows": '{"kind": "Results"}'}
    foreign["field"] = json.dumps({"kind": "Results", "rows": [{**results.rows[0].to_dict(), "colour": "red"}]})
    foreign["row"] = '{"kind": "Results", "rows": [3]}'
    for name, text in foreign.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=f"{name} is no saved table of results"):
            Results.load(tmp_path / name)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name in ("bytes", ""):  # the last is the folder itself
        with pytest.raises(ValueError, match="is no saved table of results"):
            Results.load(tmp_path / name)


def test_a_table_is_read_as_text(results):
    lines = str(results).splitlines()
    assert lines[0].split() == ["accuracy", "at", "images", "a", "class:", "5", "20"]
    assert lines[2].split() == ["frozen", "60.0%", "±", "24.8", "80.0%", "±", "24.8"]
    assert lines[3].split() == ["scratch", "40.0%", "±", "0.0", "25.0%", "±", "63.5"]  # 12.706 · 0.0707 / √2
    assert lines[4] == "failed: scratch, 20 a class, seed 1: no memory"


def test_one_seed_is_shown_without_an_interval_and_none_as_a_dash():
    text = str(Results((row("a", 0, 0.5), row("b", 0, None, error="no memory"))))
    assert [line.split()[1] for line in text.splitlines()[2:4]] == ["50.0%", "–"]
