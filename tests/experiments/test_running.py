import copy
import dataclasses
import functools
import re

import pytest
import torch
from torch import nn

from tests.experiments import tiny
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.experiments.cells import Cell, Conditions
from transferlab.experiments.running import Job, fresh_model, is_head_alone, jobs_of, one_thread, run_job, within
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.keep_methods import L2SP, Replay
from transferlab.recipes import Phase, feature_extraction, fine_tuning, from_scratch, last_stage, lp_ft
from transferlab.training import train


@pytest.fixture
def conditions():
    return Conditions(tiny.colours, "colours", tiny.tiny_net())


def cells(recipes, seeds=(0,), per_class=4):
    return tuple(Cell(f"arm {i}", one, per_class, seed) for seed in seeds for i, one in enumerate(recipes))


def test_heads_trained_at_once_are_what_fit_gives_each(conditions):
    """The oracle is `fit`: autograd, torch's AdamW and the cache at the freeze line, one head at a time."""
    recipes = [feature_extraction(3, lr, weight_decay=decay) for lr, decay in ((0.05, 0.01), (0.01, 0.5), (0.1, 0.0))]
    rows = run_job(Job(cells(recipes, [1]), dataclasses.replace(conditions, measure=tiny.head_weights)))
    data = tiny.colours(4, 1)
    for recipe, row in zip(recipes, rows, strict=True):
        model = tiny.tiny_net()
        replace_head(model, 3, seed=1)
        run = train(model, data, recipe, seed=1, progress=False)
        assert row.accuracy == run.accuracy
        assert list(row.measured.values()) == pytest.approx(list(tiny.head_weights(model, data, 1).values()), abs=1e-5)
        assert (row.num_train, row.num_held_out, row.num_classes) == (12, 30, 3)
        assert (row.trained_parameters, row.epochs) == (run.trainable_parameters, 3) == (21, 3)
    assert len({tuple(row.measured.values()) for row in rows}) == 3


def test_on_a_drawn_world_and_the_bundled_backbone_too(conditions):
    make = functools.partial(worlds.target, "objects", size=64, held_out_per_class=3)
    here = dataclasses.replace(conditions, data=make, backbone="bundled", measure=tiny.head_weights, forgetting=True)
    recipe = feature_extraction(2)
    (row,) = run_job(Job(cells([recipe], per_class=2), here))
    data, model = make(per_class=2, seed=0), load("bundled")
    replace_head(model, 8, seed=0)
    run = train(model, data, recipe, seed=0, progress=False)
    assert row.accuracy == run.accuracy
    assert list(row.measured.values()) == pytest.approx(list(tiny.head_weights(model, data, 0).values()), abs=1e-5)
    assert row.source_before == row.source_after > 0.5  # what is frozen forgets nothing
    assert row.column("forgotten") == 0


def test_only_what_trains_a_head_as_they_do_is_trained_at_once():
    plain = feature_extraction()
    assert is_head_alone(plain)
    assert is_head_alone(feature_extraction(5, 0.1, weight_decay=0.3, batch_size=8))
    others = [fine_tuning(), last_stage(), lp_ft(), from_scratch()]
    others += [feature_extraction(head_lr=0.5)]  # may diverge on its way, which fit notices
    others += [feature_extraction(bn="train"), feature_extraction(keep_features=False), feature_extraction(keep=L2SP())]
    others += [dataclasses.replace(plain, starts_from="random")]
    for change in (
        {"frozen_share": 0.8}, {"until_converged": True}, {"schedule": "constant"}, {"stage_lrs": {"fc": 0.1}}
    ):  # fmt: skip
        others.append(dataclasses.replace(plain, phases=(dataclasses.replace(plain.phases[0], **change),)))
    others.append(dataclasses.replace(plain, phases=plain.phases * 2))
    assert not any(map(is_head_alone, others))


@pytest.mark.parametrize("backbone", ["tiny", "bundled"])
def test_without_curves_the_end_is_the_same(conditions, backbone):
    if backbone == "bundled":
        make = functools.partial(worlds.target, "objects", held_out_per_class=3)
        conditions = dataclasses.replace(conditions, data=make, backbone="bundled")
    recipe = fine_tuning(1, 1, keep=Replay()) if backbone == "bundled" else fine_tuning(2, 1)
    conditions = dataclasses.replace(conditions, forgetting=True, measure=tiny.seen)
    job = Job(cells([recipe], [3]), conditions)
    (watched,) = run_job(job)
    (hardly,) = run_job(dataclasses.replace(job, conditions=dataclasses.replace(conditions, curves=False)))
    assert not watched.error
    assert watched.run is not None
    assert hardly.run is None
    assert hardly == dataclasses.replace(watched, run=None)


