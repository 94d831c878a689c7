import copy

import pytest
import torch

from transferlab import unread as module
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.control import Control
from transferlab.position import Counted
from transferlab.recipes import fine_tuning
from transferlab.records import Epoch, Run, Step
from transferlab.training import fit
from transferlab.unread import Unread, UnreadSteps


def one(step, loss, correct):
    return Unread(torch.tensor(loss), torch.tensor(correct), 4, step, 1, "head", {"fc": 1e-3})


def optimizer():
    layer = torch.nn.Linear(2, 2)
    return torch.optim.SGD([{"params": list(layer.parameters()), "name": "fc"}], lr=1e-3)


def test_on_a_processor_every_step_is_due_at_once():
    unread, counted = UnreadSteps("cpu", num_classes=2), Counted()
    unread.add(one(1, 0.5, 3))
    assert unread.are_due
    assert unread.read(optimizer(), counted) == [Step(1, 1, "head", 0.5, {"fc": 1e-3})]
    assert (counted.loss_sum, counted.correct, counted.images) == (2.0, 3, 4)
    assert not unread.are_due
    assert unread.read(optimizer(), counted) == []


def test_on_a_gpu_steps_are_read_in_groups_of_sixteen():
    unread, counted = UnreadSteps("cuda", num_classes=2), Counted()
    for step in range(15):
        unread.add(one(step, 0.25, 2))
        assert not unread.are_due
    unread.add(one(15, 0.5, 4))
    assert unread.are_due
    records = unread.read(optimizer(), counted)
    assert [record.step for record in records] == list(range(16))
    assert (counted.loss_sum, counted.correct, counted.images) == (15 * 1.0 + 2.0, 34, 64)


def test_a_loss_that_is_not_finite_is_an_error_wherever_it_stands():
    unread = UnreadSteps("cuda", num_classes=2)
    for loss in (0.5, float("nan"), 0.5):
        unread.add(one(1, loss, 0))
    with pytest.raises(ValueError, match="the loss is nan"):
        unread.read(optimizer(), Counted())


@pytest.mark.parametrize("stop_after", [None, 5])
def test_reading_in_groups_changes_no_number_of_a_run(two_colours, monkeypatch, stop_after):
    torch.manual_seed(0)
    models = [SmallResNet(2, width=8)]
    models.append(copy.deepcopy(models[0]))
    seen = []
    for model, at_once in zip(models, (1, 3), strict=True):
        monkeypatch.setitem(module.STEPS_AT_ONCE, "cpu", at_once)
        control, records = Control(), []
        recipe = fine_tuning(epochs=2, head_epochs=2, batch_size=4)
        for record in fit(model, two_colours, recipe, control=control):
            records.append(record)
            if isinstance(record, Epoch) and record.epoch == stop_after:
                control.stop()
        seen.append(records)
    assert [r for r in seen[0] if isinstance(r, Step)] == [r for r in seen[1] if isinstance(r, Step)]
    assert seen[0][-1] == seen[1][-1]
    assert isinstance(seen[0][-1], Run)
    assert all(torch.equal(a, b) for a, b in zip(*(model.state_dict().values() for model in models), strict=True))


def test_a_run_that_is_stopped_between_two_readings_loses_no_step(two_colours, monkeypatch):
    monkeypatch.setitem(module.STEPS_AT_ONCE, "cpu", 3)
    torch.manual_seed(0)
    control, steps = Control(), []
    for record in fit(SmallResNet(2, width=8), two_colours, fine_tuning(batch_size=4), control=control):
        if isinstance(record, Step):
            steps.append(record.step)
            if record.step == 6:
                control.stop()
        last = record
    assert steps == list(range(1, len(steps) + 1))
    assert last.stopped
