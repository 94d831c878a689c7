import json
from array import array

import pytest

from transferlab.lab.log import LogReader, Mark, RunLog
from transferlab.records import Command, Epoch, Measurement, Step


def step(number, phase="head", loss=1.0, **rates):
    return Step(number, 1, phase, loss, rates or {"fc": 1e-3})


def epoch(number, held_out, source=None, train=None):
    return Epoch(number, "head", None, train, 1.0, held_out, source, {}, 10, 0.0)


def test_records_become_points_over_epochs():
    log = RunLog(batches_per_epoch=4, num_epochs=2)
    for record in (epoch(0, 0.25, 1.0), step(1, loss=2.0), step(2, loss=1.0), Measurement(2, 0.5, None, 0.75, 32)):
        log.add(record)
    assert (list(log.series["loss"].x), list(log.series["loss"].y)) == ([0.25, 0.5], [2.0, 1.0])
    assert (list(log.series["held_out"].x), list(log.series["held_out"].y)) == ([0.0], [0.25])
    assert (list(log.series["source"].x), list(log.series["source"].y)) == ([0.0, 0.5], [1.0, 0.75])
    assert len(log.series["train"]) == 0  # unknown before training, so no point
    assert log.position == 0.5
    assert log.last("source") == 0.75
    assert log.last("nothing") is None


def test_few_source_images_at_a_time_make_one_point_together():
    log = RunLog(8)
    for number, (accuracy, images) in enumerate([(1.0, 8), (0.5, 8), (1.0, 16)]):
        log.add(Measurement(number, number / 8, None, accuracy, images))
    # (8 · 1 + 8 · 0.5 + 16 · 1) / 32 = 28/32, in the middle of 0, 0.125 and twice 0.25
    assert list(log.series["source"].y) == [28 / 32]
    assert list(log.series["source"].x) == [(8 * 0 + 8 * 0.125 + 16 * 0.25) / 32]
    log.add(Measurement(4, 0.5, None, 0.0, 8))
    log.add(epoch(1, 0.5, source=0.9))  # asked of all: what was left over is no longer needed
    log.add(Measurement(5, 1.1, None, 1.0, 24))
    assert len(log.series["source"]) == 2


def test_the_last_part_of_an_epoch_lies_where_it_was_stopped():
    log = RunLog(4)
    for record in (step(1), epoch(1, 0.5)):
        log.add(record)
    assert list(log.series["held_out"].x) == [0.25]


def test_a_reader_gets_only_what_is_new():
    log = RunLog(2)
    log.add(step(1, loss=2.0))
    first = log.points_since({})
    assert first["loss"] == (array("f", [0.5]), array("f", [2.0]))
    seen = {name: len(x) for name, (x, _) in first.items()}
    assert log.points_since(seen) == {}
    log.add(step(2, loss=1.5, fc=1e-3, layer4=1e-4))
    assert set(log.points_since(seen)) == {"loss", "lr/fc", "lr/layer4"}
    assert log.points_since(seen)["lr/layer4"][0] == array("f", [1.0])


def test_phases_and_what_was_done_by_hand_are_marked():
    log = RunLog(2)
    for record in (step(1), step(2), step(3, phase="all")):
        log.add(record)
    log.mark(Command(3, "freeze_to", "layer4"))
    assert log.marks == [
        Mark(0, "phase", "head"),
        Mark(1, "phase", "all"),
        Mark(1.5, "freeze_to", "trains from layer4"),
    ]


def test_a_rate_that_is_dragged_is_one_mark():
    log = RunLog(10)
    for number, lr in enumerate((1e-3, 2e-3, 3e-3), 1):
        log.mark(Command(number, "set_lr", "fc", lr))
    log.mark(Command(4, "set_lr", "layer4", 1e-5))
    assert [mark.text for mark in log.marks] == ["fc at 3.0e-03", "layer4 at 1.0e-05"]
    log.mark(Command(30, "set_lr", "layer4", 2e-5))  # much later: another decision
    assert len(log.marks) == 3


def test_in_the_end_marks_stand_where_the_run_says():
    log = RunLog(10)
    log.add(step(1))
    log.mark(Command(3, "freeze_to", "layer4"))
    log.mark_all([Command(5, "freeze_to", "layer4")])
    assert [(mark.x, mark.kind) for mark in log.marks] == [(0.0, "phase"), (0.5, "freeze_to")]


def test_a_log_goes_to_json_and_back():
    log = RunLog(2, 3)
    for record in (epoch(0, 0.5), step(1), step(2)):
        log.add(record)
    log.mark(Command(2, "set_lr", "fc", 1e-4))
    again = RunLog.from_plain(json.loads(json.dumps(log.to_plain())))
    assert again.to_plain() == log.to_plain()
    assert again.position == 1.0


@pytest.mark.parametrize(
    "change",
    [
        {"series": {"loss": [[1.0], []]}},
        {"series": None},
        {"batches_per_epoch": 0},
        {"marks": [[1.0]]},
        {"steps": "many"},
    ],
)
def test_what_is_no_log_is_refused(change):
    with pytest.raises(ValueError, match=r"log of a run|places|many|unpack"):
        RunLog.from_plain({**RunLog(1).to_plain(), **change})


def test_a_log_reader_gets_every_point_once_and_hears_of_another_log():
    log, reader = RunLog(2), LogReader()
    log.add(step(1, loss=2.0))
    reset, points = reader.new(log)
    assert reset
    assert points["loss"] == (array("f", [0.5]), array("f", [2.0]))
    assert reader.new(log) == (False, {})
    log.add(step(2, loss=1.0))
    assert reader.new(log)[1]["loss"] == (array("f", [1.0]), array("f", [1.0]))
    assert reader.new(None) == (True, {})
    assert reader.new(log)[0]
    reader.forget()
    assert list(reader.new(log)[1]["loss"][0]) == [0.5, 1.0]