def test_heads_on_the_same_images_are_one_job_and_anything_else_its_own(conditions):
    quick, slow, longer, all_ = feature_extraction(2), feature_extraction(2, 1e-3), feature_extraction(3), fine_tuning()
    given = cells([quick, slow, longer, all_, all_], seeds=(0, 1))
    jobs = jobs_of(given, conditions)
    assert [[(cell.arm, cell.seed) for cell in job.cells] for job in jobs] == [
        [("arm 0", 0), ("arm 1", 0)], [("arm 2", 0)], [("arm 3", 0)], [("arm 4", 0)],
        [("arm 0", 1), ("arm 1", 1)], [("arm 2", 1)], [("arm 3", 1)], [("arm 4", 1)],
    ]  # fmt: skip
    assert jobs_of([], conditions) == []


def test_a_run_is_what_fit_gives_with_the_same_seed(conditions):
    recipe = fine_tuning(2, 1)
    (row,) = run_job(Job(cells([recipe], [3]), dataclasses.replace(conditions, forgetting=True)))
    model, data = tiny.tiny_net(), tiny.colours(4, 3)
    replace_head(model, 3, seed=3)
    run = train(model, data, recipe, seed=3, progress=False)
    assert [one.train_loss for one in row.run.epochs] == [one.train_loss for one in run.epochs]
    assert row.accuracy == run.accuracy == row.run.accuracy
    assert (row.epochs, row.seed, row.run.seed) == (3, 3, 3)
    assert row.source_before == 1.0  # agreement with itself
    assert row.source_after == remember(tiny.tiny_net(), data.held_out).measure(model)
    assert row.column("forgotten") == 1.0 - row.source_after


def test_forgetting_is_measured_where_it_is_asked_for_or_a_recipe_keeps(conditions):
    plain, keeping = fine_tuning(1, 1), fine_tuning(1, 1, keep=L2SP())
    (row,) = run_job(Job(cells([plain]), conditions))
    assert (row.source_before, row.column("forgotten")) == (None, None)
    (row,) = run_job(Job(cells([keeping]), conditions))
    assert row.error is None
    assert row.source_before == 1.0


def test_phases_are_cut_to_what_shows_so_many_images(conditions):
    recipe = fine_tuning(epochs=10, head_epochs=3)
    assert [phase.epochs for phase in within(recipe, 100, 500).phases] == [3, 5]
    assert [phase.epochs for phase in within(recipe, 100, 50).phases] == [1, 1]
    assert within(recipe, 100, None) is recipe
    short = dataclasses.replace(conditions, most_images=24)  # two epochs of 12 images
    (row,) = run_job(Job(cells([fine_tuning(5, 1)]), short))
    assert row.epochs == 1 + 2


def test_random_weights_depend_on_the_seed_alone(conditions):
    bundled = dataclasses.replace(conditions, backbone="bundled")
    one, again, other = (fresh_model(bundled, from_scratch(), 3, seed) for seed in (1, 1, 2))
    assert torch.equal(one.conv1.weight, again.conv1.weight)
    assert not torch.equal(one.conv1.weight, other.conv1.weight)
    assert not one.card.pretrained
    by_card = dataclasses.replace(conditions, backbone=load("bundled"))
    assert torch.equal(fresh_model(by_card, from_scratch(), 3, 1).conv1.weight, one.conv1.weight)


def test_nobody_knows_random_weights_for_a_network_of_ones_own(conditions):
    (row,) = run_job(Job(cells([from_scratch(1)]), conditions))
    assert row.accuracy is None
    assert "'from_scratch' needs random weights, and nobody knows how to make them for a network" in row.error
    assert "Give the backbone by its name" in row.error


