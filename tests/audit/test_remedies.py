import copy
import dataclasses

import pytest
import torch

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.answers import answers_of, last_layer_features
from transferlab.audit.bias_audit import bias_audit
from transferlab.audit.last_layer import softmax_regression, with_last_layer
from transferlab.audit.remedies import balanced_by_group, balanced_rows, cells_of, retrain_last_layer


@pytest.fixture(scope="module")
def train():
    return two_evidences(600, 0.95, seed=0)


@pytest.fixture(scope="module")
def held_out():
    return two_evidences(1200, 0.5, seed=1)


def sizes(images):
    return {name: len(rows) for name, rows in cells_of(images).items()}


def test_cells_are_counted_by_hand():
    images = two_evidences(6, 1.0, seed=0)
    images = dataclasses.replace(images, groups=torch.tensor([0, 0, 1, 0, 0, 1]))
    assert sizes(images) == {
        "low, tag agrees": 2, "low, tag disagrees": 1, "high, tag agrees": 2, "high, tag disagrees": 1
    }  # fmt: skip


def test_up_to_the_largest_keeps_every_image_and_down_to_the_smallest_repeats_none(train):
    before = sizes(train)
    rows = balanced_rows(train, seed=3)
    assert rows.unique().tolist() == list(range(len(train)))
    assert set(sizes(train.subset(rows)).values()) == {max(before.values())}
    rows = balanced_rows(train, seed=3, size="smallest")
    assert len(rows.unique()) == len(rows) == 4 * min(before.values())
    assert set(sizes(balanced_by_group(train, size="smallest")).values()) == {min(before.values())}


def test_the_seed_decides_and_leaves_the_global_stream_alone(train):
    torch.manual_seed(7)
    state = torch.get_rng_state()
    assert torch.equal(balanced_rows(train, 1), balanced_rows(train, 1))
    assert not torch.equal(balanced_rows(train, 1), balanced_rows(train, 2))
    assert torch.equal(torch.get_rng_state(), state)


def test_retraining_on_balanced_images_recovers_what_the_tag_hid(train, held_out):
    model = TwoEvidences()
    before = bias_audit(model, held_out)
    assert [one.accuracy for one in before.main.groups] == [1.0, 0.0]  # it answers by the green alone
    weights = copy.deepcopy(model.state_dict())
    fairer, report = retrain_last_layer(model, train)
    after = bias_audit(fairer, held_out)
    # Balanced, the green says nothing, and the red is right in Φ(1.5) = 93.3 % of both groups.
    for group in after.main.groups:
        assert group.accuracy == pytest.approx(0.933, abs=0.04)
    control = with_last_layer(model, *softmax_regression(last_layer_features(model, train), train.labels, 2))
    assert bias_audit(control, held_out).main.worst.accuracy < after.main.worst.accuracy - 0.2
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    smallest = min(sizes(train).values())
    assert 4 * smallest <= report.num_images <= len(train)
    assert str(report).startswith("deep feature reweighting: last layer 'fc' trained anew on")


def test_ten_draws_are_the_mean_of_ten_heads(train):
    model = TwoEvidences()
    heads = []
    generator = torch.Generator().manual_seed(5)
    features = last_layer_features(model, train)
    cells = list(cells_of(train).values())
    least = min(map(len, cells))
    for _ in range(3):
        rows = torch.cat([rows[torch.randperm(len(rows), generator=generator)[:least]] for rows in cells])
        heads.append(softmax_regression(features[rows], train.labels[rows], 2)[0])
    found, _ = retrain_last_layer(model, train, seed=5, draws=3)
    assert torch.allclose(found.fc.weight.double(), torch.stack(heads).mean(0), atol=1e-4)
    again, _ = retrain_last_layer(model, train, seed=5, draws=3)
    assert torch.equal(found.fc.weight, again.fc.weight)


def test_balanced_images_stay_as_they_are_whatever_the_seed(train):
    balanced = balanced_by_group(train, size="smallest")
    one, _ = retrain_last_layer(TwoEvidences(), balanced, seed=0, draws=2)
    other, _ = retrain_last_layer(TwoEvidences(), balanced, seed=1, draws=3)
    assert torch.allclose(answers_of(one, train), answers_of(other, train), atol=1e-5)


def test_what_cannot_be_balanced_is_said(train):
    agreeing = two_evidences(20, 1.0, seed=0)
    with pytest.raises(ValueError, match="All these images are in 'tag agrees'"):
        balanced_by_group(agreeing)
    with pytest.raises(ValueError, match=r"with_groups\(images"):
        balanced_by_group(dataclasses.replace(agreeing, groups=None, group_names=()))
    one_cell_empty = dataclasses.replace(agreeing, groups=agreeing.labels.clone())
    with pytest.raises(ValueError, match=r"No image at all in 'low, tag disagrees', 'high, tag agrees'"):
        retrain_last_layer(TwoEvidences(), one_cell_empty)
    with pytest.raises(ValueError, match="Did you mean 'largest'"):
        balanced_by_group(train, size="large")
    with pytest.raises(ValueError, match="draws"):
        retrain_last_layer(TwoEvidences(), train, draws=0)
    with pytest.raises(ValueError, match="Remedies take an ImageSet"):
        balanced_by_group(train.images)
