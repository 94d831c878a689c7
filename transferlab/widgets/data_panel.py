"""The data: where it comes from, what it looks and sounds like, and what of it is labelled otherwise or left out.

    DataPanel(Session("bundled", "objects"))

A drawn world or a world of sounds with its knobs, a set of torchvision's, a folder of pictures or of sounds, or
files that are uploaded or pictures taken with the camera; texts come from the notebook. Examples come a page at a time,
pictures as one sprite sheet; a sound is sent when it is listened to. What is chosen here is a draft, kept in Python,
until "Use these" gives it to the session. Left out: drawing boxes, new classes by hand.
"""

import threading
from pathlib import Path
from typing import Any

from transferlab.lab.data.contact_sheet import COLUMNS, contact_sheet
from transferlab.lab.data.data_choice import FEW, FolderData, TorchvisionData
from transferlab.lab.data.data_draft import DataDraft
from transferlab.lab.data.data_offer import SETS, SIZES, TARGETS, TASKS
from transferlab.lab.data.data_pages import open_page, shown, taking_turns
from transferlab.lab.data.given_data import folder_choice
from transferlab.lab.data.incoming import MOST_BYTES
from transferlab.lab.data.sound_choice import QUESTIONS, SoundFolderData
from transferlab.lab.data.sound_player import find_sound, playable
from transferlab.lab.data.upload_desk import UploadDesk
from transferlab.lab.data.uploads import WORKPLACE, UploadReport
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

MOST_TOLD = 100  # files with reasons that a page gets


