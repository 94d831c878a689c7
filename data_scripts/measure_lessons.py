"""What each lesson takes at its normal size, with the solutions put in: seconds of one core, and peak memory.

    python data_scripts/measure_lessons.py                       # a table, and lessons/_src/measured.json
    python data_scripts/measure_lessons.py 02_feature_extraction

Conditions are Binder's as far as a machine allows: one core (where `taskset` is), one thread, data limited to 2 GB for
each process (where `prlimit` is), caches empty. Left out: the browser, the server's own 90 MB,
and the last section with a larger backbone where torchvision is not installed.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import jupytext

from transferlab.learning import lesson

SOURCES = Path(__file__).resolve().parents[1] / "lessons" / "_src"
LIMIT = 2 * 1024**3  # bytes of data, as Binder's containers have
GUESSES = "guess = 0.5"


def with_solutions(name: str):
    """The notebook of a lesson with every exercise solved and every guess made."""
    book = jupytext.read(SOURCES / f"{name}.py")
    book.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    here = lesson(name)
    for cell in book.cells:
        exercise = next((tag[9:] for tag in cell.metadata.get("tags", []) if tag.startswith("exercise:")), None)
        if exercise:
            cell.source = here.exercise(exercise).solution_code
        elif "here.larger(" in cell.source and find_spec("torchvision") is None:
            cell.source = "larger = None"
        elif cell.source.startswith("guess = ..."):
            cell.source = GUESSES + "\n" + "\n".join(cell.source.splitlines()[1:])
    return book


def run_here(name: str, out: Path) -> None:
    """Execute one lesson in a kernel, and write what it took."""
    import nbformat
    from nbclient import NotebookClient

    book, begun = with_solutions(name), time.perf_counter()
    NotebookClient(book, timeout=900, kernel_name="python3", resources={"metadata": {"path": os.getcwd()}}).execute()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = "".join(
        str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        for cell in book.cells if cell.cell_type == "code" for output in cell.outputs
    )  # fmt: skip
    figures = {
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "seconds": round(time.perf_counter() - begun, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
        "accepted": said.count("✓ Correct"),
        "exercises": len(lesson(name).names),
    }
    out.write_text(json.dumps(figures))
    nbformat.write(book, out.with_suffix(".ipynb"))


def measured(name: str, keep: Path | None = None) -> dict:
    """The same in a process of its own, under Binder's conditions."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        limits = ["prlimit", f"--data={LIMIT}"] if shutil.which("prlimit") else []
        core = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
        threads = {f"{one}_NUM_THREADS": "1" for one in ("OMP", "MKL", "OPENBLAS")}
        own = {"TRANSFERLAB_CACHE": f"{folder}/cache", "TRANSFERLAB_PROGRESS": f"{folder}/progress"}
        command = [*limits, *core, sys.executable, __file__, "--here", str(out), name]
        done = subprocess.run(command, cwd=folder, env={**os.environ, **threads, **own}, capture_output=True, text=True)
        if done.returncode:
            return {"error": done.stderr.strip().splitlines()[-1]}
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(out.with_suffix(".ipynb"), keep / f"{name}.ipynb")
        return json.loads(out.read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="lessons; default: every one")
    parser.add_argument("--keep", type=Path, help="a folder for the executed notebooks, to look at")
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        run_here(given.names[0], given.here)
        return 0
    from transferlab.machine import processor

    names = given.names or sorted(path.stem for path in SOURCES.glob("[0-9][0-9]_*.py"))
    file = SOURCES / "measured.json"
    figures = json.loads(file.read_text()) if file.exists() else {"lessons": {}}
    figures["machine"] = f"{processor()}, one core, Python {sys.version.split()[0]}"
    for name in names:
        figures["lessons"][name] = measured(name, given.keep)
        print(f"{name:24} {figures['lessons'][name]}", flush=True)
        figures["lessons"] = dict(sorted(figures["lessons"].items()))
        file.write_text(json.dumps(figures, indent=1) + "\n")
    return int(any("error" in one for one in figures["lessons"].values()))


if __name__ == "__main__":
    raise SystemExit(main())
