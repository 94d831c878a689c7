"""Where along a run the views look: one position for all of them.

    scrub = Scrub()
    FilterView(session, scrub=scrub), DriftView(session, scrub=scrub)      # dragged together
    scrub.move(2.5)

Left out: what there is to see at a position; each view takes the nearest that it has.
"""

from collections.abc import Callable
from math import isfinite


class Scrub:
    """A position in epochs, None for the newest there is.

    >>> scrub = Scrub()
    >>> scrub.subscribe(print)
    >>> scrub.move(3)
    3.0
    """

    def __init__(self) -> None:
        self.position: float | None = None
        self._listeners: list[Callable[[float | None], None]] = []

    def move(self, position: float | None, but: Callable[[float | None], None] | None = None) -> None:
        """Go there and let everybody know, except whoever moved it (`but`).

        Raises:
            ValueError: no number of epochs.
        """
        if position is not None:
            if isinstance(position, bool) or not isinstance(position, int | float) or not isfinite(position):
                raise ValueError(f"A position is a number of epochs, or None for the newest; you gave {position!r}.")
            position = max(0.0, float(position))
        self.position = position
        for listener in list(self._listeners):
            if listener != but:
                listener(position)

    def subscribe(self, listener: Callable[[float | None], None]) -> Callable[[], None]:
        """Have a function called with each new position; returns how to end that.

        >>> unsubscribe = scrub.subscribe(lambda position: print(position))
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe
