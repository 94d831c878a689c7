import functools
import io
import random
import sys
from dataclasses import replace

import numpy
import pytest
import torch

from tests.experiments import tiny
from tests.folder_files import insects
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments import sweep
from transferlab.recipes import Phase, feature_extraction, fine_tuning, from_scratch


def test_rows_come_in_the_order_of_budgets_seeds_and_arms():
    results = tiny.table(seeds=range(2))
    assert [(row.per_class, row.seed, row.arm) for row in results.rows] == [
        (budget, seed, arm) for budget in (2, 4) for seed in (0, 1) for arm in ("frozen", "slow", "all")
    ]
    assert results.arms == ("frozen", "slow", "all")
    assert {row.data for row in results.rows} == {"colours"}
    assert {row.backbone for row in results.rows} == {"TinyNet"}
    assert not results.failed


@pytest.mark.parametrize("data", [tiny.colours, tiny.colours(4, 0)], ids=["drawn", "splits"])
def test_every_arm_of_a_budget_and_seed_sees_the_same_images(data):
    results = tiny.table(seeds=range(3), data=data, measure=tiny.seen)
    trained = set()
    for budget in (2, 4):
        for seed in range(3):
            rows = [row for row in results.rows if (row.per_class, row.seed) == (budget, seed)]
            assert len(rows) == 3
            assert len({row.measured["train"] for row in rows}) == len({row.measured["held_out"] for row in rows}) == 1
            trained.add(rows[0].measured["train"])
    whole = isinstance(data, Splits)  # at 4 a class there is one choice of 4, whatever the seed
    assert len(trained) == (4 if whole else 6)


def test_processes_get_the_images_of_their_budget_alone_and_see_the_same_ones():
    """A thread shows what is sent to a process without the cost of one."""
    from concurrent.futures import ThreadPoolExecutor

    sent = []

    class Watched(ThreadPoolExecutor):
        def submit(self, fn, job):
            sent.append(len(job.conditions.data.splits.train))
            return super().submit(fn, job)

    data = tiny.colours(6, 0)
    with Watched(1) as executor:
        elsewhere = tiny.table(data=data, measure=tiny.seen, executor=executor)
    assert elsewhere == tiny.table(data=data, measure=tiny.seen)
    assert set(sent) == {6, 12}  # 2 and 4 of each of three classes, not 18


def test_images_that_cannot_be_drawn_and_measures_that_fail_are_rows_too():
    for results in (tiny.table(data=tiny.unlucky), tiny.table(measure=tiny.raising)):
        assert [row.seed for row in results.failed] == [1] * 6
        assert len(results.rows) == 18


def test_most_images_shortens_what_runs_through_the_network_and_no_head():
    arms = {"frozen": feature_extraction(6, 0.05), "all": fine_tuning(6, 3)}
    results = tiny.table(arms, range(1), most_images=24)  # 6 images at 2 a class, 12 at 4
    assert [row.epochs for row in results.rows] == [6, 3 + 4, 6, 2 + 2]


def test_forgetting_is_a_column_where_it_is_asked_for():
    rough = replace(fine_tuning(), phases=(Phase("all", 0.0, 10, head_lr=0.05, backbone_lr=0.5),))
    results = tiny.table({**tiny.HEADS, "rough": rough}, range(2), budgets=4, forgetting=True)
    assert not results.failed
    assert results.values("frozen", 4, "forgotten") == {0: 0.0, 1: 0.0}
    assert all(0 < one <= 1 for one in results.values("rough", 4, "forgotten").values())
    assert tiny.table(tiny.ALL, range(1), budgets=2).values("all", 2, "forgotten") == {}


def test_a_drawn_target_by_its_name_and_by_its_knobs_on_the_bundled_backbone():
    arms = {"frozen": feature_extraction(2), "scratch": from_scratch(1)}
    results = sweep(arms, 2, [0], "objects", most_images=16, cache=False, progress=False)
    assert not results.failed
    assert [(row.data, row.num_train, row.num_held_out, row.backbone) for row in results.rows] == [
        ("objects", 16, 200, "bundled")
    ] * 2
    far = functools.partial(worlds.target, "objects", domain_gap=1.0, held_out_per_class=2)
    results = sweep("feature_extraction", 2, 0, far, cache=False, progress=False)
    assert results.rows[0].data == "objects, domain gap 1"


def test_a_folder_is_read_at_the_backbones_size(tree):
    folder = tree(insects(ants=6, bees=6))
    results = sweep({"frozen": feature_extraction(1)}, (2, 5), 0, str(folder), cache=False, progress=False)
    assert [(row.num_train, row.num_held_out, row.error) for row in results.rows] == [(4, 2, None), (10, 2, None)]
    with pytest.raises(
        ValueError, match="A budget of 6 images a class is more than there is: the smallest class has 5"
    ):
        sweep({"frozen": feature_extraction(1)}, (2, 6), 0, str(folder), cache=False, progress=False)


