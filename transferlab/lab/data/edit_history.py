"""Undo and redo of edits to pictures.

    history = EditHistory()
    history.do("drop one picture", history.now.drop([("train", 3)]))
    history.undo()

Each step keeps the whole of the edits, which are small. Left out: undoing one step in the middle.
"""

from transferlab.lab.data.edits import Edits

MOST_STEPS = 200


class EditHistory:
    """Edits, those before them, and those that were taken back.

    >>> EditHistory().now
    Edits(relabelled=(), dropped=())
    """

    def __init__(self, edits: Edits | None = None) -> None:
        self.now = edits or Edits()
        self._done: list[tuple[str, Edits]] = []  # what was done, and the edits before it
        self._undone: list[tuple[str, Edits]] = []

    @property
    def undoes(self) -> str:
        """What `undo` would take back, in words; empty where there is nothing."""
        return self._done[-1][0] if self._done else ""

    @property
    def redoes(self) -> str:
        """What `redo` would do again, in words; empty where there is nothing."""
        return self._undone[-1][0] if self._undone else ""

    def do(self, what: str, edits: Edits) -> None:
        """Take a further step; what was undone before it cannot be redone any more.

        >>> history.do("drop two pictures", history.now.drop([("train", 3), ("train", 4)]))
        """
        self._done = [*self._done, (what, self.now)][-MOST_STEPS:]
        self._undone = []
        self.now = edits

    def undo(self) -> str:
        """Take the last step back, and return what it was.

        Raises:
            ValueError: there is none.
        """
        if not self._done:
            raise ValueError("There is nothing to undo: no picture was changed yet.")
        what, before = self._done.pop()
        self._undone.append((what, self.now))
        self.now = before
        return what

    def redo(self) -> str:
        """Do the last undone step again, and return what it was.

        Raises:
            ValueError: there is none.
        """
        if not self._undone:
            raise ValueError("There is nothing to redo: nothing was undone.")
        what, after = self._undone.pop()
        self._done.append((what, self.now))
        self.now = after
        return what
