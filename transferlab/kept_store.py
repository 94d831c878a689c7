"""Kept features that outlive the run that made them: whoever trains on the same images behind the same front has them.

A second run with another learning rate, another head or another seed then begins at once. Entries are found by what
they were computed from (see identity), so that a stale one cannot be found. Together they take no more than a safe
share of the process's memory: the ones longest unused are let go. Left out: other processes, and what lies in files.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from transferlab.data.memory import SHARE, available_memory
from transferlab.kept_rows import KeptRows


class KeptStore:
    """Kept rows by name, the longest unused first out.

        >>> store = KeptStore()
        >>> rows = store.rows("a name made of every bit", lambda budget: KeptRows(count, shape, dtype, budget))
        >>> store.megabytes
        2.05

    `budget` is in bytes; None, the default, is a safe share of what the process may still use, asked anew each time.
    """

    def __init__(self, budget: int | None = None) -> None:
        self.budget = budget
        self._entries: OrderedDict[str, KeptRows] = OrderedDict()
        self._lock = threading.Lock()  # runs in other threads share the store

    @property
    def num_bytes(self) -> int:
        return sum(rows.num_bytes for rows in self._entries.values())

    @property
    def megabytes(self) -> float:
        return round(self.num_bytes / 1e6, 2)

    def rows(self, name: str, make: Callable[[int], KeptRows]) -> KeptRows:
        """The rows of this name, or what `make` makes of the bytes that are left for them."""
        with self._lock:
            if name in self._entries:
                self._entries.move_to_end(name)
                return self._entries[name]
        budget = self._whole_budget()
        rows = make(budget)
        if rows.where != "memory":
            return rows
        with self._lock:
            self._entries[name] = rows
            while len(self._entries) > 1 and self.num_bytes > budget:
                self._entries.popitem(last=False)
        return rows

    def drop(self, name: str) -> None:
        """Forget the rows of this name: they were computed while its weights changed unseen."""
        with self._lock:
            rows = self._entries.pop(name, None)
        if rows is not None:
            rows.forget()

    def clear(self) -> None:
        """Forget everything, and free its memory as soon as no run uses it."""
        with self._lock:
            self._entries.clear()

    def _whole_budget(self) -> int:
        if self.budget is not None:
            return self.budget
        return int(SHARE * (available_memory() + self.num_bytes))  # what is kept here could be let go


kept = KeptStore()  # what every run of this process shares
