import copy
import dataclasses
import functools
import importlib
import linecache
import sys

import pytest
import torch

import transferlab
from tests.experiments import tiny
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments import cells
from transferlab.experiments.cells import Cell, Conditions, Nested, cell_identity, code_identity, conditions_identity
from transferlab.recipes import feature_extraction


@pytest.fixture
def conditions():
    return Conditions(tiny.colours, "colours", tiny.tiny_net())


def changed(splits: Splits, **fields) -> Splits:
    return Splits(dataclasses.replace(splits.train, **fields), splits.held_out)


def test_budgets_lie_within_each_other_and_are_measured_on_the_same_images():
    splits = tiny.colours(6, 0)
    nested = Nested(splits)
    small, large = nested(per_class=2, seed=3), nested(per_class=5, seed=3)
    assert nested.largest == 6
    assert list(small.train.counts().values()) == [2, 2, 2]
    rows = [large.train.images.flatten(1).tolist(), small.train.images.flatten(1).tolist()]
    assert all(row in rows[0] for row in rows[1])
    assert small.held_out is large.held_out is splits.held_out
    other = nested(per_class=2, seed=4)
    assert not torch.equal(other.train.images, small.train.images)


def test_a_class_with_few_images_sets_the_largest_budget():
    splits = tiny.colours(6, 0)
    assert Nested(Splits(splits.train.subset(range(13)), splits.held_out)).largest == 4  # 13 = 5 + 4 + 4


