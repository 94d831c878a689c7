"""A lesson's notebook as its teacher has it: the solutions put in, and the instructor's notes as a cell of their own.

    Path("02_teacher.ipynb").write_text(with_solutions(path, notes_of("02_feature_extraction", guide)))

Solutions stand between `# BEGIN SOLUTION` and `# END SOLUTION`, which nbgrader and otter both read. Left out: guesses,
which a teacher makes as anyone does, and the answer to the quiz, which tells itself.
"""

import json
import re
from pathlib import Path

from transferlab.learning.lessons import lesson

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"


def with_solutions(path: Path, notes: str) -> str:
    """The notebook of a lesson as text, with every exercise solved and `notes` behind its first cell.

        >>> with_solutions(Path("lessons/02_feature_extraction.ipynb"), "*Ask.* When would you want BatchNorm to move?")

    Raises:
        ValueError: there is no such lesson.
    """
    book = json.loads(path.read_text(encoding="utf-8"))
    here = lesson(path.stem)
    for cell in book["cells"]:
        name = next((tag[9:] for tag in cell["metadata"].get("tags", ()) if tag.startswith("exercise:")), None)
        if name:
            cell["source"] = f"{BEGIN}\n{here.exercise(name).solution_code}\n{END}".splitlines(keepends=True)
    text = f"**For the teacher; do not hand out.** The exercises below are solved.\n\n{notes}"
    cell = {"cell_type": "markdown", "id": "instructor", "metadata": {"tags": ["instructor"]}}
    book["cells"].insert(1, {**cell, "source": text.splitlines(keepends=True)})
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def notes_of(name: str, guide: str) -> str:
    """What the guide for teachers says of this lesson, without its heading.

        >>> notes_of("00_first_transfer", "### 00 · Your first transfer\\n*Timing.* 2 guess\\n")
        '*Timing.* 2 guess'

    Raises:
        ValueError: the guide says nothing of it.
    """
    found = re.search(rf"^### {name.partition('_')[0]} · .*\n((?:(?!##).*\n?)*)", guide, re.MULTILINE)
    if found is None:
        raise ValueError(f"The guide for teachers says nothing of lesson '{name}'.")
    return found[1].strip()
