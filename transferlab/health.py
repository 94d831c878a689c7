"""What works on this machine, and what is missing with the command that mends it: `transferlab doctor`.

    print(examine(offline=True))

Each line is something that was tried, not something that was read in a list of packages. Left out: the network itself,
which is never touched; `transferlab fetch` says what it cannot reach.
"""

import importlib
import importlib.util
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transferlab.prepared_folder import check, folder_in_use

LEAST_MEMORY_MB = 900  # what a lesson may take at its peak
LEAST_DISK_MB = 200


@dataclass(frozen=True)
class Finding:
    """One thing that was tried: its outcome ("works", "missing" or "look"), what was seen, and what mends it."""

    what: str
    outcome: str
    seen: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = {"works": "✓", "missing": "✗", "look": "!"}[self.outcome]
        return f"{mark} {self.what}: {self.seen}" + (f"\n    {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Health:
    """All findings. `is_fit`: nothing that the lessons need is missing."""

    findings: tuple[Finding, ...]

    @property
    def is_fit(self) -> bool:
        return all(one.outcome != "missing" for one in self.findings)

    def __str__(self) -> str:
        missing = sum(one.outcome == "missing" for one in self.findings)
        last = "Everything that the lessons need works here." if self.is_fit else f"{missing} missing; see ✗ above."
        return "\n".join([*map(str, self.findings), last])


def examine(offline: bool = False) -> Health:
    """Try what the lessons need; without `offline` also what larger backbones and exports need.

    >>> examine(offline=True).is_fit
    True
    """
    tried: list[Callable[[], Finding]] = [
        _python, _torch, _memory, _threads, _cache, _backbone, _training, _panels, _explaining,
    ]  # fmt: skip
    if folder_in_use():
        tried.append(_prepared)
    if not offline:
        tried += [_accelerator, _jupyter, _larger, _exporting]
    return Health(tuple(_carefully(one) for one in tried))


def _carefully(one: Callable[[], Finding]) -> Finding:
    """An examination that stumbles is a finding, too."""
    try:
        return one()
    except Exception as error:  # whatever it is, the others go on
        told = (str(error) or type(error).__name__).splitlines()[0]
        return Finding(one.__name__.strip("_"), "missing", f"{type(error).__name__}: {told}")


def _python() -> Finding:
    seen = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("Python", "works", seen)


def _torch() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding("torch", "missing", str(error), "Type pip install torch torchvision.")
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError) as error:
        told = str(error).splitlines()[0]
        remedy = "torch and torchvision must come from one index: pip install --force-reinstall torch torchvision."
        return Finding("torch and torchvision", "look", f"torch {torch.__version__}, but {told}", remedy)
    return Finding("torch and torchvision", "works", torch.__version__)


def _memory() -> Finding:
    free = free_memory_mb()
    if free is None:
        return Finding("memory", "look", "how much is free cannot be told here")
    if free < LEAST_MEMORY_MB:
        remedy = "Close other notebooks: each open one keeps its own. Two lessons do not fit into 2 GB."
        return Finding("memory", "look", f"{free:,.0f} MB free, and a lesson may take {LEAST_MEMORY_MB}", remedy)
    return Finding("memory", "works", f"{free:,.0f} MB free")