def test_a_budget_larger_than_the_data_is_said_before_anything_is_computed(computed_jobs):
    data = tiny.colours(4, 0)
    uneven = Splits(data.train.subset(range(10)), data.held_out)  # 4 + 3 + 3
    with pytest.raises(ValueError, match=r"A budget of 4 .* smallest class has 3 .*Ask for at most 3"):
        tiny.table(data=uneven, budgets=(2, 4))
    assert computed_jobs == []


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="needs two seeds or more"):
        tiny.table(tiny.HEADS, range(1), budgets=2).interval("frozen", 2)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"recipes": []}, "There is no recipe to try"),
        ({"recipes": {}}, "There is no recipe to try"),
        ({"recipes": None}, "recipes are a list, such as .*; you gave None"),
        ({"recipes": 5}, "recipes are a list, such as .*; you gave 5"),
        ({"recipes": ["fine_tunning"]}, "No recipe 'fine_tunning'.*Did you mean 'fine_tuning'"),
        ({"recipes": {"a": 5}}, "No recipe '5'"),
        ({"recipes": [feature_extraction(), feature_extraction(1)]}, "Two recipes are called 'feature_extraction'"),
        ({"budgets": []}, r"There are no budgets: type budgets=\(5, 20, 100\)"),
        ({"budgets": 0}, "budgets are whole numbers of at least 1; you gave 0"),
        ({"budgets": True}, "budgets are whole numbers of at least 1; you gave True"),
        ({"budgets": (5, 2.5)}, "budgets are whole numbers of at least 1; you gave 2.5"),
        ({"budgets": 2.5}, "budgets are a list, such as .*; you gave 2.5"),
        ({"budgets": None}, "budgets are a list, such as .*; you gave None"),
        ({"budgets": "20"}, "budgets are whole numbers of at least 1; you gave '2'"),
        ({"seeds": []}, r"There are no seeds: type seeds=range\(3\)"),
        ({"seeds": -1}, "seeds are whole numbers of at least 0; you gave -1"),
        ({"data": "objcts"}, "No data 'objcts'. It is no folder either.*Did you mean 'objects'"),
        ({"data": 5}, "data is the name of a drawn target, a folder, Splits, or a function.*you gave int"),
        ({"data": lambda number: None}, r"data\(per_class=, seed=\) is how images .*'<lambda>' takes number"),
        ({"backbone": "bundeld"}, "bundeld.*Did you mean.*bundled"),
        ({"backbone": 5}, "a function of the seed that makes one; you gave 5"),
        ({"measure": 5}, "measure is a function .*; you gave 5"),
        ({"most_images": 0}, "most_images is a whole number of at least 1; you gave 0"),
        ({"workers": 0}, "workers is a whole number of at least 1; you gave 0"),
        ({"workers": 1.5}, "workers is a whole number of at least 1; you gave 1.5"),
        ({"executor": 2}, r"int has no submit\(\)"),
        ({"cache": 5}, "cache is a folder, True"),
        ({"device": "tpu"}, "No device 'tpu'"),
    ],
)  # fmt: skip
def test_what_is_no_sweep_is_said_before_anything_is_computed(change, sentence, computed_jobs):
    given = {"recipes": tiny.HEADS, "budgets": 2, "seeds": 0, "data": tiny.colours, "backbone": tiny.tiny_net()}
    with pytest.raises(ValueError, match=sentence):
        sweep(**{**given, "cache": False, "progress": False, **change})
    assert computed_jobs == []


def test_numbers_may_be_numpys_and_are_taken_once():
    results = tiny.table(tiny.HEADS, numpy.arange(2), budgets=[2, numpy.int64(2)])
    assert [(row.per_class, row.seed) for row in results.rows] == [(2, 0), (2, 1)]
    assert {type(row.seed) for row in results.rows} == {int}


def test_random_numbers_and_threads_of_the_caller_are_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_num_threads()
    arms = {"frozen": feature_extraction(1), "scratch": from_scratch(1)}
    assert not sweep(arms, 2, 0, "objects", most_images=1, forgetting=True, cache=False, progress=False).failed
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_num_threads()) == before[1:]


def test_what_the_caller_draws_changes_nothing():
    torch.manual_seed(1)
    first = tiny.table(seeds=range(1), measure=tiny.seen)
    torch.manual_seed(2)
    assert tiny.table(seeds=range(1), measure=tiny.seen) == first


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_counts_cells_in_a_terminal_and_nowhere_else(monkeypatch, capsys):
    shown = {}
    for name, stream, progress in (
        ("terminal", Terminal(), True), ("off", Terminal(), False), ("file", io.StringIO(), True)
    ):  # fmt: skip
        monkeypatch.setattr(sys, "stderr", stream)
        tiny.table(tiny.HEADS, range(2), budgets=2, progress=progress)
        shown[name] = stream.getvalue()
    assert "sweep" in shown["terminal"]
    assert "/2" in shown["terminal"]
    assert (shown["off"], shown["file"]) == ("", "")
    assert capsys.readouterr().out == ""


def test_precision_is_settled_once_and_sent_along(monkeypatch):
    """Each process would time for itself which is quicker, and a table must not depend on how busy they were."""
    asked = []
    monkeypatch.setattr("transferlab.experiments.sweeps.precision_for", lambda device: asked.append(device) or "bf16")
    results = tiny.table(tiny.ALL, range(2), budgets=2)
    assert asked == ["cpu"]
    assert [row.run.precision for row in results.rows] == ["bf16", "bf16"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_function_of_the_seed_makes_the_network_of_each_seed(workers):
    together = tiny.table(seeds=range(2), backbone=tiny.tiny_net, workers=workers)
    for seed in range(2):
        alone = tiny.table(seeds=[seed], backbone=tiny.tiny_net(seed))
        assert [row.accuracy for row in together.rows if row.seed == seed] == [row.accuracy for row in alone.rows]