def test_the_same_conditions_have_the_same_name(conditions):
    again = Conditions(tiny.colours, "another word for it", tiny.tiny_net())
    assert conditions_identity(conditions) == conditions_identity(again) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"backbone": tiny.tiny_net(seed=1)},
        {"backbone": tiny.TinyNet(torch.nn.Linear(6, 4, bias=False))},
        {"backbone": "bundled"},
        {"backbone": tiny.tiny_net},
        {"backbone": functools.partial(tiny.tiny_net)},
        {"data": functools.partial(tiny.colours, noise=100)},
        {"data": tiny.unlucky},
        {"data": Nested(tiny.colours(4, 0))},
        {"measure": tiny.seen},
        {"most_images": 100},
        {"forgetting": True},
        {"curves": False},
        {"device": "cuda"},
        {"precision": "bf16"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_a_result_depends_on_changes_the_name(conditions, change):
    other = conditions_identity(dataclasses.replace(conditions, **change))
    assert other is not None
    assert other != conditions_identity(conditions)


def test_a_changed_weight_or_buffer_or_setting_changes_the_name(conditions):
    names = {conditions_identity(conditions)}
    for change in (
        lambda net: net.conv.weight.data.view(-1)[0].add_(1e-6),
        lambda net: setattr(net.conv, "padding", (1, 1)),
        lambda net: setattr(net, "relu", torch.nn.GELU()),
        lambda net: setattr(net, "card", "another normalisation"),
    ):
        net = copy.deepcopy(conditions.backbone)
        change(net)
        names.add(conditions_identity(dataclasses.replace(conditions, backbone=net)))
    assert len(names) == 5
    assert None not in names


def test_changed_images_change_the_name(conditions):
    splits = tiny.colours(4, 0)
    pixels = splits.train.images.clone()
    pixels[0, 0, 0, 0] += 1
    groups = torch.zeros(12, dtype=torch.long)
    masks = torch.zeros(12, 16, 16, dtype=torch.bool)
    others = [
        splits,
        changed(splits, images=pixels),
        changed(splits, labels=splits.train.labels.roll(1)),
        changed(splits, label_safe=()),
        changed(splits, groups=groups, group_names=("all",)),
        changed(splits, masks=masks),
        Splits(splits.train, splits.held_out.subset(range(29))),
    ]
    names = {conditions_identity(dataclasses.replace(conditions, data=Nested(one))) for one in others}
    assert len(names) == len(others)
    same = conditions_identity(dataclasses.replace(conditions, data=Nested(tiny.colours(4, 0))))
    assert same in names


def test_images_and_networks_may_be_arguments_and_are_told_apart_within_tuples(conditions):
    """The text of a set of images says how many there are, not which."""
    one, other = tiny.colours(4, 0).train, tiny.colours(4, 1).train
    assert repr(one) == repr(other)
    names = set()
    for argument in (one, other, (one, 1), (other, 1), tiny.tiny_net(), tiny.tiny_net(1), 1, 1.5, "1", None, True):
        measure = functools.partial(tiny.noted, argument)
        names.add(conditions_identity(dataclasses.replace(conditions, measure=measure)))
    assert len(names) == 11
    assert None not in names


class Painter:
    def paint(self, per_class: int, seed: int) -> Splits:
        return tiny.colours(per_class, seed)

    def __call__(self, model, data, seed):
        return {}


def made_here(gap):
    @functools.wraps(tiny.colours)
    def made(per_class, seed):
        return tiny.colours(per_class, seed, gap)

    return made


def of_a_notebook(model, data, seed):
    return {}


of_a_notebook.__module__ = "__main__"


def test_what_may_be_something_else_next_time_has_no_name(conditions):
    class Local(tiny.TinyNet):
        pass

    hooked = tiny.tiny_net()
    hooked.conv.register_forward_hook(lambda *_: None)
    held = tiny.tiny_net()
    held.own = lambda x: x
    for change in (
        {"data": lambda per_class, seed: tiny.colours(per_class, seed)},
        {"data": made_here(100)},  # it bears the name of another function
        {"data": Painter().paint},  # it depends on what its object holds
        {"data": functools.partial(lambda per_class, seed: None)},
        {"data": functools.partial(tiny.colours, noise=[100])},
        {"measure": Painter()},
        {"measure": of_a_notebook},
        {"measure": functools.partial(tiny.noted, (object(),))},
        {"measure": len},
        {"backbone": Local()},
        {"backbone": hooked},
        {"backbone": held},
    ):
        assert conditions_identity(dataclasses.replace(conditions, **change)) is None, change


def test_recipe_budget_and_seed_are_part_of_a_cells_name_and_what_the_arm_is_called_is_not():
    cell = Cell("frozen", feature_extraction(), 5, 0)
    name = cell_identity(cell, "conditions")
    assert cell_identity(dataclasses.replace(cell, arm="head alone"), "conditions") == name
    others = [
        cell_identity(dataclasses.replace(cell, recipe=feature_extraction(head_lr=2e-3)), "conditions"),
        cell_identity(dataclasses.replace(cell, recipe=feature_extraction(batch_size=16)), "conditions"),
        cell_identity(dataclasses.replace(cell, per_class=6), "conditions"),
        cell_identity(dataclasses.replace(cell, seed=1), "conditions"),
        cell_identity(cell, "other conditions"),
    ]
    assert len({name, *others}) == 6


def test_the_code_below_this_package_counts_and_what_lies_above_does_not(tmp_path, monkeypatch):
    for name in ("__init__.py", "engine.py", "data/images.py", "experiments/sweeps.py", "cli.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x = 1\n")
    monkeypatch.setattr(transferlab, "__file__", str(tmp_path / "__init__.py"))
    hashed = code_identity.__wrapped__
    first = hashed()
    for name in ("experiments/sweeps.py", "cli.py"):
        (tmp_path / name).write_text("x = 2\n")
    assert hashed() == first
    (tmp_path / "data" / "images.py").write_text("x = 2\n")
    second = hashed()
    (tmp_path / "engine.py").rename(tmp_path / "motor.py")
    assert len({first, second, hashed()}) == 3


def test_changed_code_changes_every_name(conditions, monkeypatch):
    before = conditions_identity(conditions)
    monkeypatch.setattr(cells, "code_identity", lambda: "another engine")
    assert conditions_identity(conditions) != before


def test_a_changed_line_in_the_module_of_a_measure_changes_the_name(tmp_path, monkeypatch, conditions):
    names = set()
    for line in ("return {'a': 1}", "return {'a': 2}"):
        (tmp_path / "of_mine.py").write_text(f"def column(model, data, seed):\n    {line}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "of_mine", raising=False)
        linecache.clearcache()
        importlib.invalidate_caches()
        column = importlib.import_module("of_mine").column
        names.add(conditions_identity(dataclasses.replace(conditions, measure=column)))
    assert len(names) == 2
    assert None not in names


def test_drawn_worlds_with_their_knobs_have_names(conditions):
    names = {
        conditions_identity(dataclasses.replace(conditions, data=functools.partial(worlds.target, "objects", **knobs)))
        for knobs in ({}, {"domain_gap": 1.0}, {"domain_gap": 0.5}, {"task": "hue"}, {"shortcut": 1.0})
    }
    assert len(names) == 5
    assert None not in names
