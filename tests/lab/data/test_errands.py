import threading

import pytest

from transferlab.lab.data.errands import Errands


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


def test_jobs_are_done_one_after_the_other_in_another_thread():
    done, errands = [], Errands(trouble=print)
    for i in range(5):
        errands.ask(lambda i=i: done.append((i, threading.current_thread() is threading.main_thread())))
    assert errands.wait(10)
    assert done == [(i, False) for i in range(5)]


def test_a_later_job_takes_the_place_of_one_that_waits(gate):
    done, errands = [], Errands(trouble=print)
    errands.ask(lambda: gate.wait(10))
    for i in range(5):
        errands.ask(lambda i=i: done.append(i), kind="draw")
    errands.ask(lambda: done.append("other"), kind="use")
    assert errands.is_busy
    gate.set()
    assert errands.wait(10)
    assert done == [4, "other"]


def test_what_goes_wrong_is_told_and_the_next_job_is_done():
    told, done = [], []
    errands = Errands(trouble=told.append)
    errands.ask(lambda: 1 / 0)
    errands.ask(lambda: done.append(1))
    assert errands.wait(10)
    assert [type(error) for error in told] == [ZeroDivisionError]
    assert done == [1]


def test_what_waits_can_be_forgotten(gate):
    done, errands = [], Errands(trouble=print)
    errands.ask(lambda: gate.wait(10))
    for kind in ("draw", "preview", "use"):
        errands.ask(lambda kind=kind: done.append(kind), kind=kind)
    assert errands.waits("preview")
    errands.forget("preview")
    assert not errands.waits("preview")
    assert errands.waits("preview", "use")
    assert not errands.wait(0.01)
    gate.set()
    assert errands.wait(10)
    assert done == ["draw", "use"]


def test_the_thread_ends_when_there_is_nothing_to_do():
    errands = Errands(trouble=print)
    errands.ask(lambda: None)
    assert errands.wait(10)
    for thread in threading.enumerate():
        if thread.name == "transferlab-errands":
            thread.join(10)
    assert not any(thread.name == "transferlab-errands" for thread in threading.enumerate())
    errands.ask(lambda: None)  # and another one is begun
    assert errands.wait(10)
