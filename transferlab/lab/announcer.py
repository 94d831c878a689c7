"""Who wants to know what changed: listeners, called from whatever thread changed it."""

from collections.abc import Callable


class Announcer:
    """Tells listeners the names of events.

    >>> announcer = Announcer()
    >>> unsubscribe = announcer.subscribe(print)
    >>> announcer.tell("state")
    state
    """

    def __init__(self) -> None:
        self.listener_failures: list[Exception] = []
        self._listeners: list[Callable[[str], None]] = []

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Have a function called with what changed, from whatever thread changed it; returns how to end that.

        >>> unsubscribe = session.subscribe(lambda event: print(event))
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def tell(self, *events: str) -> None:
        """Let everybody know. A listener that fails costs neither the run nor the others anything."""
        for event in events:
            for listener in list(self._listeners):
                try:
                    listener(event)
                except Exception as error:
                    self.listener_failures = [*self.listener_failures[-9:], error]
