"""The lessons' notebooks: where they lie, what they are called, and a copy for a student to work in.

    print(copy_lessons("lessons"))
    print(copy_lessons("mine", teacher=True))

In an installed package they lie beside this file, in a checkout in its folder `lessons`. They hold no solutions: those
are told by `here.exercise("…").solution()`, and a teacher's copy has them put in.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from transferlab.files import write_atomically

INSTALLED = Path(__file__).with_name("notebooks")
CHECKOUT = Path(__file__).resolve().parents[2] / "lessons"


@dataclass(frozen=True)
class Copied:
    """Which notebooks were written into `folder`, and which were there already and stayed as they are."""

    folder: Path
    written: tuple[str, ...]
    there: tuple[str, ...]

    def __str__(self) -> str:
        number = f"{len(self.written)} lesson{'s' * (len(self.written) != 1)}"
        lines = [f"{number} written into {self.folder}: {', '.join(self.written) or 'none'}."]
        if self.there:
            lines.append(
                f"Already there, and left with the work in them: {', '.join(self.there)}. To begin one anew, "
                "move it away and copy again."
            )
        return "\n".join(lines)


def lesson_files() -> list[Path]:
    """Every lesson's notebook, in order.

    Raises:
        ValueError: the package came without them.
    """
    for folder in (INSTALLED, CHECKOUT):
        found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
        if found:
            return found
    raise ValueError("This installation has no lessons. Install the released package, or work in a checkout.")


def lesson_titles() -> dict[str, str]:
    """What each lesson is called, by its name.

    >>> lesson_titles()["02_feature_extraction"]
    'Feature extraction'
    """
    return {path.stem: _title(path) for path in lesson_files()}


def copy_lessons(folder: str | Path, teacher: bool = False) -> Copied:
    """Copy the notebooks into a folder; what is there already is never written over.

        >>> print(copy_lessons("lessons"))
        12 lessons written into lessons: 00_first_transfer.ipynb, …

    A teacher's copies have the solutions and the instructor's notes in them, and names of their own, such as
    `00_first_transfer_teacher.ipynb`, so that they are not handed out by mistake.

    Raises:
        ValueError: `folder` is a file.
        OSError: it cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"'{folder}' is a file; lessons go into a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    written, there = [], []
    for path in lesson_files():
        target = folder / (f"{path.stem}_teacher.ipynb" if teacher else path.name)
        if target.exists():
            there.append(target.name)
            continue
        text = _for_teachers(path) if teacher else path.read_text(encoding="utf-8")
        write_atomically(target, lambda partial, text=text: partial.write_text(text, encoding="utf-8"))  # type: ignore[misc]
        written.append(target.name)
    return Copied(folder, tuple(written), tuple(there))


def _for_teachers(path: Path) -> str:
    from transferlab.learning.teacher_copy import notes_of, with_solutions  # it knows the exercises, which need torch

    guide = path.with_name("instructor") / "guide.md"
    return with_solutions(path, notes_of(path.stem, guide.read_text(encoding="utf-8")))


def _title(path: Path) -> str:
    first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    return first.splitlines()[0].partition("·")[2].strip()
