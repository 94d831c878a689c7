"""How long a run still takes, from how long it took so far.

    seconds_left(log, plan, price, clock)

In the phase that is on, further epochs take as long as its last ones did. Phases to come are priced by the stage map
and scaled by how far its prices were off so far. A phase that ends when it has converged may end sooner than that.
"""

from collections.abc import Callable, Sequence

from transferlab.lab.log import RunLog
from transferlab.lab.stage_map import Cost
from transferlab.records import PhaseRow


class Clock:
    """The seconds of training that had passed at each step's place.

    >>> clock.tick(position=2.0, seconds=3.1)
    """

    def __init__(self) -> None:
        self._ticks: list[tuple[float, float]] = []

    def tick(self, position: float, seconds: float) -> None:
        if not self._ticks or position > self._ticks[-1][0]:
            self._ticks.append((position, seconds))
            if len(self._ticks) > 400:  # every second one goes; the first and the last stay
                self._ticks[1:-1] = self._ticks[1:-1:2]

    @property
    def seconds(self) -> float:
        return self._ticks[-1][1] if self._ticks else 0.0

    def per_epoch(self, since: float) -> float | None:
        """Seconds an epoch lately took, counted from `since` at the earliest; None where too little has passed.

        >>> clock.per_epoch(since=4.0)
        """
        if not self._ticks:
            return None
        now, seconds = self._ticks[-1]
        earliest = max(since, now - 3)
        position, before = next(tick for tick in self._ticks if tick[0] >= min(earliest, now))
        return (seconds - before) / (now - position) if now - position >= 0.2 else None


def seconds_left(
    log: RunLog, plan: Sequence[PhaseRow], price: Callable[[int], Cost | None], clock: Clock
) -> float | None:
    """The seconds from here to the end of the plan; None where that cannot be said yet.

    >>> seconds_left(log, session.plan, session.cost, clock)
    """
    names = [row.name for row in plan]
    if log.phase not in names or clock.seconds == 0:
        return None
    number = names.index(log.phase)
    began = next((mark.x for mark in reversed(log.marks) if mark.kind == "phase"), 0.0)
    prices = [_price(row, price) for row in plan]
    spent = sum(prices[i].of(plan[i].num_epochs) for i in range(number)) + prices[number].of(log.position - began)
    scale = clock.seconds / spent if spent else 1.0
    here = max(0.0, plan[number].num_epochs - (log.position - began))
    # The first epoch of a phase also computes what is frozen, and says nothing of the next ones.
    lately = clock.per_epoch(since=began + 1) if log.position - began > 1.2 else None
    left = prices[number].of(log.position - began + here) - prices[number].of(log.position - began)
    later = sum(prices[i].of(plan[i].num_epochs) for i in range(number + 1, len(plan)))
    return (here * lately if lately is not None else left * scale) + later * scale


def _price(row: PhaseRow, price: Callable[[int], Cost | None]) -> Cost:
    """What this phase costs; where stages could not be timed, one unit an epoch."""
    line = next(i for i, stage in enumerate(row.stages) if stage.lr is not None)
    return price(line) or Cost(1.0, 1.0)
