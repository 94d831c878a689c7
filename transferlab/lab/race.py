"""The race: four strategies learn the lab's images at growing budgets, a run after the other, while somebody watches.

    race = Race(session, on_change=panel.refresh)
    race.start(budgets=(5, 10, 20, 50), num_seeds=3, guess=RaceGuess("frozen", "all", 30))
    race.results, race.curve()
    race.pause(), race.resume(), race.stop()

Every run is a cell of a sweep and is kept as one: what was measured once comes at once the next time, here or in a
script. A run that the student starts ends the race before its first batch, for both draw random numbers and
would disturb each other. Left out: runs side by side, which would only wait for each other.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from transferlab.backbones.card import card_of
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments.budget_curves import STRATEGIES, BudgetCurve, read_curve
from transferlab.experiments.results import Results
from transferlab.experiments.running import is_head_alone, within
from transferlab.experiments.sweeps import sweep
from transferlab.lab.data.data_choice import WorldData
from transferlab.lab.data.sound_choice import SoundWorldData, drawn
from transferlab.lab.race_guess import Judgement, RaceGuess, judge
from transferlab.lab.rate_search import at_work
from transferlab.lab.session import Session
from transferlab.recipes import Recipe

BUDGETS = (5, 10, 20, 50)
MOST_BUDGETS, SEEDS = 8, (2, 8)  # what a lesson has time for; one seed has no interval
MOST_IMAGES = 4_000  # shown in a phase: what the quick ledger of claims allows, so that they share their runs
LOOKED_AT = 0.25  # what an image costs that only goes forward, beside one that trains
PATIENCE = 60.0  # seconds that the race has to finish its batch when it is stopped


class _Stopped(BaseException):
    """Somebody no longer wants to know. No Exception: a cell that raises one is a row with its error."""


@dataclass(frozen=True)
class Entry:
    """A run of the race that is on or to come."""

    arm: str
    per_class: int
    seed: int


class Race:
    """Runs the race in a thread, and tells `on_change`, without arguments and from any thread, what came of it.

        >>> race = Race(session, on_change=lambda: None)
        >>> race.start((5, 20), num_seeds=2)
        >>> race.state, race.now, race.done, race.total
        ('racing', Entry(arm='frozen', per_class=5, seed=0), 0, 16)

    `state` is "ready", "racing", "pausing", "paused", "finished", "stopped" or "failed". Other images or another
    backbone end the race and empty `results`; what was measured is kept on the disk, in `cache` (see `sweep`).
    """

    def __init__(self, session: Session, on_change: Callable[[], None], cache: bool | str | Path = True) -> None:
        self.session, self._on_change, self._cache = session, on_change, cache
        self.state, self.failure = "ready", ""
        self.results, self.guess = Results(()), RaceGuess()
        self.now: Entry | None = None
        self.budgets: tuple[int, ...] = ()
        self.done, self.total = 0, 0
        self._about = self._subject()
        self._left: list[Entry] = []
        self._lock = threading.Lock()
        self._wanted = threading.Event()  # cleared: pause after this run
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._unsubscribe = session.subscribe(self._heard)

    @property
    def is_on(self) -> bool:
        return self._thread is not None

    @property
    def arms(self) -> dict[str, Recipe]:
        """The strategies that can race on this backbone: nobody can make a network of one's own anew from scratch."""
        backbone = self.session.settings.backbone
        card = None if isinstance(backbone, str) else card_of(backbone)
        named = isinstance(backbone, str) or bool(card and card.name)
        return {arm: one for arm, one in STRATEGIES.items() if named or one.starts_from != "random"}

    def start(self, budgets: Iterable[int] = BUDGETS, num_seeds: int = 3, guess: RaceGuess | None = None) -> None:
        """Begin the race from the smallest budget on; the results of the one before are put away.

        Raises:
            ValueError: a run, a search or a race is on; budgets, seeds or a guess that cannot be.
        """
        chosen = _checked(budgets, num_seeds)
        guess = guess or RaceGuess()
        guess.check(tuple(self.arms))
        if self.session.is_busy:
            raise ValueError("A run is on, and the race would take its time. Stop it first, or wait for its end.")
        data, device = self._data(chosen[-1]), self.session.settings.device
        with self._lock:
            if self.is_on or not at_work.acquire(blocking=False):
                raise ValueError("A race or a search for rates is on already. Stop it, or wait for its end.")
            self.results, self.budgets, self.guess, self.failure = Results(()), chosen, guess, ""
            self._left = [Entry(arm, n, seed) for n in chosen for seed in range(num_seeds) for arm in self.arms]
            self.done, self.total, self.now = 0, len(self._left), self._left[0]
            self._stopped.clear()
            self._wanted.set()
            self.state = "racing"
            run = partial(
                sweep, data=data, backbone=self.session.settings.backbone, device=device, most_images=MOST_IMAGES,
                cache=self._cache, progress=False,
            )  # fmt: skip
            self._thread = threading.Thread(
                target=self._race, args=(run, self.arms), name="transferlab race", daemon=True
            )
            self._thread.start()
        self._on_change()

    def pause(self) -> None:
        """Rest when the run that is on is through: half-way its random numbers would stand in those of the notebook."""
        if self.state == "racing":
            self._wanted.clear()
            self.state = "pausing"
            self._on_change()

    def resume(self) -> None:
        """Go on after a pause."""
        if self.state in ("pausing", "paused"):
            self.state = "racing"
            self._wanted.set()
            self._on_change()

    def stop(self) -> None:
        """End the race after its batch and wait for that; whole runs stay. Nothing where none is on."""
        with self._lock:
            thread = self._thread
            self._stopped.set()
            self._wanted.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(PATIENCE)

    def close(self) -> None:
        """Stop, and listen no longer."""
        self._unsubscribe()
        self.stop()

    def curve(self) -> BudgetCurve:
        """What can be read off the runs so far; how many examples are needed only when all are through."""
        curve = read_curve(self.results)
        return curve if self.state == "finished" else BudgetCurve(curve.results, curve.crossovers, ())

    def judgements(self) -> tuple[Judgement, ...]:
        """The guess beside the results, when the race is through."""
        return judge(self.guess, self.curve()) if self.state == "finished" else ()

    @property
    def seconds_left(self) -> float | None:
        """About how long the runs to come take, from what each arm took for an image; None where one has not run."""
        data, arms = self.session.data, self.arms
        classes, held_out = data.train.num_classes, len(data.held_out)
        seconds, work = dict.fromkeys(arms, 0.0), dict.fromkeys(arms, 0.0)
        for row in self.results.rows:
            seconds[row.arm] += row.seconds
            work[row.arm] += _work(arms[row.arm], row.per_class * classes, held_out)
        left = list(self._left)
        if not left or not all(work.values()):
            return None
        rates = {arm: seconds[arm] / work[arm] for arm in arms}
        return sum(rates[one.arm] * _work(arms[one.arm], one.per_class * classes, held_out) for one in left)

    def _race(self, run: Callable[..., Results], arms: dict[str, Recipe]) -> None:
        hook = register_module_forward_pre_hook(self._ask)
        ended = "finished"
        try:
            while self._left:
                self._rest()
                self.now = one = self._left[0]
                self._on_change()
                found = run({one.arm: arms[one.arm]}, one.per_class, one.seed)
                self.results += found
                self._left.pop(0)
                self.done += 1
        except _Stopped:
            ended = "stopped"
        except Exception as error:  # nobody sees what a thread raises
            ended = "failed"
            known = isinstance(error, ValueError | OSError)
            self.failure = str(error) if known else f"The race broke off ({type(error).__name__}: {error})."
        finally:
            hook.remove()
            self.now, self.state, self._thread = None, ended, None
            at_work.release()
            self._on_change()

    def _ask(self, module: nn.Module, inputs: Any) -> None:
        """Before a module answers, in whatever thread: is this race still wanted?"""
        if self._stopped.is_set() and threading.current_thread() is self._thread:
            raise _Stopped

    def _rest(self) -> None:
        if not self._wanted.is_set():
            self.state = "paused"
            self._on_change()
            self._wanted.wait()
        if self._stopped.is_set():
            raise _Stopped

    def _data(self, largest: int) -> str | Splits | partial[Splits]:
        """The images of the lab as a sweep asks for them: drawn anew for every budget, else a part of what is there."""
        choice = self.session.settings.data
        if isinstance(choice, WorldData):
            knobs = {"task": choice.task, "domain_gap": choice.domain_gap, "shortcut": choice.shortcut}
            turned = {name: value for name, value in knobs.items() if value != getattr(WorldData, name)}
            if turned or self.session.settings.backbone != "bundled":
                return partial(worlds.target, choice.name, **turned)  # type: ignore[arg-type]
            return choice.name  # under which a script keeps its rows
        if isinstance(choice, SoundWorldData):
            names = ("task", "snr", "room", "detune", "pixels")
            return partial(drawn, **{name: getattr(choice, name) for name in names})
        there = self.session.data
        smallest = min(there.train.counts().values())
        if largest > smallest:
            raise ValueError(
                f"The largest budget is {largest:,} images a class, and the smallest class has {smallest:,} to train "
                f"on. Choose budgets up to {smallest:,}, or other images."
            )
        return there

    def _subject(self) -> tuple[object, ...]:
        """What the results depend on."""
        one = self.session.settings
        return one.backbone, one.data, one.device

    def _heard(self, event: str) -> None:
        if event == "state" and self.session.is_training:
            self.stop()
        elif event in ("settings", "data") and self._subject() != self._about:
            self._about = self._subject()
            self.stop()
            self.results, self.budgets, self.state, self.failure = Results(()), (), "ready", ""
            self.done, self.total = 0, 0
            self._on_change()


def _checked(budgets: Iterable[int], num_seeds: int) -> tuple[int, ...]:
    chosen = list(budgets)
    for one in chosen:
        if isinstance(one, bool) or not isinstance(one, int) or not 1 <= one <= 2000:
            raise ValueError(f"A budget is a whole number of images a class, from 1 to 2,000; you gave {one!r}.")
    distinct = tuple(sorted(set(chosen)))
    if not 2 <= len(distinct) <= MOST_BUDGETS:
        raise ValueError(f"A race has 2 to {MOST_BUDGETS} budgets, such as 5, 10, 20, 50; you gave {len(distinct)}.")
    least, most = SEEDS
    if isinstance(num_seeds, bool) or not isinstance(num_seeds, int) or not least <= num_seeds <= most:
        raise ValueError(f"A race has {least} to {most} seeds: one alone has no interval; you gave {num_seeds!r}.")
    return distinct


def _work(recipe: Recipe, num_train: int, num_held_out: int) -> float:
    """About how many images a run trains on; those held out are looked at in every epoch, but a head's only once."""
    if is_head_alone(recipe):
        return LOOKED_AT * (num_train + num_held_out)
    return within(recipe, num_train, MOST_IMAGES).epochs * (num_train + LOOKED_AT * num_held_out)
