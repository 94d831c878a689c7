"""Prose of another style that every machine has: what the modules of Python's standard library say of themselves.

Docstrings are read from the source files without importing or running anything. They are a plain, technical English, as
far from a novel as a text in the same language may be, and need no network. They differ a little between versions of
Python.
"""

import ast
import sysconfig
from functools import cache
from pathlib import Path

PACKAGES = (
    "",
    "asyncio",
    "collections",
    "concurrent/futures",
    "email",
    "http",
    "json",
    "logging",
    "unittest",
    "urllib",
)
SHORTEST = 80  # letters: below it is a signature and no prose


@cache
def docstrings() -> str:
    """The docstrings of the standard library's modules, classes and functions, one after the other, about 1 MB.

        >>> print(docstrings()[:300])

    Raises:
        ValueError: this Python has no source files.
    """
    library = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(path for package in PACKAGES for path in (library / package).glob("*.py"))
    texts: dict[str, None] = {}  # each once, in order
    for path in files:
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text and len(text) >= SHORTEST:
                    texts[text] = None
    if not texts:
        raise ValueError(f"This Python has no source files in {library}, so that their docstrings cannot be read.")
    return "\n\n".join(texts)
