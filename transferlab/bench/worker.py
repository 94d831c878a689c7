"""One process, one way, one measurement: `python -m transferlab.bench.worker TASK WAY` prints it as JSON.

Reading the task, importing packages (torch brings some of its own with the first optimizer) and building a model are
not timed; everything from the first batch to the last held-out image is. A fixed convolution is timed before and after,
to tell a slow machine from a slow way.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.bench.task import read_task
from transferlab.bench.ways import way


def calibration() -> float:
    """Processor seconds of a fixed piece of work: 40 convolutions of a batch of 16."""
    x = torch.ones(16, 32, 32, 32)
    weight = torch.ones(32, 32, 3, 3)
    F.conv2d(x, weight)
    start = time.process_time()
    for _ in range(40):
        F.conv2d(x, weight)
    return time.process_time() - start


def peak_megabytes() -> float | None:
    """The most memory that this process has used, in 10⁶ bytes; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    # Not getrusage: its figure also covers the process that started this one.
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:")), None)


def measure(task_file: str, name: str, count: bool = False) -> dict:
    """Carry one way out and return its figures; with `count`, also how many images went through the backbone.

    >>> measure("task.safetensors", "head")["cpu_seconds"]
    """
    task, chosen = read_task(task_file), way(name)
    torch.optim.AdamW([torch.ones(1, requires_grad=True)]).step()  # torch imports its compiler here, for a second
    run = chosen.function()(task)
    points: list[tuple[float, float]] = []
    before = calibration()
    wall, cpu = time.perf_counter(), time.process_time()

    def seen(accuracy: float) -> None:
        points.append((time.perf_counter() - wall, accuracy))

    with counting() if count else nullcontext([0]) as images:
        accuracy = run(seen)
    cpu_seconds, wall_seconds = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "way": name,
        "cpu_seconds": cpu_seconds * chosen.times,
        "wall_seconds": wall_seconds * chosen.times,
        "first_point_seconds": points[0][0],
        "points": [[round(seconds, 3), round(value, 4)] for seconds, value in points],
        "accuracy": accuracy,
        "images_through_backbone": images[0] if count else None,
        "peak_megabytes": peak_megabytes(),
        "calibration_seconds": [before, calibration()],
    }


@contextmanager
def counting() -> Iterator[list[int]]:
    """Count the images that go through a backbone in the block, in a list of one number.

        >>> with counting() as images: run(seen)

    Every network here has one pooling layer, which each image passes once; a hook would end the sharing of features.
    """
    images, forward = [0], nn.MaxPool2d.forward

    def counted(self: nn.MaxPool2d, x: Tensor) -> Tensor:
        images[0] += len(x) if isinstance(x, Tensor) else 0
        return forward(self, x)

    nn.MaxPool2d.forward = counted  # type: ignore[method-assign, assignment]
    try:
        yield images
    finally:
        nn.MaxPool2d.forward = forward  # type: ignore[method-assign]


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
