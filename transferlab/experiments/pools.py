"""Jobs on any executor of `concurrent.futures`, or on our own processes, which may die without taking the rest along.

    for job, rows in carried_out(jobs, workers=2): ...
    for job, rows in carried_out(jobs, executor=Client().get_executor()): ...

Dask, ipyparallel and mpi4py offer such executors. Processes of our own are started afresh (spawned), since a fork of a
process that has computed with threads may hang. They end with the process that began them, however that ends.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from typing import Any

from transferlab.experiments.results import Row
from transferlab.experiments.running import Job, failed, run_job

DIED = "the process that ran this cell died; mostly that means that memory ran out, or that it was killed"
BROKEN = "a process died before this cell was finished, and its pool takes no more; with workers=2 the others finish"


class Workers(Executor):
    """Processes of our own, begun afresh when one of them died; one set of them can serve many sweeps.

    >>> with Workers(2) as workers:
    ...     first = sweep(recipes, budgets, executor=workers)
    ...     second = sweep(others, budgets, executor=workers)
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **settings: Any) -> Future[Any]:
        try:
            return self._living().submit(fn, *arguments, **settings)
        except BrokenExecutor:
            self.shutdown()
            return self._living().submit(fn, *arguments, **settings)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)
        self._pool = None

    def _living(self) -> ProcessPoolExecutor:
        if self._pool is None:
            spawning = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, mp_context=spawning, initializer=_end_with_parent)
        return self._pool


def carried_out(
    jobs: Sequence[Job], workers: int = 1, executor: Executor | None = None
) -> Iterator[tuple[Job, list[Row]]]:
    """Each job with its rows, as they are finished: here one after the other, or on processes, or on the executor.

    >>> for job, rows in carried_out(jobs, workers=2): print(rows[0].accuracy)
    """
    if executor is None and workers > 1 and jobs:
        with Workers(min(workers, len(jobs))) as own:
            yield from carried_out(jobs, executor=own)
    elif executor is not None:
        orphans = []
        for job, rows in _on(executor, jobs):
            if rows is None:
                orphans.append(job)
            else:
                yield job, rows
        for job in orphans:  # after a death nobody knows whose it was: the unfinished ones go one by one
            for _, rows in _on(executor, [job], _again):
                told = BROKEN if getattr(executor, "_broken", False) else DIED
                yield job, [failed(cell, job.conditions, told) for cell in job.cells] if rows is None else rows
    else:
        for job in jobs:
            yield job, run_job(job)


def _end_with_parent() -> None:
    """In a worker: leave when the process that began it is gone, for one that was killed cannot say so."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in workers alone"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="transferlab parent", daemon=True).start()


def _again(job: Job) -> list[Row]:
    """`run_job` under another name: Dask answers the same call with what came of it the first time."""
    return run_job(job)


def _on(
    executor: Executor, jobs: Sequence[Job], call: Callable[[Job], list[Row]] = run_job
) -> Iterator[tuple[Job, list[Row] | None]]:
    """Each job with its rows as they come, None where its process died."""
    waiting: dict[Future[list[Row]], Job] = {}
    lost = []
    for job in jobs:
        try:
            waiting[executor.submit(call, job)] = job
        except BrokenExecutor:
            lost.append(job)
    try:
        while waiting:
            done, _ = wait(list(waiting), return_when=FIRST_COMPLETED)
            for future in done:
                job = waiting.pop(future)
                try:
                    yield job, future.result()
                except Exception as error:
                    if isinstance(error, BrokenExecutor) or "Killed" in type(error).__name__:  # Dask: KilledWorker
                        yield job, None
                    else:
                        told = f"{type(error).__name__}: {error}"
                        yield job, [failed(cell, job.conditions, told) for cell in job.cells]
    finally:
        for future in waiting:
            future.cancel()
    for job in lost:
        yield job, None
