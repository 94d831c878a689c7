"""Run the lessons as a reader of the site shall see them: with the solutions, and every figure with its words.

    books = executed(["00_first_transfer", "05_forgetting"], profile="small", jobs=2)

An exercise's cell runs the solution and keeps in its metadata what it was before. Guesses are left to the reader. A
cell that fails ends everything, with the lesson and the cell named. Left out: what needs a network (`HF_HUB_OFFLINE`),
and widgets, which no page can run.
"""

import asyncio
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from transferlab.errors import unknown
from transferlab.learning import lesson

SOURCES = Path(__file__).resolve().parents[1] / "lessons" / "_src"
PROFILES = ("small", "normal")
COLOURED = re.compile(r"\x1b\[[0-9;]*m")
CELL_SECONDS = 1200  # more than any cell takes on a slow machine

# Run before the first cell. PNG at twice the size stays sharp on a large screen; the words travel in the metadata.
WITH_WORDS = """
from IPython import get_ipython
from IPython.core.pylabtools import retina_figure
from matplotlib.figure import Figure
from transferlab.plots.in_words import in_words

def _png(figure):
    drawn = retina_figure(figure)
    return drawn and (drawn[0], {**drawn[1], "alt": in_words(figure)})

get_ipython().run_line_magic("matplotlib", "inline")  # which sets a formatter of its own; ours comes after it
get_ipython().display_formatter.formatters["image/png"].for_type(Figure, _png)
"""


def names() -> list[str]:
    """Every lesson, in order."""
    return sorted(path.stem for path in SOURCES.glob("[0-9][0-9]_*.py"))


def prepared(name: str, profile: str) -> NotebookNode:
    """A lesson's notebook with the settings of a profile and the solutions put in, not run yet.

    >>> prepared("02_feature_extraction", "small").cells[1].source
    """
    if profile not in PROFILES:
        raise unknown("profile", profile, PROFILES)
    book = jupytext.read(SOURCES / f"{name}.py")
    settings = book.metadata["transferlab"]["profile"] if profile == "small" else {}
    here = lesson(name)
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        for setting, value in settings.items():
            cell.source = re.sub(rf"^{setting} = [^#\n]*", f"{setting} = {value!r}  ", cell.source, flags=re.MULTILINE)
        cell.source = re.sub(r" +$", "", cell.source, flags=re.MULTILINE)
        exercise = next((tag[9:] for tag in cell.metadata.get("tags", []) if tag.startswith("exercise:")), None)
        if exercise:
            cell.metadata["exercise"], cell.metadata["untouched"] = exercise, cell.source
            cell.source = here.exercise(exercise).solution_code
    return book


def executed(chosen: list[str], profile: str = "small", jobs: int = 2) -> dict[str, NotebookNode]:
    """Run lessons, `jobs` at a time, each in a kernel and an empty folder of its own.

    Raises:
        SystemExit: a cell failed, took too long, or its kernel died.
    """
    books = {name: prepared(name, profile) for name in chosen}
    with _conditions():
        try:
            asyncio.run(_all(books, jobs))
        except ExceptionGroup as failed:  # the others have been ended
            raise SystemExit("\n".join(str(one) for one in failed.exceptions)) from None
    return books


async def _all(books: dict[str, NotebookNode], jobs: int) -> None:
    free = asyncio.Semaphore(jobs)

    async def one(name: str, book: NotebookNode) -> None:
        async with free:
            await run(name, book)

    async with asyncio.TaskGroup() as group:
        for name, book in books.items():
            group.create_task(one(name, book))


async def run(name: str, book: NotebookNode) -> None:
    """Run one notebook in place.

    Raises:
        ValueError: a cell failed, took too long, or its kernel died.
    """
    book.cells.insert(0, new_code_cell(WITH_WORDS))
    at: list[tuple[int, str]] = []  # the cells begun so far; the first is ours
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            book, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}},
            on_cell_start=lambda cell, cell_index: at.append((cell_index, cell.source)),
        )  # fmt: skip
        try:
            await client.async_execute(env={**os.environ, "TRANSFERLAB_PROGRESS": f"{folder}/progress"})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as reason:
            number, source = at[-1] if at else (0, "")
            why = COLOURED.sub("", str(reason))
            raise ValueError(f"Lesson {name}, cell {number}:\n{source}\n\n{why}") from None
    del book.cells[0]


@contextmanager
def _conditions():
    """One thread a kernel, no network, and rows of experiments kept for this build alone."""
    with tempfile.TemporaryDirectory() as cache:
        ours = {f"{one}_NUM_THREADS": "1" for one in ("OMP", "MKL", "OPENBLAS")}
        ours |= {"HF_HUB_OFFLINE": "1", "TRANSFERLAB_CACHE": cache}
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
