"""Lessons run in one real kernel, cell after cell, whatever they end with; what a student sees under each.

One kernel for all lessons, its variables cleared in between: importing torch a dozen times would take a minute.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
from nbclient import NotebookClient

from tests.lessons.sources import Cell, source

CLEAN = "%reset -f\nimport os\nos.chdir({folder!r})"


@dataclass(frozen=True)
class Seen:
    """A cell that has run: whether it ended with an error, the sentences under it, and tracebacks if there are any."""

    number: int
    text: str
    failed: bool
    sentences: str
    tracebacks: tuple[str, ...]


def seen(lessons: dict[str, Sequence[Cell]], folder: str) -> dict[str, list[Seen]]:
    """Run these cells of these lessons, with the settings of their small profiles.

    >>> seen({"02_feature_extraction": source("02_feature_extraction").code}, str(tmp_path))
    """
    book = nbformat.v4.new_notebook()
    for name, cells in lessons.items():
        book.cells.append(nbformat.v4.new_code_cell(CLEAN.format(folder=folder)))
        for cell in cells:
            about = {"lesson": name, "number": cell.number}
            book.cells.append(nbformat.v4.new_code_cell(source(name).small(cell), metadata=about))

    def note(cell, cell_index, execute_reply):
        cell.metadata["failed"] = execute_reply["content"]["status"] == "error"

    own = {"TRANSFERLAB_PROGRESS": f"{folder}/progress", "TRANSFERLAB_CACHE": f"{folder}/cache", "OMP_NUM_THREADS": "1"}
    client = NotebookClient(book, timeout=600, kernel_name="python3", allow_errors=True, on_cell_executed=note)
    client.execute(env={**os.environ, **own}, cwd=folder)
    found: dict[str, list[Seen]] = {name: [] for name in lessons}
    for cell in book.cells:
        if "lesson" in cell.metadata:
            found[cell.metadata["lesson"]].append(_seen(cell))
    return found


def _seen(cell: nbformat.NotebookNode) -> Seen:
    words, errors = [], []
    for output in cell.outputs:
        if output.output_type == "error":
            errors.append("\n".join(output.traceback))
        elif output.output_type == "display_data":
            words.append(str(output.data.get("text/plain", "")))
        elif output.output_type == "stream":
            words.append(str(output.text))
    return Seen(cell.metadata["number"], cell.source, cell.metadata["failed"], "\n".join(words), tuple(errors))