def free_memory_mb() -> float | None:
    """What this process may still take, by its container's limit or else by the machine; None where nobody says.

    >>> free_memory_mb()
    14203.5
    """
    free = None
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(float(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        pass
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            left = (int(Path(limit).read_text()) - int(Path(used).read_text())) / 2**20
        except (OSError, ValueError):  # "max" is no number: no limit
            continue
        free = left if free is None else min(free, left)
    return free


def _threads() -> Finding:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = torch.get_num_threads()
    if threads > cores:
        remedy = f"Set OMP_NUM_THREADS={cores} before Python starts: threads that wait for each other are slow."
        return Finding("processor", "look", f"{threads} threads on {cores} cores", remedy)
    return Finding("processor", "works", f"{threads} thread{'s' * (threads > 1)} on {cores} core{'s' * (cores > 1)}")


def _cache() -> Finding:
    from transferlab.data.store import cache_folder

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "Set TRANSFERLAB_CACHE to a folder that can be written. Lessons work without, only slower."
        return Finding("cache folder", "look", f"{folder}: {error.strerror}", remedy)
    free = shutil.disk_usage(folder).free / 2**20
    if free < LEAST_DISK_MB:
        return Finding("cache folder", "look", f"{folder}: {free:.0f} MB free on the disk", "Make room there.")
    return Finding("cache folder", "works", f"{folder}, {free / 1024:,.0f} GB free")


def _backbone() -> Finding:
    from transferlab.backbones import load
    from transferlab.backbones.card import card_of

    card = card_of(load("bundled"))
    assert card is not None
    return Finding("bundled backbone", "works", f"{card.num_classes} classes, no network needed")


def _training() -> Finding:
    from transferlab.backbones import load
    from transferlab.data import worlds
    from transferlab.recipes import feature_extraction
    from transferlab.training import train

    begun = time.perf_counter()
    data = worlds.target("objects", per_class=2, held_out_per_class=2)
    train(load("bundled", data.train.num_classes), data, feature_extraction(epochs=1), progress=False)
    return Finding("a short training", "works", f"{time.perf_counter() - begun:.1f} s")


def _panels() -> Finding:
    for name in ("ipywidgets", "anywidget"):
        try:
            importlib.import_module(name)
        except ImportError:
            return Finding("panels", "missing", f"{name} is not installed", f"Type pip install {name}.")
    return Finding("panels", "works", "ipywidgets and anywidget are there")


def _explaining() -> Finding:
    from transferlab.backbones import load
    from transferlab.data import worlds
    from transferlab.explain import explain

    try:
        importlib.import_module("captum")
    except ImportError:
        return Finding("attribution maps", "missing", "captum is not installed", "Type pip install captum.")
    explain(load("bundled"), worlds.target("objects", per_class=1, held_out_per_class=1).held_out.subset([0]))
    return Finding("attribution maps", "works", "Captum answers")


def _accelerator() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", "works", torch.cuda.get_device_name())
    if torch.backends.mps.is_available():
        return Finding("GPU", "works", "Apple's, as device='mps'")
    return Finding("GPU", "look", "none; every lesson runs without one")


def _jupyter() -> Finding:
    if importlib.util.find_spec("jupyterlab") is None:
        return Finding("JupyterLab", "missing", "not installed", 'Type pip install "transferlab[lab]".')
    from importlib.metadata import version

    return Finding("JupyterLab", "works", version("jupyterlab"))


def _larger() -> Finding:
    from transferlab.backbones.loading import library_of, resolve

    missing = [
        name for name in ("torchvision/resnet50", "timm/efficientnet_b4")
        if library_of(resolve(name)).find_weights(resolve(name)) is None
    ]  # fmt: skip
    if missing:
        remedy = "\n    ".join(f"Type transferlab fetch {name} while there is a network." for name in missing)
        return Finding("larger backbones", "look", f"no weights here of {', '.join(missing)}", remedy)
    return Finding("larger backbones", "works", "ResNet-50 and EfficientNet-B4")


def _prepared() -> Finding:
    folder = folder_in_use()
    assert folder is not None
    report = check(folder, pictures=False)
    what = f"prepared folder ({report.profile})"
    if report.failed:
        remedy = f"Type transferlab fetch --profile {report.profile} --dest {folder} while there is a network."
        told = "; ".join(f"{name}: {reason}" for name, reason in report.failed.items())
        return Finding(what, "look", f"{folder}: {told}", remedy)
    return Finding(what, "works", f"{folder}: {', '.join(item.name for item in report.items)}, as its manifest says")


def _exporting() -> Finding:
    missing = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(
            "export to ONNX", "look", f"{' and '.join(missing)} missing", 'Type pip install "transferlab[export]".'
        )
    return Finding("export to ONNX", "works", "onnx and onnxruntime are there")
