"""Rows that were measured once, in files: a sweep that is run again, or goes on after a kill, finds them there.

One file a row, named by everything it depends on and written whole or not at all. A file that cannot be read is
measured anew. Left out: throwing old ones away; the folder may be deleted at any time.
"""

import json
from pathlib import Path

from transferlab.data.store import cache_folder
from transferlab.experiments.results import Row
from transferlab.files import write_atomically


class RowStore:
    """Rows by name, in a folder; the user's cache folder where none is given.

    >>> store = RowStore()
    >>> store.put(name, row)
    >>> store.get(name) == row
    True
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else cache_folder() / "experiments"

    def get(self, name: str) -> Row | None:
        """The row of this name, or None."""
        try:
            values = json.loads(self._path(name).read_text(encoding="utf-8"))
            return Row.from_dict(values)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, name: str, row: Row) -> None:
        """Keep a row; one that failed is not kept, so that it is tried again."""
        if row.error is None:
            text = json.dumps(row.to_dict(), allow_nan=False)
            write_atomically(self._path(name), lambda partial: partial.write_text(text, encoding="utf-8"))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"
