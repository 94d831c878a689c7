import threading

import pytest

from transferlab.lab.log import RunLog
from transferlab.lab.previews import Previews
from transferlab.lab.trainer import Trainer


class Nothing:
    """Snapshots of a run that has none."""

    def keep(self, record, model):
        return None


def trainer(records, on_state=lambda: None, prepare=None):
    def usual(control):
        return None, RunLog(1), Nothing(), iter(records)

    return Trainer(prepare or usual, Previews(), on_state, lambda: None)


def test_what_cannot_be_prepared_is_a_failure_and_no_exception():
    def refuse(control):
        raise ValueError("There are no images.")

    one = trainer([], prepare=refuse)
    one.start()
    assert one.wait(10)
    assert (one.state, one.failure.sentence) == ("failed", "There are no images.")


def test_an_interrupt_in_the_foreground_ends_the_run_and_goes_on_up():
    def interrupted():
        raise KeyboardInterrupt
        yield

    one = trainer(interrupted())
    with pytest.raises(KeyboardInterrupt):
        one.drive()
    assert one.state == "failed"
    assert "interrupted" in one.failure.sentence


def test_the_error_keeps_no_frame_alive():
    def broken():
        yield 1 / 0

    one = trainer(broken())
    one.drive()
    assert "ZeroDivisionError" in one.failure.details
    assert "broken" in one.failure.details


def test_the_thread_does_not_keep_the_process_alive():
    seen = []
    one = trainer([], prepare=lambda control: seen.append(threading.current_thread()) or 1 / 0)
    one.start()
    one.wait(10)
    assert seen[0].daemon
    assert one.is_over
