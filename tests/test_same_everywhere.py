import dataclasses

from tests.test_shared_gradient import colours, network
from transferlab.control import Control
from transferlab.data.images import Splits
from transferlab.forgetting import remember
from transferlab.loop import Loop
from transferlab.many_processes import ALONE, Processes
from transferlab.recipes import fine_tuning
from transferlab.same_everywhere import check_same


class Listening(Processes):
    """One of two processes, of which the test sees what it says of its run."""

    number = 2

    def check_same(self, facts):
        self.facts = facts


def differ(**other):
    """In which facts two runs differ, one of which was given something else."""
    facts = []
    for given in ({}, other):
        arguments = {"model": network(), "data": colours(), "recipe": fine_tuning(), "memory": None, "seed": 0, **given}
        loop = Loop(**arguments, device="cpu", control=Control(), processes=Listening())
        check_same(loop)
        facts.append(loop.processes.facts)
    return [what for what in facts[0] if facts[0][what] != facts[1][what]]


def test_two_equal_runs_are_the_same():
    assert differ() == []


def test_each_difference_has_its_name():
    assert differ(seed=1) == ["seed"]
    assert differ(model=network(seed=1)) == ["weights"]
    assert differ(recipe=fine_tuning(batch_size=16)) == ["the recipe's numbers"]
    assert differ(memory=remember(network(), colours(seed=1).held_out)) == ["source images"]


def test_one_pixel_one_label_and_one_class_are_seen():
    data = colours()
    pixels, labels = data.train.images.clone(), data.train.labels.clone()
    pixels[7, 0, 0, 0] += 1
    labels[7] = 1 - labels[7]
    for changed in ({"images": pixels}, {"labels": labels}):
        assert differ(data=Splits(dataclasses.replace(data.train, **changed), data.held_out)) == ["training images"]
    renamed = [dataclasses.replace(one, class_names=("red", "green")) for one in (data.train, data.held_out)]
    assert differ(data=Splits(*renamed)) == ["training images", "held-out images"]


def test_alone_nothing_is_hashed(monkeypatch):
    monkeypatch.setattr("transferlab.same_everywhere.fingerprint", lambda tensors: 1 / 0)
    loop = Loop(network(), colours(), fine_tuning(), None, 0, "cpu", Control(), processes=ALONE)
    check_same(loop)
