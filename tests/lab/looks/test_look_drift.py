import copy
import json

import pytest
import torch

from tests.lab.conftest import small_network
from transferlab.explain.drift import stage_drift
from transferlab.explain.separability import stage_separability
from transferlab.heads import replace_head
from transferlab.lab.looks.look_drift import MOST_IMAGES, DriftLook


@pytest.fixture
def pair():
    before = small_network()
    after = copy.deepcopy(before)
    replace_head(after, 2)
    with torch.no_grad():
        after.layer3[0].conv1.weight += 0.05
    return before, after


def test_the_numbers_are_those_of_explain(pair, two_colours):
    before, after = pair
    found = DriftLook(before, two_colours.held_out)(after).facts
    drift = stage_drift(before, after, two_colours.held_out)
    apart = stage_separability(after, two_colours.held_out)
    assert found["num_images"] == 16
    for row, one, other in zip(found["stages"], drift, apart, strict=True):
        assert row["stage"] == one.stage
        assert row["weights"] == pytest.approx(one.weights)
        assert row["similarity"] == pytest.approx(one.similarity, abs=1e-5)
        assert row["between"] == pytest.approx(other.between, abs=1e-5)


def test_nothing_drifted_before_training(pair, two_colours):
    rows = DriftLook(pair[0], two_colours.held_out).before().facts["stages"]
    assert [row["weights"] for row in rows] == [0.0] * len(rows)
    assert all(row["similarity"] == pytest.approx(1) for row in rows)


def test_at_most_64_images_are_looked_at(pair, two_colours):
    many = two_colours.train.subset(list(range(32)) * 3)
    look = DriftLook(pair[0], many)
    assert len(look.images) == MOST_IMAGES == 64
    assert look.images.counts() == {"red": 32, "blue": 32}


@pytest.mark.parametrize(("rows", "alike"), [([0, 2, 4, 6, 8], True), ([0, 1], False)])
def test_what_cannot_be_told_from_such_images_is_none(pair, two_colours, rows, alike):
    found = DriftLook(pair[0], two_colours.held_out.subset(rows))(pair[1]).facts["stages"]
    assert all(row["between"] is None for row in found)  # one class, or one image of each
    assert all((row["similarity"] is not None) is alike for row in found)


def test_a_network_that_diverged_gives_no_numbers_that_json_could_not_hold(pair, two_colours):
    before, after = pair
    with torch.no_grad():
        after.conv1.weight.fill_(torch.nan)
    found = DriftLook(before, two_colours.held_out)(after).facts
    json.dumps(found, allow_nan=False)
    assert found["stages"][0]["weights"] is None


def test_the_model_stays_as_it_is(pair, two_colours):
    before, after = pair
    after.train()
    state = copy.deepcopy(after.state_dict())
    DriftLook(before, two_colours.held_out)(after)
    assert after.training
    assert all(torch.equal(value, state[name]) for name, value in after.state_dict().items())
