import copy

import pytest
import torch

from tests.test_records import make_run
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.drift import stage_drift
from transferlab.explain.drift_along import drift_along
from transferlab.explain.separability import stage_separability
from transferlab.explain.snapshots import Snapshots
from transferlab.heads import replace_head


@pytest.fixture
def run():
    """A model of 5 classes, and snapshots of one with 2 whose third stage grows by a half."""
    torch.manual_seed(0)
    model = SmallResNet(5, width=8)
    tuned, snapshots = copy.deepcopy(model), Snapshots()
    replace_head(tuned, 2, seed=0)
    for record in make_run().epochs:
        if record.epoch == 1:
            with torch.no_grad():
                for parameter in tuned.layer3.parameters():
                    parameter *= 1.5
        snapshots.keep(record, tuned)
    return model, tuned, snapshots


def test_a_row_a_snapshot_and_stage(run, two_colours):
    model, tuned, snapshots = run
    before, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    images = two_colours.held_out
    rows = drift_along(snapshots, model, images)
    assert [(row.epoch, row.stage) for row in rows[4:6]] == [(0, "layer4"), (1, "conv1")]
    assert len(rows) == 3 * 5
    assert all(row.weights == 0 and row.similarity == pytest.approx(1) for row in rows[:5])
    by_place = {(row.epoch, row.stage): row for row in rows}
    assert by_place[1, "layer3"].weights == pytest.approx(0.5)
    assert by_place[1, "layer2"].weights == 0
    last = rows[-5:]
    for row, drift, apart in zip(
        last, stage_drift(model, tuned, images), stage_separability(tuned, images), strict=True
    ):
        assert (row.stage, row.weights, row.similarity) == (drift.stage, drift.weights, drift.similarity)
        assert (row.between, row.accuracy, row.chance) == (apart.between, apart.accuracy, 0.5)
    assert drift_along(snapshots, model, images) == rows
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes


def test_what_cannot_be_compared_is_said(run, two_colours):
    model, _, snapshots = run
    images = two_colours.held_out
    with pytest.raises(ValueError, match="no snapshots"):
        drift_along([], model, images)
    with pytest.raises(ValueError, match="of another model"):
        drift_along(snapshots, SmallResNet(5, width=4), images)
    with pytest.raises(ValueError, match="one of: blue"):
        drift_along(snapshots, model, images.subset([0, 1, 2]))
