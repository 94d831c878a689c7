import json
import subprocess
import sys

import pytest

from transferlab.bench import measuring
from transferlab.bench.measuring import added, chosen, run_in_turns
from transferlab.bench.ways import Way, way
from transferlab.cli import main


def test_jobs_are_chosen_by_name():
    assert {one.job for one in chosen(["head"])} == {"head"}
    assert len(chosen([])) > len(chosen(["head", "forgetting"])) > 2
    assert [one.name for one in chosen([], ["twice", "head"])] == ["head", "twice"]
    assert len(chosen(["forgetting"], ["head"])) == 3
    assert [one.name for one in chosen(["native defaults"], ["head"])][:3] == ["head", "native", "native_gradual"]
    assert not any(one.name.startswith("native") for one in chosen([]))
    with pytest.raises(ValueError, match="Did you mean 'head_warm'"):
        chosen([], ["head_wram"])
    with pytest.raises(ValueError, match="Did you mean 'forgetting'"):
        chosen(["forgeting"])


def test_ways_are_measured_in_turns_forth_and_back_and_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(measuring, "_measured", lambda task, one: {"way": one.name, "cpu_seconds": 1.0})
    absent = Way("absent", "nobody's way", "head", "nobody:nothing", needs="no_such_package")
    said = []
    figures = run_in_turns([way("head"), absent, way("twice")], repeats=3, say=said.append, small=True)
    order = [(one["turn"], one["way"]) for one in figures["measurements"]]
    assert order == [(0, "head"), (0, "twice"), (1, "twice"), (1, "head"), (2, "head"), (2, "twice")]
    assert figures["left_out"] == ["absent"]
    assert "needs no_such_package" in said[0]
    assert figures["num_held_out"] == 16
    json.dumps(figures)


def test_more_turns_are_added_to_what_was_measured_alike(monkeypatch):
    monkeypatch.setattr(measuring, "_measured", lambda task, one: {"way": one.name, "cpu_seconds": 1.0})
    one, other = (run_in_turns([way("head")], repeats=2, say=lambda text: None, small=True) for _ in range(2))
    both = added(json.loads(json.dumps(one)), other)
    assert [measured["turn"] for measured in both["measurements"]] == [0, 1, 2, 3]
    assert both["repeats"] == 4
    with pytest.raises(ValueError, match=r"versions was .*Give --out another file"):
        added({**one, "versions": {"torch": "1.0"}}, other)


def test_fewer_images_have_budgets_of_their_own(monkeypatch):
    monkeypatch.setattr(measuring, "_measured", lambda task, one: {"way": one.name, "cpu_seconds": 1.0})
    figures = run_in_turns([way("head")], repeats=1, say=lambda text: None, per_class=12)
    assert figures["settings"]["budgets"] == [5, 10]


def test_a_way_that_fails_is_named(monkeypatch, tmp_path):
    failed = subprocess.CompletedProcess([], 1, "", "Traceback\nValueError: no such task")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **named: failed)
    with pytest.raises(ValueError, match="The way 'head' failed: ValueError: no such task"):
        measuring._measured(tmp_path / "task", way("head"))


@pytest.mark.skipif(sys.platform == "win32", reason="pins workers to a core, which Windows does in another way")
def test_the_command_prints_tables_and_writes_figures(tmp_path, capsys):
    out = tmp_path / "bench.json"
    assert main(["bench", "--small", "--repeats", "1", "--job", "forgetting", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "20 forgetting measurements an epoch" in printed
    figures = json.loads(out.read_text())
    assert [one["way"] for one in figures["measurements"]] == ["remembered", "measured"]
    assert main(["bench", "--repeats", "0", "--out", str(out)]) == 2
    assert main(["bench", "--add", "--out", str(tmp_path / "none.json")]) == 2
    assert json.loads(out.read_text()) == figures


def test_native_defaults_are_a_table_and_a_file_of_their_own(monkeypatch, tmp_path, capsys):
    def measured(task, one):
        return {
            "way": one.name, "cpu_seconds": 2.0, "first_point_seconds": 1.0, "accuracy": 0.5, "peak_megabytes": 700.0,
            "calibration_seconds": [1.0, 1.0],
        }  # fmt: skip

    monkeypatch.setattr(measuring, "_measured", measured)
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "--native", "--small", "--repeats", "1"]) == 0
    printed = capsys.readouterr().out
    assert "native defaults: transferlab, fine_tuning" in printed
    assert "all cut to 2/25" in printed
    assert "promise" not in printed
    assert [path.name for path in tmp_path.iterdir()] == ["transferlab-bench-native.json"]
