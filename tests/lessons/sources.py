"""A lesson's source as the tests read it: its front matter, its cells, and its code with other settings."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "lessons"
NAMES = tuple(path.stem for path in sorted((FOLDER / "_src").glob("[0-9][0-9]_*.py")))


@dataclass(frozen=True)
class Cell:
    """`kind` is "markdown" or "code"; `exercise` the name of the exercise that a cell is for."""

    number: int
    kind: str
    text: str
    tags: tuple[str, ...]

    @property
    def exercise(self) -> str | None:
        return next((tag.partition(":")[2] for tag in self.tags if tag.startswith("exercise:")), None)


@dataclass(frozen=True)
class Source:
    """A lesson: its front matter and its cells."""

    name: str
    about: dict[str, Any]
    cells: tuple[Cell, ...]

    @property
    def code(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def prose(self) -> str:
        return "\n\n".join(cell.text for cell in self.cells if cell.kind == "markdown")

    def small(self, cell: Cell) -> str:
        """A cell's code with the settings of the small profile; that each of them is there is tested apart."""
        return self.with_small_settings(cell.text)

    def with_small_settings(self, text: str) -> str:
        for name, value in self.about["profile"].items():
            text = re.sub(rf"^{name} = [^#\n]*", f"{name} = {value!r}  ", text, flags=re.MULTILINE)
        return text


@cache
def source(name: str) -> Source:
    """Read a lesson's source.

    >>> source("02_feature_extraction").about["minutes"]
    45
    """
    path = FOLDER / "_src" / f"{name}.py"
    book: nbformat.NotebookNode = jupytext.read(path)
    cells = tuple(
        Cell(i, cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ()))) for i, cell in enumerate(book.cells)
    )
    return Source(name, front_matter(path.read_text(encoding="utf-8")), cells)


def front_matter(text: str) -> dict[str, Any]:
    """What stands about the lesson between the two lines of three dashes."""
    header = text.split("# ---\n")[1]
    plain = "\n".join(line[2:] if line.startswith("# ") else "" for line in header.splitlines())
    return yaml.safe_load(plain)["jupyter"]["transferlab"]
