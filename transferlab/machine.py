"""Which processor this is, for figures that mean nothing without it."""

import platform
from pathlib import Path


def processor() -> str:
    """The processor's name as the system gives it.

    >>> processor()
    'AMD EPYC'
    """
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
