"""Whether this process is one of several that train together, and how they find each other.

    processes = join()

Under torchrun and Accelerate's launchers nothing need be typed: `fit` and `transferlab run` call it. Left out: MPI,
whose users initialise torch.distributed themselves.
"""

import atexit
import os

import torch
import torch.distributed as dist

from transferlab.many_processes import ALONE, PATIENCE, Processes, SeveralProcesses, lost

_joined: SeveralProcesses | None = None


def join(device: str = "cpu") -> Processes:
    """The processes that train together: those of torch.distributed, or of torchrun, or this one alone.

        >>> processes = join()
        >>> processes.number
        1

    Where the environment says that there are several (RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, which torchrun and
    Accelerate's launchers set), and nobody has initialised torch.distributed yet, this does: with nccl for
    `device="cuda"`, else with gloo, until the process ends. All processes must call it.

    Raises:
        ValueError: the others did not come.
    """
    global _joined
    if not dist.is_available() or not (dist.is_initialized() or _is_one_of_several()):
        return ALONE
    if not dist.is_initialized():
        on_gpu = torch.device(device).type == "cuda" and dist.is_nccl_available()
        try:
            dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=PATIENCE)
        except (RuntimeError, ValueError) as error:
            raise lost(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), error) from error
        atexit.register(_leave)
    if dist.get_world_size() == 1:
        return ALONE
    if _joined is None or _joined.world is not dist.group.WORLD:
        _joined = SeveralProcesses()
    return _joined


def _is_one_of_several() -> bool:
    known = os.environ
    numbers = all(known.get(name, "").isdigit() for name in ("RANK", "WORLD_SIZE"))
    return numbers and int(known["WORLD_SIZE"]) > 1 and "MASTER_ADDR" in known and "MASTER_PORT" in known


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
