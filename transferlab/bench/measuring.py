"""Run the workers in turns and gather their figures: A B C, then C B A, so that a machine that slows down hits all."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from transferlab.bench.task import Settings, make_task
from transferlab.bench.ways import NATIVE, WAYS, Way, way
from transferlab.errors import unknown
from transferlab.machine import processor

JOBS = tuple(dict.fromkeys(one.job for one in (*WAYS, *NATIVE)))


def chosen(jobs: Sequence[str] = (), names: Sequence[str] = ()) -> list[Way]:
    """The ways of these jobs and those of these names; without any, all that do the same work.

        >>> chosen(["forgetting"], ["head"])

    Raises:
        ValueError: there is no such job, or no such way.
    """
    for job in jobs:
        if job not in JOBS:
            raise unknown("job", job, JOBS)
    if not jobs and not names:
        return list(WAYS)
    wanted = {way(name).name for name in names}
    return [one for one in (*WAYS, *NATIVE) if one.name in wanted or one.job in jobs]


def added(before: dict, more: dict) -> dict:
    """Two sets of figures as one, in more turns.

        >>> figures = added(json.loads(Path("bench.json").read_text()), run_in_turns(chosen(["head"]), 2))

    Raises:
        ValueError: they are of other settings, another machine or other versions.
    """
    for what in ("settings", "num_held_out", "machine", "versions"):
        if before.get(what) != more[what]:
            raise ValueError(
                f"These figures cannot be added to those: {what} was {before.get(what)} and is {more[what]}. "
                "Give --out another file."
            )
    first = 1 + max((one["turn"] for one in before["measurements"]), default=-1)
    later = [{**one, "turn": first + one["turn"]} for one in more["measurements"]]
    return {**more, "repeats": before["repeats"] + more["repeats"], "measurements": [*before["measurements"], *later]}


def run_in_turns(
    ways: Sequence[Way],
    repeats: int,
    say: Callable[[str], None] = print,
    small: bool = False,
    per_class: int | None = None,
) -> dict:
    """Measure each way `repeats` times, each time in a fresh process on one core; returns what `report` reads.

        >>> figures = run_in_turns(chosen(["head"]), repeats=2)

    `small` makes it a trial of a few images and two epochs, whose figures mean nothing. A way whose package is missing
    is left out and named. `per_class` is how many images of each of the 8 classes are trained on, by default 250.
    """
    missing = [one for one in ways if not one.is_installed()]
    ways = [one for one in ways if one.is_installed()]
    for one in missing:
        say(f"left out: {one.label} (needs {one.needs}; pip install 'transferlab[bench]')")
    measurements: list[dict] = []
    settings = Settings(epochs=2, batch_size=16, budgets=(2, 4), seeds=2, native_epochs=2) if small else Settings()
    size = {"per_class": 4, "held_out_per_class": 2} if small else {"per_class": 250, "held_out_per_class": 50}
    size["per_class"] = per_class or size["per_class"]
    budgets = tuple(budget for budget in settings.budgets if budget <= size["per_class"])
    settings = replace(settings, budgets=budgets)
    with tempfile.TemporaryDirectory() as folder:
        task = make_task(Path(folder) / "task.safetensors", settings=settings, **size)
        for turn in range(repeats):
            for one in ways if turn % 2 == 0 else reversed(ways):
                figures = _measured(task, one)
                measurements.append({"turn": turn, **figures})
                seconds = f"{figures['cpu_seconds']:.2f} processor seconds"
                say(f"turn {turn + 1}/{repeats}  {one.job}: {one.label}: {seconds}")
    return {
        "kind": "Benchmark",
        "settings": {**asdict(settings), "budgets": list(settings.budgets)},  # as JSON gives it back
        "num_held_out": size["held_out_per_class"] * 8,
        "repeats": repeats,
        "machine": machine(),
        "versions": versions(),
        "left_out": [one.name for one in missing],
        "measurements": measurements,
    }


def _measured(task: Path, one: Way) -> dict:
    """One worker: a single thread, on the last core it may use, so that the first is left to everything else."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "transferlab.bench.worker", str(task), one.name]

    def pin() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    done = subprocess.run(command, env=environment, capture_output=True, text=True, preexec_fn=pin)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"The way '{one.name}' failed: {last}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def machine() -> str:
    """The processor, and how many of its cores this process may use."""
    return f"{processor()}, {torch.backends.cpu.get_cpu_capability()}, one thread on one of {os.cpu_count()} cores"


def versions() -> dict[str, str]:
    """Python and every package that takes part."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in ("torch", "fastai", "lightning", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
