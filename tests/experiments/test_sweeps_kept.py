import functools
import signal
import subprocess
import sys

import pytest

from tests.experiments import tiny
from transferlab.experiments.cells import code_identity
from transferlab.experiments.running import run_job
from transferlab.recipes import feature_extraction, from_scratch


def test_the_same_call_gives_the_same_bits_and_a_kept_one_computes_nothing(tmp_path, computed_jobs):
    first = tiny.table(measure=tiny.seen)
    assert tiny.table(measure=tiny.seen) == first
    computed_jobs.clear()
    assert tiny.table(measure=tiny.seen, cache=tmp_path) == first
    assert len(computed_jobs) == 12  # two heads at once are one job: 2 budgets × 3 seeds × 2
    kept = tiny.table(measure=tiny.seen, cache=str(tmp_path))
    assert kept == first
    assert [row.run == one.run for row, one in zip(kept.rows, first.rows, strict=True)] == [True] * 18
    assert len(computed_jobs) == 12


def test_what_an_arm_is_called_costs_nothing_and_its_recipe_does(tmp_path, computed_jobs):
    settings = {"budgets": 2, "seeds": range(1), "cache": tmp_path}
    tiny.table({"a": feature_extraction(1)}, **settings)
    again = tiny.table({"b": feature_extraction(1), "c": feature_extraction(1, 0.01)}, **settings)
    assert again.arms == ("b", "c")
    assert computed_jobs == [["a"], ["c"]]


def test_more_budgets_and_seeds_compute_what_is_missing_alone(tmp_path, computed_jobs):
    tiny.table(tiny.ALL, range(2), budgets=2, cache=tmp_path)
    assert len(tiny.table(tiny.ALL, range(3), cache=tmp_path).rows) == 6
    assert len(computed_jobs) == 2 + 4


def test_other_weights_images_or_columns_are_computed_anew(tmp_path, computed_jobs):
    settings = {"budgets": 2, "seeds": range(1), "cache": tmp_path}
    for change in (
        {}, {}, {"backbone": tiny.tiny_net(1)}, {"data": functools.partial(tiny.colours, noise=90)},
        {"measure": tiny.seen}, {"most_images": 5}, {"forgetting": True}, {},
    ):  # fmt: skip
        tiny.table(tiny.ALL, **settings, **change)
    assert len(computed_jobs) == 6


@pytest.mark.parametrize("change", [{"data": lambda per_class, seed: tiny.colours(per_class, seed)},
                                    {"measure": lambda *_: {}}])  # fmt: skip
def test_nothing_is_kept_of_what_may_be_another_function_next_time(tmp_path, computed_jobs, change):
    for _ in range(2):
        assert not tiny.table(tiny.ALL, range(1), budgets=2, cache=tmp_path / "rows", **change).failed
    assert len(computed_jobs) == 2
    assert not (tmp_path / "rows").exists()


def test_the_users_cache_folder_is_used_unless_told_otherwise(tmp_path, monkeypatch, computed_jobs):
    monkeypatch.setattr("transferlab.experiments.store.cache_folder", lambda: tmp_path)
    for cache in (True, True, False):
        tiny.table(tiny.ALL, range(1), budgets=2, cache=cache)
    assert len(computed_jobs) == 2
    assert len(list((tmp_path / "experiments").iterdir())) == 1


def test_damaged_and_foreign_files_are_measured_anew(tmp_path, computed_jobs):
    first = tiny.table(tiny.ALL, range(3), budgets=2, cache=tmp_path)
    files = sorted(tmp_path.iterdir())
    files[0].write_bytes(files[0].read_bytes()[:100])
    files[1].write_text('{"another": "table"}')
    (tmp_path / "notes.txt").write_text("mine")
    assert tiny.table(tiny.ALL, range(3), budgets=2, cache=tmp_path) == first
    assert len(computed_jobs) == 3 + 2
    assert tiny.table(tiny.ALL, range(3), budgets=2, cache=tmp_path) == first  # and they are whole again
    assert len(computed_jobs) == 5


def test_killed_half_way_it_goes_on_and_gives_the_same_table(tmp_path):
    """The process dies by a signal that cannot be caught, in the third of four cells."""
    (tmp_path / "kill").touch()
    code_identity.cache_clear()  # the other process hashes the code as it is now
    code = "import sys, pathlib; from tests.experiments import tiny; tiny.noted_table(pathlib.Path(sys.argv[1]))"
    died = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert tiny.computed(tmp_path) == [0, 1, 2]
    (tmp_path / "kill").unlink()
    resumed = tiny.noted_table(tmp_path)
    assert tiny.computed(tmp_path) == [0, 1, 2, 2, 3]  # what was finished is not computed again
    assert tiny.noted_table(tmp_path) == resumed
    assert tiny.computed(tmp_path) == [0, 1, 2, 2, 3]
    assert [row.measured["seed squared"] for row in resumed.rows] == [0, 1, 4, 9]
    assert tiny.noted_table(tmp_path, cache=False) == resumed  # never interrupted


def test_interrupted_by_hand_it_keeps_what_was_finished(tmp_path, monkeypatch):
    def interrupted(job):
        if job.cells[0].seed == 2:
            raise KeyboardInterrupt
        return run_job(job)

    with monkeypatch.context() as patch:
        patch.setattr("transferlab.experiments.pools.run_job", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tiny.noted_table(tmp_path)
    tiny.noted_table(tmp_path)
    assert tiny.computed(tmp_path) == [0, 1, 2, 3]


def test_failing_cells_are_rows_the_others_finish_and_the_failed_are_tried_again(tmp_path, computed_jobs):
    arms = {**tiny.ARMS, "scratch": from_scratch(1), "wild": feature_extraction(5, head_lr=100.0)}
    results = tiny.table(arms, range(2), budgets=2, cache=tmp_path)
    assert {row.arm for row in results.failed} == {"scratch", "wild"}
    assert "needs random weights" in results.rows[3].error
    assert "Training diverged" in results.rows[4].error
    assert "failed: scratch, 2 a class, seed 0: 'from_scratch' needs random weights" in str(results)
    assert results.values("wild", 2) == {}
    assert len(results.values("all", 2)) == 2
    computed_jobs.clear()
    assert tiny.table(arms, range(2), budgets=2, cache=tmp_path) == results
    assert computed_jobs == [["scratch"], ["wild"]] * 2
