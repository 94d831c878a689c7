"""Every run of the notebook: settings and results, sortable, compared, shown again, written, read, exported.

    RunTable(Session("bundled", "objects"))

One run is chosen at a time, and what can be done with it stands below the table. A run that was deleted comes back with
Undo until another one is deleted. Left out: sorting, which the page does by itself.
"""

import shutil
import tempfile
import weakref
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from transferlab.lab.log import RunLog
from transferlab.lab.past.going_on import add
from transferlab.lab.past.history import FinishedRun
from transferlab.lab.past.prediction import Prediction, predictions_of
from transferlab.lab.past.recording import load_recording
from transferlab.lab.past.replay import Replay
from transferlab.lab.past.run_facts import run_facts
from transferlab.lab.past.run_files import NEEDS_MODEL, PART, Upload, write_run
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

MOST_COMPARED = 5  # curves that can be told apart
LONGEST_NOTE = 200


class RunTable(Panel):
    """A table of runs; what is written goes to `folder` or is downloaded through the page.

    >>> RunTable(session)
    """

    title, script = "Runs", "run_table.js"

    def __init__(self, session: Session, folder: str | Path = "transferlab-runs") -> None:
        self.session, self.folder = session, Path(folder)
        self.notes: MutableMapping[RunLog, str] = weakref.WeakKeyDictionary()
        self._deleted: FinishedRun | None = None
        self._passing = Path(tempfile.mkdtemp(prefix="transferlab-files-"))  # what goes through the page
        self._clean = weakref.finalize(self, shutil.rmtree, self._passing, ignore_errors=True)
        self._downloads: dict[str, Path] = {}
        self._upload: Upload | None = None
        super().__init__()
        self._unsubscribe = session.subscribe(self._heard)

    @property
    def runs(self) -> tuple[FinishedRun, ...]:
        """The runs that the table shows: all but one that was just deleted."""
        return tuple(one for one in self.session.runs if self._deleted is None or one.log is not self._deleted.log)

    def state(self) -> dict[str, Any]:
        session, compared = self.session, [one.log for one in self.session.compared]
        shown = session.shown.log if session.shown else None
        rows = [
            {
                **run_facts(one),
                "note": self.notes.get(one.log, ""),
                "compared": any(one.log is log for log in compared),
                "shown": one.log is shown,
                "guess": guess.accuracy if (guess := predictions_of(session).of(one)) else None,
            }
            for one in self.runs
        ]
        return {
            "rows": rows,
            "busy": session.is_busy,
            "training": session.is_training,
            "folder": str(self.folder),
            "deleted": self._deleted.number if self._deleted else None,
            "most": MOST_COMPARED,
        }

    def close(self) -> None:
        self._unsubscribe()
        self._forget_deleted()
        self._clean()
        super().close()

    def in_words(self) -> str:
        """The runs as a small table, for a notebook that is read without a kernel."""
        lines = [
            f"{one.number:>3}  {facts['recipe']:<20} {facts['trained']:<18} held-out {one.run.accuracy:.1%}"
            for one in self.runs
            for facts in [run_facts(one)]
        ]
        return "\n".join(["Runs:", *(lines or ["none yet"])])

    def do_compare(self, content: dict[str, Any], buffers: list[Any]) -> None:
        numbers = content.get("numbers") or []
        if len(numbers) > MOST_COMPARED:
            self.refresh()
            raise ValueError(f"At most {MOST_COMPARED} curves can be told apart. Take one away first.")
        self.session.compare([self._run(number) for number in numbers])

    def do_show(self, content: dict[str, Any], buffers: list[Any]) -> None:
        number = content.get("number")
        self.session.show(None if number is None else self._run(number))

    def do_note(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.notes[self._run(content.get("number")).log] = str(content.get("text", ""))[:LONGEST_NOTE]
        self.refresh()

    def do_delete(self, content: dict[str, Any], buffers: list[Any]) -> None:
        one = self._run(content.get("number"))
        if self._is_played(one):
            raise ValueError(f"Run {one.number} is being played. Stop it first.")
        self._forget_deleted()
        if self.session.shown is not None and self.session.shown.log is one.log:
            self.session.show(None)
        self._deleted = one
        self.session.compare([other for other in self.session.compared if other.log is not one.log])
        self.refresh()

    def do_undo(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self._deleted = None
        self.refresh()

    def do_replay(self, content: dict[str, Any], buffers: list[Any]) -> None:
        Replay(self.session, self._run(content.get("number"))).start()

    def do_save(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Write one run to the folder, or to where the page can fetch it."""
        one, what, fetched = self._run(content.get("number")), content.get("what"), content.get("where") == "page"
        folder = self._passing if fetched else self.folder
        note, guess = self.notes.get(one.log, ""), predictions_of(self.session).of(one)

        def written(found: tuple[Path, str]) -> None:
            path, sentence = found
            if fetched:
                self._downloads[path.name] = path
                parts = -(-path.stat().st_size // PART)
                self.tell("file", {"name": path.name, "parts": parts, "sentence": sentence})
            else:
                self.say(f"In {self.folder}/: {sentence}")

        def work(_: object = None) -> tuple[Path, str]:
            return write_run(self.session, one, what, folder, note, guess)  # type: ignore[arg-type]

        if self.session.is_training and what in NEEDS_MODEL:  # building a model beside it would move its random numbers
            self.session.do(work, then=written, trouble=lambda sentence: self.say(sentence, "error"))
        else:
            written(work())

    def do_more(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """The page asks for the next part of a file."""
        name, part = content.get("name"), content.get("part")
        path = self._downloads.get(str(name))
        if path is None or not isinstance(part, int) or part < 0:
            raise ValueError(f"There is no file '{name}' to download any more. Write it again.")
        with open(path, "rb") as file:
            file.seek(part * PART)
            content = {"name": name, "part": part}
            self.tell("part", content, [file.read(PART)])
        if (part + 1) * PART >= path.stat().st_size:
            del self._downloads[str(name)]
            path.unlink()

    def do_open(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Read a recording from a path on the kernel's machine."""
        path = str(content.get("path") or "").strip()
        if not path:
            raise ValueError("Type where the recording lies, such as transferlab-runs/run-3.transferlab.")
        self._add(Path(path))

    def do_upload(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """One part of a recording from the page."""
        if content.get("part") == 0:
            self._upload = Upload(content.get("name"), content.get("parts"), self._passing)
        upload = self._upload
        try:
            if upload is None or content.get("part") != upload.taken or len(buffers) != 1:
                raise ValueError("The upload went wrong: a part is missing. Choose the file again.")
            upload.take(buffers[0])
        except (ValueError, OSError):
            self._upload = None
            raise
        if not upload.is_whole:
            self.tell("got", {"part": upload.taken})
            return
        self._upload = None
        self._add(upload.path)

    def _add(self, path: Path) -> None:
        recording = load_recording(path)
        guess = Prediction.from_plain(recording.prediction) if recording.prediction else None
        one = add(self.session, recording)
        self.notes[one.log] = recording.note[:LONGEST_NOTE]
        if guess is not None:
            predictions_of(self.session).keep(one, guess)
        self.refresh()
        self.tell("added", {"number": one.number})
        self.say(f"Run {one.number} was read from {path.name}. Replay shows how it went.")

    def _run(self, number: Any) -> FinishedRun:
        found = next((one for one in self.runs if one.number == number), None)
        if found is None:
            there = ", ".join(str(one.number) for one in self.runs) or "none yet"
            raise ValueError(f"There is no run {number!r}. The runs are: {there}.")
        return found

    def _is_played(self, one: FinishedRun) -> bool:
        playing = self.session.playing
        return isinstance(playing, Replay) and playing.finished.log is one.log

    def _forget_deleted(self) -> None:
        deleted, self._deleted = self._deleted, None
        if deleted is not None:
            self.session.history.forget(deleted.number)
            self.session.tell("runs")

    def _heard(self, event: str) -> None:
        if event in ("runs", "state", "compared"):
            self.refresh()