def test_the_network_that_was_given_stays_as_it_is(conditions):
    net = conditions.backbone.train()
    net.conv.requires_grad_(False)
    before, head = copy.deepcopy(net.state_dict()), net.fc
    given = dataclasses.replace(conditions, forgetting=True, measure=tiny.seen)
    for recipe in (feature_extraction(1), fine_tuning(1, 1)):
        assert run_job(Job(cells([recipe]), given))[0].error is None
    assert net.fc is head
    assert net.training
    assert [one.requires_grad for one in net.conv.parameters()] == [False, False]
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_torchs_random_numbers_and_threads_are_left_as_they_were(conditions):
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        failing = dataclasses.replace(conditions, data=tiny.unlucky)
        rows = [run_job(Job(cells([recipe]), conditions))[0] for recipe in (feature_extraction(1), fine_tuning(1, 1))]
        rows += run_job(Job(cells([feature_extraction(1)], [1]), failing))
        inside = run_job(Job(cells([fine_tuning(1, 1)]), dataclasses.replace(conditions, measure=tiny.threads)))
        with pytest.raises(ZeroDivisionError), one_thread():
            _ = 1 / 0
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert [row.error for row in rows] == [None, None, "seed 1 draws nothing"]
    assert inside[0].measured == {"threads": 1}
    assert torch.equal(torch.get_rng_state(), before)


def test_training_that_diverges_is_a_row_with_its_sentence(conditions):
    wild = dataclasses.replace(
        fine_tuning(), phases=(Phase("all", 0.0, 10, head_lr=100.0, backbone_lr=100.0, schedule="constant"),)
    )
    rows = [run_job(Job(cells([one]), conditions))[0] for one in (wild, feature_extraction(10, head_lr=100.0))]
    for row in rows:
        assert row.accuracy is None
        assert "Training diverged: the loss is" in row.error
        assert (row.arm, row.per_class, row.seed, row.data) == ("arm 0", 4, 0, "colours")


def test_a_head_that_is_not_one_linear_layer_is_trained_by_fit(conditions):
    class Convolved(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu, self.fc = nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 1)
            self.pool, self.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()

        def forward(self, x):
            return self.flatten(self.pool(self.fc(self.relu(self.conv(x)))))

    recipes = [feature_extraction(1), feature_extraction(1, 0.05)]
    rows = run_job(Job(cells(recipes), dataclasses.replace(conditions, backbone=Convolved())))
    assert [row.error for row in rows] == [None, None]
    assert all(row.run is not None for row in rows)


def test_a_failing_measure_fails_its_own_head_alone(conditions):
    """The heads share one pass of the backbone, not their fate."""

    def fast_heads_only(model, data, seed):
        if model.fc.weight.abs().max() < 0.5:
            raise ValueError("this head has not moved")
        return {}

    recipes = [feature_extraction(10, 1e-5), feature_extraction(10, 0.1)]
    assert len(jobs_of(cells(recipes), conditions)) == 1
    rows = run_job(Job(cells(recipes), dataclasses.replace(conditions, measure=fast_heads_only)))
    assert [row.error for row in rows] == ["this head has not moved", None]


@pytest.mark.parametrize("recipe", [feature_extraction(1), fine_tuning(1, 1)], ids=["heads", "run"])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (3.0, r"gives numbers by name; this one gave float"),
        ({"gap": "large"}, "'gap': 'large', which is no number"),
        ({"gap": torch.zeros(2)}, "'gap': tensor.*, which is no number"),
        ({"gap": float("nan")}, "'gap': nan; give None where it cannot be measured"),
        ({"accuracy": 0.5}, "a column 'accuracy', which every table has"),
        ({"forgotten": 0.5}, "a column 'forgotten', which every table has"),
    ],
)
def test_what_measure_may_give_is_said(conditions, recipe, given, sentence):
    measuring = dataclasses.replace(conditions, measure=lambda *_: given)
    (row,) = run_job(Job(cells([recipe]), measuring))
    assert row.accuracy is None
    assert re.search(sentence, row.error), row.error


def test_numbers_of_any_kind_become_plain_ones(conditions):
    import numpy

    given = {"tensor": torch.tensor(0.5), "numpy": numpy.float32(0.25), "whole": 3, "none": None}
    (row,) = run_job(Job(cells([feature_extraction(1)]), dataclasses.replace(conditions, measure=lambda *_: given)))
    assert row.measured == {"tensor": 0.5, "numpy": 0.25, "whole": 3, "none": None}
    assert {type(one) for one in row.measured.values()} == {float, type(None)}


def test_data_that_gives_no_splits_is_said(conditions):
    (row,) = run_job(Job(cells([fine_tuning(1, 1)]), dataclasses.replace(conditions, data=tiny.no_splits)))
    assert row.error == "data(per_class=, seed=) gives Splits; this one gave ImageSet."


def test_an_error_of_another_kind_is_named(conditions):
    (row,) = run_job(Job(cells([fine_tuning(1, 1)], [1]), dataclasses.replace(conditions, measure=tiny.dividing)))
    assert row.error == "ZeroDivisionError: division by zero"
