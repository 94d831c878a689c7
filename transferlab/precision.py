"""In which number format a run computes: fp32, or bf16 or fp16 where that is quicker on the machine at hand.

bf16 keeps fp32's range and an eighth of its digits, at half the memory; weights, their averages and the loss stay in
fp32 (mixed precision: Micikevicius et al., 2018; bf16 needs no loss scaling: Kalamkar et al., 2019). Processors without
instructions for it are ten times slower in it, so that nobody can know without trying: `auto` times one training step
of either kind once and remembers the winner for this machine. GPUs from before bf16 have fp16 instead, whose range is
so small that the loss must be scaled (see loss_scale). Left out: fp16 on anything but a GPU, and 8 bits.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from torch import nn

from transferlab.data.store import cache_folder
from transferlab.errors import unknown
from transferlab.files import write_atomically
from transferlab.machine import processor

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
WORTH_IT = 1.2  # bf16 must be so much quicker: near a draw, noise would decide, and a run must repeat
TENSOR_CORES = (7, 0)  # the first compute capability that is quicker in fp16; before it, fp16 is slower than fp32
VARIABLE = "TRANSFERLAB_PRECISION"  # what "auto" means is then decided by whoever set up the machine


def precision_for(device: str, precision: str = "auto") -> str:
    """ "fp32", "bf16" or "fp16": what was asked for, or for "auto" what is quicker on this device.

        >>> precision_for("cpu")
        'fp32'

    Raises:
        ValueError: no such precision, in the call or in the environment variable TRANSFERLAB_PRECISION; or fp16
            anywhere but on a GPU that runs CUDA.
    """
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if precision != "auto":
        return _possible(precision, device, "precision='fp16'")
    wanted = os.environ.get(VARIABLE, "auto")
    if wanted not in PRECISIONS:
        raise unknown("precision", wanted, PRECISIONS, owner=f"{VARIABLE} is one of")
    if wanted != "auto":
        return _possible(wanted, device, f"{VARIABLE}=fp16")
    kind = torch.device(device).type
    if kind == "cuda":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return quickest_on_gpu(has_bf16, torch.cuda.get_device_capability(device))
    return _remembered() if kind == "cpu" else "fp32"


def quickest_on_gpu(has_bf16: bool, capability: tuple[int, int]) -> str:
    """bf16 where the GPU has it, else fp16 where it has tensor cores (V100, T4), else fp32.

    >>> quickest_on_gpu(has_bf16=False, capability=(7, 5))
    'fp16'
    """
    if has_bf16:
        return "bf16"
    return "fp16" if capability >= TENSOR_CORES else "fp32"


def _possible(precision: str, device: str, asked: str) -> str:
    if precision == "fp16" and torch.device(device).type != "cuda":
        raise ValueError(
            f"{asked} is for GPUs that run CUDA, and this run is on '{device}', which computes half precision in bf16. "
            "Take 'bf16', 'fp32' or 'auto', or device='cuda'."
        )
    return precision


@contextmanager
def computing_in(precision: str, device: str) -> Iterator[None]:
    """Convolutions and matrix products of the block in this precision; losses and sums stay in fp32.

    >>> with computing_in("bf16", "cuda"):
    ...     logits = model(x)
    """
    kind = torch.device(device).type
    if precision == "fp32" and not torch.is_autocast_enabled(kind):
        yield  # nothing to switch: a head's step is so short that switching would show
        return
    half = torch.float16 if precision == "fp16" else torch.bfloat16
    with torch.autocast(kind, half, enabled=precision != "fp32", cache_enabled=False):
        yield


def calibrate() -> str:
    """Time a training step of a small convolutional network in both precisions on the processor: under a second.

    >>> calibrate()
    'fp32'
    """
    seconds = {precision: min(_seconds(precision) for _ in range(3)) for precision in ("fp32", "bf16")}
    return "bf16" if seconds["fp32"] > WORTH_IT * seconds["bf16"] else "fp32"


def _seconds(precision: str) -> float:
    generator = torch.Generator().manual_seed(0)
    layers = [nn.Conv2d(32, 32, 3, padding=1) for _ in range(3)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=0.05, generator=generator)
    network = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    x = torch.ones(4, 32, 32, 32).contiguous(memory_format=torch.channels_last)
    start = time.process_time()
    with computing_in(precision, "cpu"):
        loss = network(x).float().mean()
    loss.backward()
    return time.process_time() - start


_known: dict[str, str] = {}  # what this process found out already, where no file can be written


def _remembered() -> str:
    """The calibration of this machine, from its file or made now."""
    machine = _machine()
    if machine in _known:
        return _known[machine]
    path = cache_folder() / "precision.json"
    saved = _read(path)
    if saved.get(machine) not in ("fp32", "bf16"):
        saved[machine] = calibrate()
        with suppress(OSError):  # it is known to this process all the same
            write_atomically(path, lambda partial: partial.write_text(json.dumps(saved, indent=1) + "\n"))
    _known[machine] = saved[machine]
    return _known[machine]


def _read(path: Path) -> dict[str, str]:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return saved if isinstance(saved, dict) else {}


def _machine() -> str:
    """What the outcome depends on: processor, instructions, threads, and torch's version."""
    capability = torch.backends.cpu.get_cpu_capability()
    return (
        f"{platform.node()}, {processor()}, {capability}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
