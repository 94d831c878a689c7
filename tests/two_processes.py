"""Two real processes that train together, for tests: gloo on this machine, and no network."""

import multiprocessing
import os
import traceback
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist


def on_two_processes(work, folder, *arguments, seconds=100):
    """What `work(*arguments)`, a function of a module, returns in either process, by rank; `folder` is an empty one."""
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_take_part, args=(rank, folder, work, arguments)) for rank in (0, 1)]
    for child in children:
        child.start()
    for child in children:
        child.join(seconds)
        child.kill()  # which does nothing to one that has ended
    return [_result(rank, folder) for rank in (0, 1)]


def _take_part(rank, folder, work, arguments):
    torch.set_num_threads(1)
    meeting = f"file://{Path(folder).resolve()}/meeting"
    dist.init_process_group("gloo", meeting, timedelta(seconds=60), world_size=2, rank=rank)
    try:
        result = work(*arguments)
    except Exception:
        result = traceback.format_exc()
    torch.save(result, Path(folder, f"{rank}.partial"))
    os.replace(Path(folder, f"{rank}.partial"), Path(folder, f"{rank}.pt"))


def _result(rank, folder):
    path = Path(folder, f"{rank}.pt")
    assert path.is_file(), f"process {rank} ended, or hung, without a result"
    result = torch.load(path, weights_only=False)
    assert not isinstance(result, str), result  # a traceback
    return result
