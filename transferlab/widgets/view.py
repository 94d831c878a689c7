"""What the views into a model share: pictures of a run along a time slider, and following it while it trains.

    class FilterView(View): ...
    FilterView(session, scrub=scrub)

Pictures are small and go to the page as soon as they are there and the view is on screen, so that the slider moves
without asking Python. A page asks for what is missing one picture at a time. Left out: looking, which `lab.viewer`
does.
"""

import threading
from typing import Any, ClassVar

from transferlab.errors import unknown
from transferlab.lab.looks.look import Look
from transferlab.lab.looks.scrub import Scrub
from transferlab.lab.looks.subject import Subject
from transferlab.lab.looks.viewer import Viewer
from transferlab.lab.previews import Frame
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel


class View(Panel):
    """A view has a `name`, under which its pictures are kept, `options` with their defaults, and `make(subject)`.

    >>> SomeView(session, scrub=scrub)       # views with one `scrub` are dragged together
    """

    name: ClassVar[str] = ""
    options: ClassVar[dict[str, Any]] = {}

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        return ("view.js",)

    def __init__(self, session: Session, scrub: Scrub | None = None) -> None:
        self.session, self.scrub = session, scrub or Scrub()
        self.chosen = dict(self.options)
        self.viewer = Viewer(session, self.name, self.make)
        self._on_screen = False
        self._wants_to_follow = True
        self._sent: set[float] = set()
        self._last: dict[str, Any] | None = None  # the state that the page has
        self._sending = threading.RLock()  # the thread that trains and the one that answers the page both send
        super().__init__()
        self._endings = [session.subscribe(self._heard), self.scrub.subscribe(self._moved)]

    def make(self, subject: Subject) -> Look:
        """The look for a run, with what was chosen."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it looks.")

    def choices(self, subject: Subject) -> dict[str, Any]:
        """What there is to choose from, for the page's controls."""
        return {}

    def state(self) -> dict[str, Any]:
        subject = self.viewer.subject()
        return {
            "turn": self.viewer.turn,
            "positions": list(self.viewer.positions),
            "epochs": subject.log.num_epochs if subject.log else sum(row.num_epochs for row in self.session.plan),
            "training": self.session.is_training,
            "follows": self._wants_to_follow,
            "at": self.scrub.position,
            "which": _which(self.session.state, subject),
            "chosen": self.chosen,
            "choices": self.choices(subject),
            "trouble": self.viewer.trouble,
            "nothing": self.viewer.nothing,
        }

    def refresh(self) -> None:
        """A page that is new has nothing yet: send the state, and the pictures if it is on screen."""
        with self._sending:
            self._last = None
            self._send_new()

    def close(self) -> None:
        for end in self._endings:
            end()
        self.viewer.follow(False)
        super().close()

    def in_words(self) -> str:
        """Which moments there are pictures of, for a notebook that is read without a kernel."""
        known = sorted(self.viewer.known)
        seen = f"seen at epochs {', '.join(f'{at:g}' for at in known)}" if known else "nothing seen yet"
        return f"{self.title}: {seen}. Run the notebook to look."

    def do_visible(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """The page says whether the view is on screen; pictures are taken from the first time on."""
        self._on_screen = bool(content.get("on"))
        if self._on_screen:
            if self._wants_to_follow and not self.viewer.follows:
                self.viewer.follow(True)
            with self._sending:
                self._send_new()

    def do_follow(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self._wants_to_follow = bool(content.get("on"))
        self.viewer.follow(self._wants_to_follow)
        self._send_again()

    def do_scrub(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.scrub.move(content.get("at"), but=self._moved)

    def do_choose(self, content: dict[str, Any], buffers: list[Any]) -> None:
        before = dict(self.chosen)
        try:
            for name in content:
                if name not in self.options:
                    raise unknown("choice", name, list(self.options))
            self.chosen = {**self.chosen, **content}
            self.viewer.change()
        except ValueError:
            self.chosen = before
            self.viewer.change()
            raise
        finally:
            self._send_again()  # a refused choice must not stay on view

    def do_look(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """The page lacks the picture of a position, or of the model before training (None)."""
        self.viewer.subject()  # the run on view may be another since the page asked
        position, turn = content.get("position"), self.viewer.turn

        def show(frame: Frame) -> None:
            with self._sending:
                if turn == self.viewer.turn:
                    self._send_frame(position, frame)

        def say(sentence: str) -> None:
            self.tell("nothing", {"turn": turn, "position": position, "text": sentence})

        if position is None:
            self.viewer.before(show, say)
        else:
            self.viewer.find(float(position), show, say)

    def _heard(self, event: str) -> None:
        self.attempt(self._update, event)

    def _update(self, event: str) -> None:
        if event in ("settings", "data", "state"):
            self.viewer.keep_up()
        if self._on_screen:
            with self._sending:
                self._send_new()

    def _moved(self, position: float | None) -> None:
        self.tell("scrub", {"at": position})

    def _send_again(self) -> None:
        """Send the state even where the page should have it: a control there may show what was refused."""
        with self._sending:
            state = self.state()
            if self._last is not None and self._last["turn"] == state["turn"]:
                self._last = {**state, "chosen": None}
            self._send_new()

    def _send_new(self) -> None:
        """The state where it is another than the page has, and on screen the pictures that it has not."""
        state = self.state()
        if state != self._last:
            if self._last is None or self._last["turn"] != state["turn"]:
                self._sent = set()
            self._last = state
            self.send({"kind": "state", "title": self.title, "state": state})
        if self._on_screen:
            for position, frame in sorted(self.viewer.known.items()):
                if position not in self._sent:
                    self._send_frame(position, frame)

    def _send_frame(self, position: float | None, frame: Frame) -> None:
        if position is not None:
            self._sent.add(position)
        names = list(frame.pictures)
        content = {"turn": self.viewer.turn, "position": position, "facts": dict(frame.facts), "names": names}
        self.tell("frame", content, [frame.pictures[name] for name in names])


def _which(state: str, subject: Subject) -> str:
    """Whose pictures these are, in words."""
    if subject.is_played:
        return "recorded run"
    if subject.run is not None:
        return f"run {subject.run.number}"
    return "before the first run" if subject.log is None else "run under way" if state != "failed" else "failed run"
