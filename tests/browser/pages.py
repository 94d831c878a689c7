"""A notebook in a browser, driven by what a student would name: panels by their titles, controls by their labels.

    notebook.open("first", ["from transferlab import Lab; Lab()"])
    notebook.run_all()
    notebook.press("Training", "Start")
    notebook.until(lambda: "finished" in notebook.text("Training"))
    notebook.check()                  # no console error, no request to another machine

Waits are for a condition and never for a time. Left out: selectors of Jupyter's own buttons, which change with its
versions; its commands are called by their names.
"""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.browser.jupyter_server import JupyterServer

PATIENCE = 60.0  # seconds; a wait ends as soon as it can, so a slow machine costs no quick one anything
APPS = {"lab": "lab/tree", "notebook": "notebooks", "voila": "voila/render"}
KERNEL = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
CELLS = (
    "window.jupyterapp.shell.currentWidget.content.widgets"
    ".filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())"
)
# What Jupyter's own pages stumble over, seen with an empty notebook too. Voila's template asks a CDN for the style
# sheets of its icons and for MathJax. Nothing of ours does anything of the kind.
VOILA_OWN = (
    r"^https://(cdn\.jsdelivr\.net/npm/@fortawesome/fontawesome-free@|cdnjs\.cloudflare\.com/ajax/libs/mathjax/)"
)
NOTEBOOK_OWN = r"reading 'schema'\)[^#]*/static/notebook/|^uncaught: .*Command 'filebrowser:open-path' not registered"


class NotebookPage:
    """One page of a browser on one notebook.

    >>> notebook = NotebookPage(context.new_page(), server)
    """

    def __init__(self, page: Any, server: JupyterServer) -> None:
        self.page, self.server, self.app = page, server, "lab"
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", self._hear)
        page.on("pageerror", self._catch)
        page.on("request", self._see)

    # Jupyter.

    def open(self, name: str, cells: Sequence[str], app: str = "lab") -> None:
        """Write a notebook and open it; Voila runs it at once."""
        self.app = app
        self.server.forget_theme()
        self.server.write_notebook(name, cells)
        query = {"reset": ""} if app == "lab" else {}
        self.page.goto(self.server.address(f"{APPS[app]}/{name}.ipynb", **query))
        self.wait_for_kernel()
        if app == "lab":
            self.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")  # the notebook gets the whole width

    def wait_for_kernel(self) -> None:
        if self.app != "voila":
            self.page.wait_for_function(f"{KERNEL}?.status === 'idle'")

    def command(self, name: str) -> None:
        """Have Jupyter do what its menu could do; returns at once."""
        self.page.evaluate("name => void window.jupyterapp.commands.execute(name)", name)

    def run_all(self) -> None:
        """Run every cell from the top and wait until the kernel has nothing left to do.

        Raises:
            AssertionError: a cell ended with an error.
        """
        self.page.evaluate(f"() => {CELLS}.forEach(cell => {{ cell.model.executionCount = null }})")
        self.command("notebook:run-all-cells")
        failed = f"{CELLS}.flatMap(cell => cell.model.outputs.toJSON()).find(one => one.output_type === 'error')"
        ran = f"{CELLS}.every(cell => cell.model.executionCount !== null)"
        self.page.wait_for_function(f"{failed} || {ran}")
        trace = self.page.evaluate(f"() => {failed}?.traceback.join('\\n')")
        assert trace is None, "a cell failed:\n" + re.sub(r"\x1b\[[\d;]*m", "", trace or "")
        self.wait_for_kernel()

    def reload(self) -> None:
        """Save, and load the page again as a browser's button does; the kernel goes on."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.reload()
        self.wait_for_kernel()

    def restart_kernel(self) -> None:
        self.page.evaluate(f"() => {KERNEL}.restart()")
        self.wait_for_kernel()

    def end_kernels(self) -> None:
        """End every kernel of the server, so that none trains on while the next test measures."""
        for session in self.page.request.get(self.server.address("api/kernels")).json():
            self.page.request.delete(self.server.address(f"api/kernels/{session['id']}"))

    def darken(self, dark: bool = True) -> None:
        theme = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{str(not dark).lower()}'")

    def ask(self, code: str) -> str:
        """What the kernel answers to a line of code, beside the notebook: the text that it prints."""
        answer = self.page.evaluate(
            f"async code => {{ const kernel = {KERNEL}; let text = ''; const asked = kernel.requestExecute("
            "{code, silent: false, store_history: false}); asked.onIOPub = message => { text += message.content.text "
            "|| (message.content.traceback || []).join('\\n') || '' }; await asked.done; return text }", code,
        )  # fmt: skip
        return str(answer).strip()

    # Panels.

    def panel(self, title: str) -> Any:
        return self.page.locator(f'.tl-panel[aria-label="{title}"]:visible')

    def button(self, title: str, name: str) -> Any:
        return self.panel(title).get_by_role("button", name=name, exact=True)

    def press(self, title: str, name: str) -> None:
        """Click a button of a panel, as soon as it can be clicked."""
        self.button(title, name).click()

    def text(self, title: str) -> str:
        return str(self.panel(title).inner_text())

    def until(self, true: Callable[[], Any], what: str = "", seconds: float = PATIENCE) -> Any:
        """Wait until a condition holds, and return what it returned."""
        ends = time.monotonic() + seconds
        while True:
            found = true()
            if found:
                return found
            assert time.monotonic() < ends, f"waited {seconds:.0f} s in vain {what}; errors: {self.errors[-3:]}"
            self.page.wait_for_timeout(40)

    def until_text(self, title: str, pattern: str) -> re.Match[str]:
        """Wait until a panel's text matches."""
        return self.until(lambda: re.search(pattern, self.text(title)), f"for /{pattern}/ in '{title}'")

    def screenshot(self, path: Path, title: str | None = None) -> None:
        (self.panel(title) if title else self.page).screenshot(path=str(path))

    # What must not happen.

    def check(self) -> None:
        """No error on the console, no request beyond this machine."""
        assert self.foreign == [], f"the page asked other machines: {self.foreign}"
        assert self.errors == [], "\n".join(self.errors)

    def _hear(self, message: Any) -> None:
        address = (message.location or {}).get("url", "")
        if message.type == "error" and not self._is_voilas_own(address):
            self.errors.append(f"{message.text} ({address})")

    def _catch(self, error: Any) -> None:
        said = f"uncaught: {error.stack or error}"
        if not (self.app == "notebook" and re.search(NOTEBOOK_OWN, said)):
            self.errors.append(said)

    def _see(self, request: Any) -> None:
        here = request.url.startswith((f"http://127.0.0.1:{self.server.port}/", "data:", "blob:"))
        if not here and not self._is_voilas_own(request.url):
            self.foreign.append(request.url)

    def _is_voilas_own(self, address: str) -> bool:
        return self.app == "voila" and bool(re.match(VOILA_OWN, address))