class DataPanel(Panel):
    """Chooses, shows, plays and edits the examples that runs learn from.

    >>> DataPanel(session)
    >>> DataPanel(session, uploads="insects")     # uploaded pictures go to transferlab-data/insects
    """

    title, script = "Data", "data_panel.js"

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        return ("data_grid.js", "data_sound.js", "data_upload.js")

    def __init__(self, session: Session, uploads: str = "mine") -> None:
        self.session = session
        self.desk = UploadDesk(uploads)
        self.part, self.label, self.number = "train", "", 0  # what is on view: of which class, "" for all, and the page
        self._sending = threading.RLock()
        super().__init__()
        self.draft = DataDraft(session, self._changed, self._complain)
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        draft = self.draft
        last = {kind: vars(choice) for kind, choice in draft.last.items() if kind != "given"}
        splits, _ = draft.shown
        report = splits.train.report if splits else None
        skipped = list(getattr(report, "skipped", ()))
        upload = self.desk.report if self._shows_uploads() else UploadReport()
        told = [*upload.left_out, *skipped]
        return {
            "kind": draft.kind,
            "given": "given" in draft.last,
            "name": splits.train.name if splits else "",
            "noun": splits.train.noun if splits else "image",
            "heard": draft.heard is not None,
            "last": last,
            "targets": list(TARGETS),
            "tasks": list(TASKS),
            "questions": list(QUESTIONS),
            "sets": list(SETS),
            "sizes": list(SIZES),
            "few": FEW,
            "collection": {
                "name": self.desk.collection.name,
                "path": self.desk.collection.path.as_posix(),
                "counts": self.desk.counts,
                "is_shown": self._shows_uploads(),
                "most_bytes": MOST_BYTES,
            },
            "task": draft.task,
            "failure": draft.failure,
            "classes": draft.counts(),
            "notes": list(draft.notes()),
            "left_out": [[one.file, one.reason] for one in told[:MOST_TOLD]],
            "num_left_out": upload.num_left_out + len(skipped),
            "edits": len(draft.edits),
            "undoes": draft.history.undoes,
            "redoes": draft.history.redoes,
            "in_use": draft.is_in_use,
            "busy": self.session.is_busy,
            "code": draft.choice.code() if draft.choice else "",
        }

    def refresh(self) -> None:
        with self._sending:
            self._send_state()
            self._send_page()

    def close(self) -> None:
        self._unsubscribe()
        self.draft.close()
        super().close()

    def do_turn(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.number = 0
        self.draft.turn(**content)

    def do_turn_a_little(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.draft.turn_a_little(**content)

    def do_folder(self, content: dict[str, Any], buffers: list[Any]) -> None:
        path = str(content.get("path") or "").strip()
        if not path:
            raise ValueError("Type the path of a folder that holds one folder for each class.")
        choice = folder_choice(path, content.get("per_class"), content.get("size", 64), content.get("seconds", 1.0))
        self._open(choice.fresh())

    def do_sounds(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Make sounds with these knobs."""
        self.number = 0
        self.draft.turn("sounds", **content)

    def do_listen(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Send one sound with its spectrogram; the page plays it when somebody presses the button."""
        part, key = content.get("part", "train"), content.get("key", 0)
        facts, files = playable(*find_sound(self.draft.heard, part, key))
        self.tell("sound", {**facts, "part": part, "key": key}, files)

    def do_torchvision(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self._open(TorchvisionData(**content))

    def do_given(self, content: dict[str, Any], buffers: list[Any]) -> None:
        if "given" not in self.draft.last:
            raise ValueError("No images of your own were given to the lab. Type Lab(data=images.split(0.2)).")
        self._open(self.draft.last["given"])

    def do_collection(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Look at the uploads of a name, with a budget and a size."""
        if content.get("name") != self.desk.collection.name:
            self.desk.open(str(content.get("name", "")))
            self.desk.begin()
        if self.desk.counts:
            self._open_uploads(content)
        else:  # nothing to look at yet, which is no mistake
            self._send_state()

    def do_begin(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Files are about to come."""
        self.desk.begin()

    def do_piece(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """A piece of a file; "got" tells the page to send the next one."""
        got = {"file": content["file"]}
        try:
            if not buffers and content["size"]:
                raise ValueError(f"{content['name']} came without its bytes. Send it again.")
            piece = bytes(buffers[0]) if buffers else b""
            whole = self.desk.incoming.take(content["name"], content["size"], content["at"], piece)
        except ValueError as error:
            self.desk.report.refuse(str(content["name"])[-120:], str(error))
            self.tell("got", {**got, "refused": True})
            return
        if whole is None:
            self.tell("got", got)
            return

        def keep() -> None:
            try:
                self.desk.keep(content["name"], whole, content.get("class_name", ""))
            except OSError as error:  # a full disk: the page must not go on, nor wait
                self.desk.report.refuse(str(content["name"])[-120:], str(error))
                self.tell("got", {**got, "refused": True, "stop": True})
                raise
            self.tell("got", got)

        self.draft.errands.ask(keep)

    def do_finish(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """No more files come: say what became of them, and show them."""

        def finish() -> None:
            self.desk.finish()
            self.tell("uploaded", {"text": str(self.desk.report), "added": sum(self.desk.report.added.values())})
            if self.desk.report.added:
                self._open_uploads(content)
            else:
                self._send_state()

        self.draft.errands.ask(finish)

    def do_page(self, content: dict[str, Any], buffers: list[Any]) -> None:
        part, label, number = content.get("part", "train"), content.get("label", ""), content.get("number", 0)
        if part not in ("train", "held_out") or not isinstance(number, int) or not isinstance(label, str):
            raise ValueError(f"There is no page {number!r:.40} of {part!r:.40}.")
        self.part, self.label, self.number = part, label, number
        self._send_page()

    def do_relabel(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.draft.relabel(map(tuple, content["pictures"]), str(content["label"]))
        self.tell("edited")

    def do_drop(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.draft.drop(map(tuple, content["pictures"]))
        self.tell("edited")

    def do_undo(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.say(f"Undone: {self.draft.undo()}.")

    def do_redo(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.say(f"Done again: {self.draft.redo()}.")

    def do_use(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.draft.use()

    def in_words(self) -> str:
        """Which examples these are, for a notebook that is read without a kernel."""
        classes, splits = self.draft.counts(), self.draft.shown[0]
        what = "sound" if self.draft.heard else splits.train.noun if splits else "image"
        number = {part: sum(one[part] for one in classes) for part in ("train", "held_out")}
        if not classes:
            return f"{what.capitalize()}s: none yet."
        names = ", ".join(one["name"] for one in classes[:12]) + (" …" if len(classes) > 12 else "")
        return f"{what.capitalize()}s: {number['train']:,} to train on and {number['held_out']:,} held out, of {names}."

    def _open(self, choice: Any) -> None:
        self.number = 0
        self.draft.open(choice)

    def _open_uploads(self, content: dict[str, Any]) -> None:
        path = self.desk.collection.path.as_posix()
        choice = folder_choice(path, content.get("per_class"), content.get("size", 64), content.get("seconds", 1.0))
        self._open(choice.fresh())

    def _shows_uploads(self) -> bool:
        base = self.draft.base
        return isinstance(base, FolderData | SoundFolderData) and Path(base.path).parent == Path(WORKPLACE)

    def _heard(self, event: str) -> None:
        if event == "data":
            self.draft.follow()
        if event in ("settings", "data", "state"):
            self._send_state()

    def _changed(self, event: str) -> None:
        if not hasattr(self, "draft"):  # it begins to draw before it has its name here
            return
        images = self.draft.preview
        if event == "preview" and images is not None:
            order = taking_turns(images.labels)  # each class where it will stand on the first page
            labels = [images.class_names[label] for label in images.labels[order].tolist()]
            self.tell("preview", {"labels": labels, "columns": COLUMNS}, [contact_sheet(images.images[order])])
        elif event == "images":
            self.refresh()
        else:
            self._send_state()

    def _send_state(self) -> None:
        with self._sending:  # of two threads neither may send what it saw before the other
            super().refresh()

    def _send_page(self) -> None:
        with self._sending:
            self._page()

    def _page(self) -> None:
        splits, outcome = self.draft.shown
        if splits is None or outcome is None:
            self.tell("page", {"tiles": [], "part": self.part, "label": "", "number": 0, "pages": 1, "count": 0})
            return
        if self.label not in splits.train.class_names:
            self.label = ""  # other images have other classes
        page = open_page(splits, outcome, self.part, self.label or None, self.number)
        self.number = page.number
        facts, files = shown(splits.train if self.part == "train" else splits.held_out, page)
        content = {
            "part": self.part,
            "label": self.label,
            "number": page.number,
            "pages": page.pages,
            "count": page.count,
            "tiles": [[tile.key, tile.label, tile.was] for tile in page.tiles],
            **facts,
        }
        self.tell("page", content, files)

    def _complain(self, error: Exception) -> None:
        def again() -> None:
            raise error

        self.attempt(again)
