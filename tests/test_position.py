import json

import torch

from transferlab.position import Counted, Position
from transferlab.records import Command, Epoch, Measurement, PhaseRow, StageRow


def test_a_position_comes_back_from_json():
    position = Position(
        phase=1,
        epoch=2,
        batch=3,
        step=40,
        line=4,
        held={"fc": 1e-3},
        losses=[1.0, 0.5],
        counted=Counted(3.5, 7, 24, 0.25),
        phases=[PhaseRow("head", 2, (StageRow("fc", 130, 1e-3),), "fc")],
        epochs=[Epoch(0, "before", None, None, 0.7, 0.5, 1.0, {"fc": 1e-3}, 130, 0.0)],
        measurements=[Measurement(5, 0.5, None, 0.75, 8)],
        commands=[Command(4, "set_lr", "fc", 1e-3)],
        order=torch.arange(8),
    )
    plain = json.loads(json.dumps(position.to_plain()))
    assert plain["order"] is None
    again = Position.from_plain(plain, torch.arange(8))
    assert torch.equal(again.order, position.order)
    position.order = again.order = None
    assert again == position
