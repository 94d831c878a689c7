"""Make the lessons' notebooks from their sources: `lessons/_src/NN_name.py` → `lessons/NN_name.ipynb`, without outputs.

    python data_scripts/build_lessons.py            # writes what has changed
    python data_scripts/build_lessons.py --check    # says what has, and writes nothing

Where pyproject.toml says what the project's address on Binder is (see `launching.py`), each notebook begins with a link
that opens it there, and the README gets its badge.

Sources are in jupytext's percent format. A test fails where a notebook is not what its source says.
"""

import argparse
import hashlib
from pathlib import Path

import jupytext
import launching
import nbformat

LESSONS = Path(__file__).resolve().parents[1] / "lessons"


def built(source: Path, binder: str = "") -> str:
    """The notebook of one source, as text: the same source gives the same text.

    `binder` is the address that launches the project, for a link in the first cell.
    """
    book = jupytext.read(source)
    book.metadata.pop("jupytext", None)
    if binder:
        book.cells[0].source += f"\n\n[Open this lesson on Binder]({launching.lesson_link(binder, source.stem)})"
    for number, cell in enumerate(book.cells):
        cell["id"] = hashlib.sha256(f"{source.stem} {number}".encode()).hexdigest()[:8]  # jupytext draws random ones
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    book["nbformat"], book["nbformat_minor"] = 4, 5
    nbformat.validate(book)
    return nbformat.writes(book, indent=1) + "\n"


def sources() -> list[Path]:
    """Every lesson's source, in order."""
    return sorted((LESSONS / "_src").glob("[0-9][0-9]_*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 where something has changed")
    check = parser.parse_args().check
    changed, binder = [], launching.address()
    readme = LESSONS.parent / "README.md"
    texts = {LESSONS / f"{source.stem}.ipynb": built(source, binder) for source in sources()}
    texts[readme] = launching.with_badge(readme.read_text(encoding="utf-8"), binder)
    for path, text in texts.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            changed.append(path.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    print(f"{'changed' if check else 'written'}: {', '.join(changed) or 'nothing'}")
    return int(check and bool(changed))


if __name__ == "__main__":
    raise SystemExit(main())
