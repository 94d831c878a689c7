"""Run the workers in turns and gather their figures: A B C, then C B A, so that a machine that slows down hits all."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from transferlab.bench.task import Settings, make_task
from transferlab.bench.ways import WAYS, Way
from transferlab.errors import unknown

JOBS = tuple(dict.fromkeys(way.job for way in WAYS))


def chosen(jobs: Sequence[str]) -> list[Way]:
    """The ways of these jobs; all without any.

    Raises:
        ValueError: there is no such job.
    """
    for job in jobs:
        if job not in JOBS:
            raise unknown("job", job, JOBS)
    return [way for way in WAYS if not jobs or way.job in jobs]


def run_in_turns(ways: Sequence[Way], repeats: int, say: Callable[[str], None] = print, small: bool = False) -> dict:
    """Measure each way `repeats` times, each time in a fresh process on one core; returns what `report` reads.

        >>> figures = run_in_turns(chosen(["head"]), repeats=2)

    `small` makes it a trial of a few images and two epochs, whose figures mean nothing. A way whose package is missing
    is left out and named.
    """
    missing = [way for way in ways if not way.is_installed()]
    ways = [way for way in ways if way.is_installed()]
    for way in missing:
        say(f"left out: {way.label} (needs {way.needs}; pip install 'transferlab[bench]')")
    measurements: list[dict] = []
    settings = Settings(epochs=2, batch_size=16, budgets=(2, 4), seeds=2) if small else Settings()
    with tempfile.TemporaryDirectory() as folder:
        size = {"per_class": 4, "held_out_per_class": 2} if small else {}
        task = make_task(Path(folder) / "task.safetensors", settings=settings, **size)
        for turn in range(repeats):
            for way in ways if turn % 2 == 0 else reversed(ways):
                figures = _measured(task, way)
                measurements.append({"turn": turn, **figures})
                say(
                    f"turn {turn + 1}/{repeats}  {way.job}: {way.label}: {figures['cpu_seconds']:.2f} processor seconds"
                )
    return {
        "kind": "Benchmark",
        "settings": asdict(settings),
        "num_held_out": size.get("held_out_per_class", 50) * 8,
        "repeats": repeats,
        "machine": machine(),
        "versions": versions(),
        "left_out": [way.name for way in missing],
        "measurements": measurements,
    }


def _measured(task: Path, way: Way) -> dict:
    """One worker: a single thread, on the last core it may use, so that the first is left to everything else."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "transferlab.bench.worker", str(task), way.name]

    def pin() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    done = subprocess.run(command, env=environment, capture_output=True, text=True, preexec_fn=pin)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"The way '{way.name}' failed: {last}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def machine() -> str:
    """The processor, and how many of its cores this process may use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}, one thread on one of {os.cpu_count()} cores"


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
