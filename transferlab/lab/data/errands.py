"""Work that takes too long for a button: one job after the other in a thread, which ends when there is nothing to do.

    errands = Errands(trouble=panel.say)
    errands.ask(lambda: show(choice.make()), kind="draw")     # a later "draw" takes the place of one that still waits

While it runs the kernel answers other panels. Left out: stopping a job that has begun.
"""

import threading
import time
from collections.abc import Callable

Job = Callable[[], None]


class Errands:
    """A queue of jobs; what goes wrong in one is told to `trouble`, and the next is done.

    >>> Errands(trouble=print).ask(draw)
    """

    def __init__(self, trouble: Callable[[Exception], None]) -> None:
        self._trouble = trouble
        self._waiting: list[tuple[str, Job]] = []
        self._is_working = False
        self._lock = threading.Condition()

    @property
    def is_busy(self) -> bool:
        """Whether a job is being done or waits."""
        with self._lock:
            return self._is_working

    def ask(self, job: Job, kind: str = "") -> None:
        """Do a job when those before it are done. One of the same `kind` that still waits is forgotten.

        >>> errands.ask(preview, kind="preview")
        """
        with self._lock:
            if kind:
                self._waiting = [one for one in self._waiting if one[0] != kind]
            self._waiting.append((kind, job))
            if not self._is_working:
                self._is_working = True
                threading.Thread(target=self._work, name="transferlab-errands", daemon=True).start()

    def waits(self, *kinds: str) -> bool:
        """Whether a job of these kinds has not begun yet.

        >>> errands.waits("draw", "use")
        """
        with self._lock:
            return any(kind in kinds for kind, _ in self._waiting)

    def forget(self, kind: str | None = None) -> None:
        """Do none of the jobs that still wait, or none of those of a kind."""
        with self._lock:
            self._waiting = [one for one in self._waiting if kind is not None and one[0] != kind]

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until nothing is left to do; returns whether that is so."""
        end = time.monotonic() + seconds
        with self._lock:
            while self._is_working:
                if not self._lock.wait(end - time.monotonic()):
                    return not self._is_working
        return True

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._is_working = False
                    self._lock.notify_all()
                    return
                _, job = self._waiting.pop(0)
            try:
                job()
            except Exception as error:  # of a job, which must not keep the others from being done
                self._trouble(error)
