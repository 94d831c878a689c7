import pytest

from transferlab.lab.log import Mark, RunLog
from transferlab.lab.stage_map import Cost
from transferlab.lab.time_left import Clock, seconds_left
from transferlab.records import PhaseRow, StageRow

PLAN = (
    PhaseRow("head", 4, (StageRow("conv1", 1, None), StageRow("fc", 1, 1e-3))),
    PhaseRow("all", 2, (StageRow("conv1", 1, 1e-4), StageRow("fc", 1, 1e-3))),
)


def price(line):
    return Cost(10.0, 1.0) if line == 1 else Cost(20.0, 20.0)


def at(position, phase, began, ticks):
    log, clock = RunLog(batches_per_epoch=10, num_epochs=6), Clock()
    log.steps, log.phase = round(position * 10), phase
    log.marks = [Mark(began, "phase", phase)]
    for tick in ticks:
        clock.tick(*tick)
    return log, clock


def test_before_anything_was_trained_nothing_is_said():
    log, clock = at(0.0, "", 0.0, [])
    assert seconds_left(log, PLAN, price, clock) is None


def test_in_its_first_epoch_a_phase_is_priced_by_the_map():
    # Half of the first epoch took 10 s where the map says 5: everything takes twice as long.
    # Left: 5 + 3 · 1 here, 40 later, times two.
    log, clock = at(0.5, "head", 0.0, [(0.1, 2.0), (0.5, 10.0)])
    assert seconds_left(log, PLAN, price, clock) == pytest.approx(2 * (5 + 3 + 40))


def test_further_epochs_take_as_long_as_the_last_ones():
    # Two epochs, the map's price 11; they took 11 s, of which the second 4 s. Left: 2 epochs of 4 s, and 40 s.
    log, clock = at(2.0, "head", 0.0, [(1.0, 7.0), (1.5, 9.0), (2.0, 11.0)])
    assert seconds_left(log, PLAN, price, clock) == pytest.approx(2 * 4 + 40)


def test_a_phase_that_converged_sooner_is_over():
    # "head" ended after 3 of 4 epochs; the second phase is half way through its first epoch.
    log, clock = at(3.5, "all", 3.0, [(3.0, 13.0), (3.5, 23.0)])
    assert seconds_left(log, PLAN, price, clock) == pytest.approx((10 + 20) * 23 / (13 + 10))


def test_where_stages_could_not_be_timed_epochs_count():
    log, clock = at(1.0, "head", 0.0, [(1.0, 5.0)])
    assert seconds_left(log, PLAN, lambda line: None, clock) == pytest.approx((3 + 2) * 5.0)


def test_the_clock_keeps_few_ticks_and_its_last():
    clock = Clock()
    for step in range(5000):
        clock.tick(step / 10, step / 5)
    assert len(clock._ticks) <= 400
    assert clock.seconds == 4999 / 5
    assert clock.per_epoch(since=0.0) == pytest.approx(2.0)
