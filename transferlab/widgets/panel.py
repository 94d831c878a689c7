"""What every panel is: a widget that shows what Python sends, and sends back what was pressed.

    class Counter(Panel):
        title, script = "Counter", "counter.js"

        def state(self): return {"count": self.count}
        def do_add(self, content, buffers): self.count += content["by"]; self.refresh()

The page's side is `static/panel.js` with the panel's own script behind it; nothing is loaded from anywhere else. A page
that is (re)loaded says hello and gets the whole state; after that come small messages. What goes wrong in a handler is
a sentence in the panel: in Jupyter an exception in a callback is seen by nobody. Left out: traits. Values that Python
and the page both write fight each other while a run sends updates (ipywidgets#2256), messages do not.
"""

import threading
import traceback
from importlib.resources import files
from typing import Any, ClassVar

import anywidget

STATIC = files("transferlab.widgets") / "static"
KEPT_FAILURES = 5


class Panel(anywidget.AnyWidget):
    """A panel of the lab; subclasses name their `title` and their `script` in `static/`.

    >>> panel = SomePanel(session)
    >>> panel            # shows it, in the last line of a cell

    `failures` holds the last tracebacks of what was our own mistake, for a report.
    """

    title: ClassVar[str] = ""
    script: ClassVar[str] = ""

    def __init_subclass__(cls, **arguments: Any) -> None:
        if "script" in vars(cls):  # not the classes that ipywidgets makes of ours, which have traits of these names
            parts = [(STATIC / name).read_text(encoding="utf-8") for name in ("panel.js", *cls.parts(), cls.script)]
            cls._esm = "\n".join([*parts, "export default panel(create);\n"])
            looks = [STATIC / "panel.css", *(STATIC / f"{name[:-3]}.css" for name in (*cls.parts(), cls.script))]
            cls._css = "\n".join(one.read_text(encoding="utf-8") for one in looks if one.is_file())
        super().__init_subclass__(**arguments)

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        """Further scripts of `static/` that this panel's own is built on, such as the chart."""
        return ()

    def __init__(self, **arguments: Any) -> None:
        self._on_page: dict[str, Any] | None = None  # the state that the page has
        self.sending = threading.RLock()  # two threads must not send their states in the wrong order
        super().__init__(**arguments)
        self.failures: list[str] = []
        self.on_msg(self._receive)

    def state(self) -> dict[str, Any]:
        """Everything the page needs to draw itself, in JSON's types."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it shows.")

    def refresh(self) -> None:
        """Send the whole state."""
        with self.sending:
            self._on_page = self.state()
            self.send({"kind": "state", "title": self.title, "state": self._on_page})

    def refresh_if_new(self) -> None:
        """Send the whole state where there is a page that has another one."""
        with self.sending:
            if self._on_page is not None and self.state() != self._on_page:
                self.refresh()

    def tell(self, name: str, content: dict[str, Any] | None = None, buffers: list[Any] | None = None) -> None:
        """Send a small message, for `message(name, content, buffers)` of the panel's script."""
        self.send({"kind": "message", "name": name, "content": content or {}}, buffers or [])

    def say(self, sentence: str, tone: str = "note") -> None:
        """Show a sentence at the panel's foot until the next thing is pressed; `tone` is "note" or "error"."""
        self.send({"kind": "sentence", "text": sentence, "tone": tone})

    def attempt(self, action: Any, *arguments: Any) -> None:
        """Call a function; what goes wrong is shown in the panel and raised nowhere."""
        try:
            action(*arguments)
        except (ValueError, OSError) as error:
            self.say(str(error), "error")
        except Exception as error:
            self.failures = [*self.failures, traceback.format_exc()][-KEPT_FAILURES:]
            self.say(
                f"That went wrong inside transferlab ({type(error).__name__}: {error}). The lab goes on; "
                "panel.failures[-1] has the details for a report.",
                "error",
            )

    def in_words(self) -> str:
        """What the panel shows, for a notebook that is read where no widget can be drawn."""
        return f"{self.title}: a panel of transferlab. Run the notebook to use it."

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        found = super()._repr_mimebundle_(**arguments)
        if found:
            found[0]["text/plain"] = self.in_words()
        return found

    def close(self) -> None:
        """Take the panel away and let go of what it listens to."""
        self.on_msg(self._receive, remove=True)
        super().close()

    def _receive(self, _: object, content: dict[str, Any], buffers: list[Any]) -> None:
        if content.get("kind") == "hello":
            self.attempt(self.refresh)
        elif content.get("kind") == "act":
            self.attempt(self._act, content, buffers)
            self.send({"kind": "done", "number": content.get("number")})

    def _act(self, content: dict[str, Any], buffers: list[Any]) -> None:
        action = getattr(self, f"do_{content.get('name')}", None)
        if action is None:
            raise ValueError(f"'{self.title}' knows no action {content.get('name')!r}.")
        action(content.get("content") or {}, buffers)
