"""Show me the code: the plain script of what the lab is set to, and of what was done by hand in the run.

CodePanel(Session("bundled", "objects"))
"""

from typing import Any

from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel


class CodePanel(Panel):
    """The code, which follows the settings; it can be copied and saved.

    >>> CodePanel(session)
    """

    title, script = "Show me the code", "code_panel.js"

    def __init__(self, session: Session) -> None:
        self.session = session
        super().__init__()
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        return {"code": self.session.code()}

    def in_words(self) -> str:
        return self.session.code()

    def close(self) -> None:
        self._unsubscribe()
        super().close()

    def _heard(self, event: str) -> None:
        if event in ("settings", "data", "runs", "state"):
            self.refresh()
