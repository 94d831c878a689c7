import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from tests.experiments import tiny
from transferlab.experiments import Results
from transferlab.experiments.cells import Cell, Conditions
from transferlab.experiments.pools import BROKEN, DIED, Workers, carried_out
from transferlab.experiments.running import Job
from transferlab.recipes import feature_extraction


@pytest.fixture(scope="module")
def here():
    """The table, computed in this process."""
    return tiny.table(measure=tiny.seen, forgetting=True)


@pytest.fixture(scope="module")
def two_processes():
    with Workers(2) as workers:
        yield workers


def heads(table: Results) -> Results:
    """The rows of a sweep of HEADS alone."""
    return Results(tuple(row for row in table.rows if row.arm == "frozen"))


def test_two_processes_give_the_same_table(here, two_processes):
    assert tiny.table(measure=tiny.seen, forgetting=True, executor=two_processes) == here
    assert len(here.rows) == 18
    assert not here.failed


def test_a_failing_cell_is_a_row_and_the_others_finish(two_processes):
    results = tiny.table(measure=tiny.raising, executor=two_processes)
    assert {row.seed for row in results.failed} == {1}
    assert {row.error for row in results.failed} == {"seed 1 is not liked"}
    assert len(results.failed) == 6
    assert all(row.measured == {"liked": 1.0} for row in results.rows if row.error is None)


def test_what_cannot_be_sent_to_a_process_is_a_row_and_nothing_hangs(two_processes):
    results = tiny.table(tiny.HEADS, range(2), budgets=2, measure=lambda *_: {}, executor=two_processes)
    assert len(results.failed) == 2
    assert all("ickl" in row.error and "lambda" in row.error for row in results.failed)


def test_a_process_that_dies_is_told_of_the_right_cell_and_the_others_finish(two_processes):
    results = tiny.table(tiny.HEADS, range(4), budgets=2, measure=tiny.dying, executor=two_processes)
    assert [(row.seed, row.error) for row in results.rows] == [(0, None), (1, DIED), (2, None), (3, None)]
    assert not tiny.table(tiny.HEADS, range(1), executor=two_processes).failed  # and the workers live on


def test_workers_by_their_number_give_the_same_table(here):
    again = tiny.table(tiny.HEADS, measure=tiny.seen, forgetting=True, workers=2)
    assert again == heads(here)


def test_any_executor_of_concurrent_futures_will_do(here):
    with ThreadPoolExecutor(1) as threads:
        assert tiny.table(measure=tiny.seen, forgetting=True, executor=threads) == here


def test_a_pool_of_somebody_else_gives_the_same_table_and_says_when_it_broke(here):
    """A plain pool takes nothing more after a death, and nobody can tell whose it was: what is said must not guess."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert tiny.table(tiny.HEADS, measure=tiny.seen, forgetting=True, executor=pool) == heads(here)
        results = tiny.table(tiny.HEADS, budgets=2, measure=tiny.dying, executor=pool)
        assert [(row.seed, row.error) for row in results.rows] == [(0, None), (1, BROKEN), (2, BROKEN)]
        again = tiny.table(tiny.HEADS, range(2), budgets=2, executor=pool)  # it was broken before it began
        assert [row.error for row in again.rows] == [BROKEN, BROKEN]


def test_on_one_process_jobs_are_done_when_they_are_asked_for():
    done = []

    def drawn(per_class, seed):
        done.append(seed)
        return tiny.colours(per_class, seed)

    conditions = Conditions(drawn, "colours", tiny.tiny_net())
    recipe = feature_extraction(1)
    jobs = [Job((Cell("frozen", recipe, 2, seed),), conditions) for seed in range(3)]
    rows = carried_out(jobs)
    assert done == []
    job, (row,) = next(rows)
    assert (job, row.seed, done) == (jobs[0], 0, [0])
    assert list(carried_out([], workers=4)) == []


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_end_with_the_process_that_began_them():
    """It is killed by a signal that cannot be caught, while a worker is at a task of a minute."""
    code = (
        "import os, time\n"
        "from transferlab.experiments.pools import Workers\n"
        "if __name__ == '__main__':\n"
        "    workers = Workers(1)\n"
        "    print(workers.submit(os.getpid).result(), flush=True)\n"
        "    workers.submit(time.sleep, 60).result()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        assert is_running(worker)
        parent.send_signal(signal.SIGKILL)
    patience = time.monotonic() + 20
    while is_running(worker) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not is_running(worker)
