"""The race of four strategies at growing budgets: guess who wins, press Start, watch the points arrive.

    RacePanel(Session("bundled", "objects"))

It asks for a guess and does not insist. Every run is kept, so that a race that was run once is replayed in seconds; a
teacher runs it before the lesson. Left out: the computing itself, which `lab.race` does, and judging, `lab.race_guess`.
"""

import re
from typing import Any

from transferlab.lab.race import BUDGETS, SEEDS, Race
from transferlab.lab.race_guess import RaceGuess
from transferlab.lab.session import Session
from transferlab.widgets.panel import Panel

SHOWN_FAILURES = 2


class RacePanel(Panel):
    """Budgets, seeds, a guess, the race itself, and the rule of thumb beside what was measured; `race` has the table.

    >>> panel = RacePanel(session)
    >>> print(panel.race.curve())
    """

    title, script = "Race", "race_panel.js"

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        return ("chart.js",)  # for its looks

    def __init__(self, session: Session) -> None:
        self.session = session
        super().__init__()
        self.race = Race(session, lambda: self.attempt(self.refresh_if_new))
        self._unsubscribe = session.subscribe(self._heard)

    def state(self) -> dict[str, Any]:
        race, data = self.race, self.session.data.train
        now = race.now
        failed = [f"{row.arm}, {row.per_class} a class, seed {row.seed}: {row.error}" for row in race.results.failed]
        return {
            "state": race.state,
            "busy": self.session.is_busy,
            "arms": list(race.arms),
            "no_scratch": "scratch" not in race.arms,
            "about": f"{data.name or 'your images'}, {data.num_classes} classes",
            "usual": ", ".join(map(str, BUDGETS)),
            "seeds": list(range(SEEDS[0], SEEDS[1] + 1)),
            "budgets": list(race.budgets),
            "now": {"arm": now.arm, "per_class": now.per_class, "seed": now.seed} if now else None,
            "done": race.done,
            "total": race.total,
            "left": race.seconds_left if race.is_on else None,
            "curve": race.curve().to_plain(),
            "guess": {"fewest": race.guess.fewest, "most": race.guess.most, "crossing": race.guess.crossing},
            "judged": [{"right": one.right, "words": one.words} for one in race.judgements()],
            "failed": [
                *failed[:SHOWN_FAILURES],
                *([f"… and {len(failed) - SHOWN_FAILURES} more"] if failed[2:] else []),
            ],
            "failure": race.failure,
        }

    def do_start(self, content: dict[str, Any], buffers: list[Any]) -> None:
        try:
            guess = RaceGuess(content.get("fewest"), content.get("most"), content.get("crossing"))
            self.race.start(_numbers(content.get("budgets")), content.get("seeds", 3), guess)
        finally:
            self.refresh()  # what was refused must not stay on view, and the page waits for an answer

    def do_pause(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.race.pause()

    def do_resume(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.race.resume()

    def do_stop(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.race.stop()

    def close(self) -> None:
        self._unsubscribe()
        self.race.close()
        super().close()

    def in_words(self) -> str:
        """The table and what can be read off it, for a notebook that is read without a kernel."""
        if not self.race.results.rows:
            return f"{self.title}: not run yet."
        return f"{self.title}: {self.race.done} of {self.race.total} runs.\n{self.race.curve()}"

    def _heard(self, event: str) -> None:
        if event in ("state", "settings", "data"):
            self.attempt(self.refresh_if_new)


def _numbers(given: object) -> list[int]:
    """The whole numbers of a text, however they are set apart; a comma within a number is not known."""
    parts = re.split(r"[\s,;]+", given.strip(" ,;")) if isinstance(given, str) else [""]
    if not all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts):
        usual = ", ".join(map(str, BUDGETS))
        raise ValueError(f"Budgets are whole numbers of images a class, such as {usual}; you gave {given!r:.80}.")
    return [int(part) for part in parts]
