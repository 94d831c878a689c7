"""What a student has done in a lesson, in a file that outlives the kernel, and what a teacher gets of it.

    progress = Progress("02_feature_extraction")
    progress.note_attempt("head", "correct")
    progress.export("progress.json")

Nothing is sent anywhere: the file lies in the student's own folder, and exporting is the student's own act. Left out:
who the student is; a teacher's hub knows that.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from transferlab.data.store import cache_folder
from transferlab.files import write_atomically


class Progress:
    """Attempts, hints, solutions, predictions and quiz answers of one lesson.

    >>> Progress("02_feature_extraction").exercises
    {'head': {'attempts': 2, 'outcome': 'correct', 'hints': 1}}
    """

    def __init__(self, lesson: str, folder: str | Path | None = None) -> None:
        self.lesson = lesson
        self.path = Path(folder or progress_folder()) / f"{lesson}.json"
        self.exercises: dict[str, dict[str, Any]] = {}
        self._read()

    def note(self, name: str, **values: Any) -> None:
        """Add to what is known of an exercise, a prediction or a question, and write it down."""
        self.exercises.setdefault(name, {}).update(values, when=datetime.now(UTC).isoformat(timespec="seconds"))
        self._write()

    def note_attempt(self, name: str, outcome: str) -> None:
        """One more attempt and its outcome; what was correct once stays so."""
        known = self.exercises.get(name, {})
        kept = "correct" if known.get("outcome") == "correct" else outcome
        self.note(name, attempts=known.get("attempts", 0) + (outcome != "not attempted"), outcome=kept)

    def forget(self, name: str) -> None:
        """As if this exercise had not been tried."""
        self.exercises.pop(name, None)
        self._write()

    @property
    def num_correct(self) -> int:
        return sum(one.get("outcome") == "correct" for one in self.exercises.values())

    def export(self, path: str | Path) -> Path:
        """Write everything as JSON for a teacher, whole or not at all."""
        values = {"kind": "Progress", "lesson": self.lesson, "exercises": self.exercises}
        text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
        return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))

    def _read(self) -> None:
        """What an earlier kernel wrote; a file that cannot be read is left where it is and begun anew."""
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"))
            found = values["exercises"]
            if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()):
                self.exercises = found
        except (OSError, ValueError, KeyError, TypeError):
            return

    def _write(self) -> None:
        try:
            self.export(self.path)
        except OSError:  # a read-only home must not stop a lesson
            return


def progress_folder() -> Path:
    """$TRANSFERLAB_PROGRESS, or a folder beside the cache.

    >>> progress_folder()
    """
    given = os.environ.get("TRANSFERLAB_PROGRESS")
    return Path(given).expanduser() if given else cache_folder() / "progress"
