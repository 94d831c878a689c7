"""The variables of the notebook that a check is called in, and which of them are older than what they were made from.

In Jupyter these are the kernel's own; in a script those of the caller. When a variable was last bound is noted after
every cell, so that a result that belongs to an earlier model can be told from a fresh one. Left out: scripts, where
nothing is run twice.
"""

import ast
import sys
from collections.abc import Mapping
from typing import Any


class Notebook:
    """What is bound, and when it was last bound anew.

    >>> notebook = Notebook({"model": model})
    >>> notebook.variables["model"]
    """

    def __init__(self, variables: Mapping[str, Any] | None = None) -> None:
        self._given = variables
        self._bound: dict[str, tuple[int, int]] = {}  # name → (identity of the value, number of the cell)
        self._cells = 0
        shell = _shell()
        if shell is not None and variables is None:
            shell.events.register("post_run_cell", self.note)

    @property
    def variables(self) -> Mapping[str, Any]:
        if self._given is not None:
            return self._given
        shell = _shell()
        return shell.user_ns if shell is not None else _caller()

    def note(self, *_: Any) -> None:
        """Remember which names were bound anew by the cell that has just run."""
        self._cells += 1
        for name, value in list(self.variables.items()):
            if not name.startswith("_") and self._bound.get(name, (None, 0))[0] != id(value):
                self._bound[name] = id(value), self._cells

    def newer_than(self, name: str, others: tuple[str, ...]) -> str | None:
        """The first of `others` that was bound anew after `name`, or None.

        >>> notebook.newer_than("run", ("model",))
        """
        if name not in self._bound:
            return None
        made = self._bound[name][1]
        return next((one for one in others if self._bound.get(one, (0, 0))[1] > made), None)


def _shell() -> Any:
    """IPython's shell where there is one; it is not imported for the question."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _caller() -> Mapping[str, Any]:
    """The variables of the first frame that is none of ours."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("transferlab.learning"):
        frame = frame.f_back
    return {**frame.f_globals, **frame.f_locals}


def explain_what_is_missing() -> None:
    """Where a cell uses a name that no cell has made yet, or one that is still `...`, a sentence says so."""
    shell = _shell()
    if shell is not None:
        shell.set_custom_exc((Exception,), _say_what_is_missing)


def _say_what_is_missing(shell: Any, kind: type, error: Exception, trace: Any, tb_offset: int | None = None) -> None:
    from transferlab.learning.showing import show

    cell = str((shell.user_ns.get("In") or [""])[-1])
    todo = [name for name in _names_read_in(cell) if shell.user_ns.get(name) is ...]
    if isinstance(error, NameError):
        name = getattr(error, "name", None) or str(error).split("'")[1]
        show(
            f"There is no `{name}` yet. A cell further up makes it: choose Run → Run All Above Selected Cell, and then "
            "run this cell again. If you wrote that name yourself, look at its spelling.",
            "error in your code",
        )
    elif todo:
        show(
            f"`{todo[0]}` is still three dots. Do the exercise that makes it, further up, and then run this again.",
            "not attempted",
        )
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _names_read_in(cell: str) -> list[str]:
    """The names that a cell's code reads, each once, in their order; those that it binds itself come last.

    A loop over `(mixed, other)` binds its own variable to `...`, and the exercise that is to be done is `mixed`.
    """
    try:
        nodes = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Name)]
    except SyntaxError:  # a magic, which is no Python
        return []
    bound = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    nodes.sort(key=lambda node: (node.id in bound, node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in nodes))


_own: list[Notebook] = []


def notebook() -> Notebook:
    """The one notebook of this process, which begins to note when it is first asked for."""
    if not _own:
        _own.append(Notebook())
    return _own[0]
