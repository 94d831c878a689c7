"""What the lab costs a run: the same training headless, with live curves, and with pictures of the inside as well.

    figures = live_figures(repeats=5)
    print(live_table(figures))

Everything but the browser: panels send their messages to a kernel that is not there. Runs take turns, in the order
A B C C B A, so that a machine that slows down does so for all; processor seconds of the whole process are compared.
Left out: what drawing costs the browser, which has a core of its own wherever there are two.
"""

import statistics
import time
from typing import Any

from transferlab.bench.measuring import machine
from transferlab.bench.report import resampled_ratio
from transferlab.tables import table

WAYS = ("headless", "live curves", "and pictures")
PROMISES = {"live curves": 1.03, "and pictures": 1.08}


def live_figures(repeats: int = 5, small: bool = False) -> dict:
    """Processor seconds of each way, `repeats` times, and the machine; `small` is a trial whose figures mean nothing.

        >>> live_figures(repeats=1, small=True)["processor_seconds"]["headless"]
        [0.8]

    Raises:
        ValueError: `repeats` is less than 1.
    """
    if repeats < 1:
        raise ValueError(f"repeats is how often each way is measured, 1 or more; you gave {repeats}.")
    epochs, per_class = (1, 5) if small else (8, 50)
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    _run("and pictures", 1, per_class)  # whatever is loaded only once
    for turn in range(repeats):
        for way in WAYS if turn % 2 == 0 else reversed(WAYS):
            found[way].append(_run(way, epochs, per_class))
    return {"machine": machine(), "processor_seconds": found}


def live_table(figures: dict) -> str:
    """One line a way: its median, and how much more than headless, with the interval over resampled turns.

    >>> print(live_table(live_figures()))
    """
    found, rows = figures["processor_seconds"], []
    for way, seconds in found.items():
        ratio = resampled_ratio(seconds, found["headless"])
        more = "–" if way == "headless" else "{:+.1%} ({:+.1%} … {:+.1%})".format(*(one - 1 for one in ratio))
        promise = f"≤ {PROMISES[way] - 1:+.0%}" if way in PROMISES else ""
        rows.append([way, f"{statistics.median(seconds):.2f}", more, promise])
    return table(["way", "processor s", "more than headless", "promise"], rows)


def _run(way: str, epochs: int, per_class: int) -> float:
    """Train the bundled backbone from layer3 on, with source accuracy measured 4 times an epoch."""
    from transferlab.lab.data.data_choice import WorldData
    from transferlab.lab.session import Session
    from transferlab.lab.settings import MINE

    session = Session("bundled", "objects", recipe=MINE, line="layer3", epochs=epochs)
    panels: list[Any] = []
    try:
        session.choose(data=WorldData("objects", per_class=per_class))
        session.workshop.memory(session.settings)  # made before the clock starts, in all ways
        if way != "headless":
            panels = _panels(session, pictures=way == "and pictures")
        start = time.process_time()
        session.start(blocking=way == "headless")
        if not session.wait(3600) or session.state != "finished":
            raise RuntimeError(f"The run {way!r} ended as {session.state!r}: {session.failure}.")
        return time.process_time() - start
    finally:
        for panel in panels:
            panel.close()
        session.close()


def _panels(session: Any, pictures: bool) -> list[Any]:
    """The panels, as if a page had opened them; what they send goes nowhere."""
    from transferlab.widgets import AttributionView, DriftView, FilterView, LiveRun

    panels: list[Any] = [LiveRun(session)]
    if pictures:
        panels += [FilterView(session), AttributionView(session), DriftView(session)]
    for panel in panels:
        panel.refresh()
    for panel in panels[1:]:
        panel.do_visible({"on": True}, [])
    return panels
