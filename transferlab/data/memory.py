"""How many bytes this process may still use, so that data that would not fit goes to the disk instead.

The smallest of what the machine has free and what a container's limit leaves (cgroup v2 and v1, which Binder, Docker,
Slurm and Kubernetes use, and which `free` does not show). Left out: `ulimit -v`, which limits addresses and not
memory, and swap.
"""

import os
from pathlib import Path

UNKNOWN_SYSTEM = 4 * 2**30  # what is assumed where the system does not say (Windows): the least that runs torch well
SHARE = 0.25  # a set, the copies that its split makes, and as much again for the model and its activations


def memory_budget() -> int:
    """Bytes that one data set may take in memory: a quarter of what this process may still use.

    >>> memory_budget()
    5368709120
    """
    return int(SHARE * available_memory())


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that this process may still use. `root` is where /proc and /sys lie, which tests replace.

    >>> available_memory()
    21474836480
    """
    return max(0, min([_free_on_machine(root), *_left_by_cgroups(root)]))


def _free_on_machine(root: Path) -> int:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:  # macOS has no /proc; half of the memory is taken as free, since it does not tell without a subprocess
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return UNKNOWN_SYSTEM


def _left_by_cgroups(root: Path) -> list[int]:
    """What the limit of each control group above this process leaves; nothing where there is no limit."""
    left = []
    for line in _lines(root / "proc/self/cgroup"):  # '0::/user/job' (v2) or '9:memory:/docker/1a2b' (v1)
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            base, limit, usage, cached = root / "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            base, limit, usage = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            cached = "total_inactive_file"
        else:
            continue
        # Inside a container the path is often the host's and does not exist there; its own group is then the base.
        group = base / path.strip("/")
        for folder in [group, *group.parents]:
            if folder != base and base not in folder.parents:
                break
            most, used = _number(folder / limit), _number(folder / usage)
            if most is not None and used is not None:
                # Cached file pages count as used, but the kernel drops them as soon as memory is wanted.
                stat = dict(line.split(" ", 1) for line in _lines(folder / "memory.stat") if " " in line)
                left.append(most - used + int(stat.get(cached, 0)))
    return left


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    text = "".join(_lines(path)).strip()
    return int(text) if text.isdigit() else None  # 'max' says that there is no limit
