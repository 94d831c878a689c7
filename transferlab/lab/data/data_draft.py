"""Images, sounds and texts on their way into the lab: chosen and edited in a panel, before a run learns from them.

    draft = DataDraft(session, changed=print, trouble=print)
    draft.turn(name="satellite", shortcut=0.9)
    draft.relabel([("train", 3)], "river")
    draft.use()

Drawing and reading happen in a thread of their own, one thing after the other; `changed` is called with "state",
"images" or "preview" when there is something new to see. Edits belong to the images that they were made of: they wait
while others are looked at, and are there again afterwards. Left out: what arrives by upload, see `upload_desk`.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from transferlab.data.folder_report import plural
from transferlab.data.images import ImageSet, Splits
from transferlab.lab.data.data_choice import EditedData, FolderData, TorchvisionData, WorldData
from transferlab.lab.data.edit_history import EditHistory
from transferlab.lab.data.edits import PARTS, Edits, Outcome, Picture
from transferlab.lab.data.errands import Errands
from transferlab.lab.data.sound_choice import SoundFolderData, SoundWorldData, sounds_of
from transferlab.lab.data.world_preview import WorldPreview
from transferlab.lab.session import Session
from transferlab.lab.settings import DataChoice

KNOWN: dict[type, str] = {
    WorldData: "world", FolderData: "folder", TorchvisionData: "torchvision", SoundWorldData: "sounds",
    SoundFolderData: "folder",
}  # fmt: skip
SHARES = ("domain_gap", "shortcut", "snr", "room", "detune")  # knobs that a page may send as whole numbers


class DataDraft:
    """The choice of images that a panel works on, next to the one that the session uses.

    >>> draft = DataDraft(session, changed=lambda event: None, trouble=print)
    >>> draft.kind, draft.base, draft.edits
    ('world', WorldData(name='objects', per_class=20, …), Edits(relabelled=(), dropped=()))
    """

    def __init__(self, session: Session, changed: Callable[[str], None], trouble: Callable[[Exception], None]) -> None:
        self.session, self._changed = session, changed
        self.errands = Errands(trouble)
        self.base: DataChoice | None = None
        self.splits: Splits | None = None  # unedited, None while there are none
        self.heard: Splits | None = None  # the sounds that lie behind them, row by row
        self.outcome: Outcome | None = None
        self.failure = ""  # why there are none
        self.task = ""  # what is being done, in words
        self.preview: ImageSet | None = None
        self.last: dict[str, Any] = {"world": WorldData(), "sounds": SoundWorldData()}  # kind → the last choice
        self._histories: dict[object, EditHistory] = {}
        self._previews = WorldPreview()
        self._seen: object = None
        self._lock = threading.RLock()
        self.follow()

    @property
    def kind(self) -> str:
        """Where they come from: "world", "folder", "torchvision", "sounds", or "given" for those of the notebook."""
        return KNOWN.get(type(self.base), "given")

    @property
    def edits(self) -> Edits:
        return self.history.now

    @property
    def history(self) -> EditHistory:
        """Undo and redo for the present images."""
        # Files keep their names whatever the budget and the seed; elsewhere another choice is other pictures.
        key = ("folder", self.base.path) if isinstance(self.base, FolderData | SoundFolderData) else self.base
        return self._histories.setdefault(key, EditHistory())

    @property
    def choice(self) -> DataChoice | None:
        """What `use` gives to the session."""
        return EditedData(self.base, self.edits) if self.base is not None and len(self.edits) else self.base

    @property
    def shown(self) -> tuple[Splits | None, Outcome | None]:
        """The unedited images and what the edits make of them, which belong together."""
        with self._lock:  # another thread may just be putting others there
            return self.splits, self.outcome

    @property
    def is_in_use(self) -> bool:
        """Whether runs learn from just these images."""
        return self.session.settings.data == self.choice

    def follow(self) -> None:
        """Show what the session uses, where that is not what was seen before."""
        chosen = self.session.settings.data
        if chosen is self._seen or (self._seen is not None and chosen == self.choice):
            self._seen = chosen
            return
        self._seen = chosen
        base = chosen.base if isinstance(chosen, EditedData) else chosen
        if base is not None:
            self._begin(base)
            if isinstance(chosen, EditedData) and chosen.edits != self.edits:
                self.history.do("the edits that the lab was given", chosen.edits)

    def turn(self, kind: str = "world", /, **knobs: Any) -> None:
        """Draw a world with these knobs, or make one of "sounds".

            >>> draft.turn(domain_gap=0.4)
            >>> draft.turn("sounds", task="vowel", room=0.5)

        Raises:
            ValueError: a knob that does not exist or cannot stand like that.
        """
        self._begin(self._turned(kind, knobs))

    def turn_a_little(self, **knobs: Any) -> None:
        """Draw a few small examples with these knobs, fast enough to follow a slider; `preview` has them then."""
        choice = self._turned("world", knobs)

        def work() -> None:
            self.preview = self._previews.draw(choice)
            self._changed("preview")

        self.errands.ask(work, "preview")

    def open(self, choice: DataChoice) -> None:
        """Look at a folder, a set of torchvision's, or any other choice.

        >>> draft.open(FolderData("flowers"))
        """
        self._begin(choice)

    def relabel(self, pictures: Iterable[Picture], label: str) -> None:
        """Give pictures another label.

        Raises:
            ValueError: no picture or no class, or one that would be left without.
        """
        chosen = self._chosen(pictures)
        self._edit(f"{plural(len(chosen), 'picture')} labelled {label}", self.edits.relabel(chosen, label))

    def drop(self, pictures: Iterable[Picture]) -> None:
        """Leave pictures out; raises as `relabel`."""
        chosen = self._chosen(pictures)
        self._edit(f"{plural(len(chosen), 'picture')} dropped", self.edits.drop(chosen))

    def undo(self) -> str:
        """Take the last edit back, and say what it was."""
        return self._step(self.history.undo())

    def redo(self) -> str:
        """Make the last edit that was taken back again, and say what it was."""
        return self._step(self.history.redo())

    def use(self) -> None:
        """Let the next run learn from these images.

        Raises:
            ValueError: a run is on, or there are no such images.
        """
        if self.session.is_busy:
            raise ValueError("A run is on with its own images. Stop it first; what you chose here stays.")
        if self.failure or self.choice is None:
            raise ValueError(self.failure or "Choose images first.")
        choice = self.choice

        def work() -> None:
            self.session.choose(data=choice)
            self._changed("state")

        self._ask(work, "taking the images over", "use")

    def counts(self) -> list[dict[str, Any]]:
        """Each class with its pictures to train on and held out.

        >>> draft.counts()[0]
        {'name': 'key', 'train': 20, 'held_out': 25}
        """
        splits, outcome = self.shown
        if splits is None or outcome is None:
            return []
        names = splits.train.class_names
        counted = {part: outcome.labels[part].bincount(minlength=len(names)).tolist() for part in PARTS}
        return [{"name": name, **{part: counted[part][i] for part in PARTS}} for i, name in enumerate(names)]

    def notes(self) -> tuple[str, ...]:
        """What the reader of these images had to say."""
        splits, outcome = self.shown
        missing = len(outcome.missing) if outcome else 0
        said = f"{plural(missing, 'edit')} of pictures that are not among these"
        return (*(splits.notes if splits else ()), *([said] if missing else []))

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until everything is drawn and read; returns whether it is."""
        return self.errands.wait(seconds)

    def close(self) -> None:
        """Leave undone what still waits."""
        self.errands.forget()

    def _turned(self, kind: str, knobs: Mapping[str, Any]) -> Any:
        """The last world of a kind with these knobs."""
        known = self.last[kind]
        for name in set(knobs) - set(vars(known)):
            raise ValueError(f"A world has no knob '{name}'. Its knobs are: {', '.join(vars(known))}.")
        knobs = {
            name: float(value) if name in SHARES and type(value) is int else value for name, value in knobs.items()
        }
        choice = replace(known, **knobs)
        if kind == "world" and choice.name != "objects":
            return replace(choice, task="kind")  # others are asked nothing else
        return choice

    def _begin(self, base: DataChoice) -> None:
        self.base, self.failure = base, ""
        self.last[self.kind] = base
        self.errands.forget("preview")
        self._ask(lambda: self._make(base), "getting the images ready", "draw")

    def _make(self, base: DataChoice) -> None:
        try:
            known = self.session.settings.data == base
            splits = self.session.data if known else base.make()
            heard = sounds_of(base, splits)
        except (ValueError, OSError) as error:
            splits, heard, failure = None, None, str(error)
        else:
            failure = ""
        with self._lock:
            if base is not self.base:  # something else was chosen while this was drawn
                return
            self.splits, self.heard, self.failure, self.preview = splits, heard, failure, None
            self._outcome()
        self._changed("images")

    def _outcome(self) -> None:
        """What the edits make of the images; the reason where they cannot be made of these."""
        self.outcome = None
        if self.splits is not None:
            try:
                self.outcome, self.failure = self.edits.outcome(self.splits), ""
            except ValueError as error:
                self.failure = f"The edits do not fit these images any more. {error} Undo brings the images back."

    def _chosen(self, pictures: Iterable[Picture]) -> list[Picture]:
        chosen = list(dict.fromkeys((part, key) for part, key in pictures))
        if not chosen:
            raise ValueError("Select a picture first: click it, or move to it with the arrow keys and press Space.")
        return chosen

    def _edit(self, what: str, edits: Edits) -> None:
        with self._lock:
            if self.splits is None:
                raise ValueError("There are no images to change yet.")
            self.outcome = edits.outcome(self.splits)  # raises where too little would be left, and nothing is changed
            self.failure = ""
            self.history.do(what, edits)
        self._changed("images")

    def _step(self, what: str) -> str:
        with self._lock:
            self._outcome()
        self._changed("images")
        return what

    def _ask(self, work: Callable[[], None], task: str, kind: str) -> None:
        def job() -> None:
            try:
                work()
            finally:
                with self._lock:
                    if not self.errands.waits("draw", "use"):
                        self.task = ""
                self._changed("state")

        with self._lock:
            self.task = task
            self.errands.ask(job, kind)
        self._changed("state")
