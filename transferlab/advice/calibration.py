"""How often the advice is right: every drawn world at several budgets, all strategies trained, advice asked blindly.

    python -m transferlab.advice.calibration --budgets 5 20 --seeds 1      # writes calibration.json into the package
    print(calibrate(["objects, kind", "satellite"], budgets=(5,)))

What the strategies reach comes from `sweep`, which keeps its rows, so that a run that was killed goes on. Left out:
photographs, other backbones, and longer training than the file names.
"""

import argparse
import datetime
import functools
import platform
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

import transferlab
from transferlab.advice.distance import look_distance
from transferlab.advice.facts import random_twin
from transferlab.advice.likeness import Case, Situation, situation_of
from transferlab.advice.menu import MENU
from transferlab.advice.readings import read
from transferlab.advice.record import FILE, Calibration
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.errors import unknown
from transferlab.experiments.cells import DataMaker
from transferlab.experiments.sweeps import sweep
from transferlab.machine import processor

MOST_IMAGES = 3_000  # shown in a phase: what keeps all worlds within half an hour of one processor

WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"objects, {task}": ("objects", {"task": task}) for task in worlds.TASKS},
    **{f"objects, kind, domain gap {gap:g}": ("objects", {"domain_gap": gap}) for gap in (0.5, 1.0)},
    **{name: (name, {}) for name in worlds.TARGETS if name != "objects"},
}


def calibrate(
    worlds_list: Iterable[str] | None = None, budgets: Sequence[int] = (5, 20), seeds: Sequence[int] = (0,),
    backbone: str = "bundled", *, most_images: int = MOST_IMAGES, cache: bool | str | Path = True,
    progress: Callable[[str], object] | None = None, command: str = "",
) -> Calibration:  # fmt: skip
    """Train every strategy in every world, read its features, and return the cases.

        >>> print(calibrate(["objects, kind", "satellite"], budgets=(5,), progress=print))

    Raises:
        ValueError: an unknown world, fewer than two families of them, or a run that failed.
    """
    names = list(dict.fromkeys(WORLDS if worlds_list is None else worlds_list))
    for name in names:
        if name not in WORLDS:
            raise unknown("world", name, list(WORLDS), owner="The worlds are")
    if len({family_of(name) for name in names}) < 2:
        raise ValueError(f"Advice on a world is drawn from others: give two or more of {', '.join(WORLDS)}.")
    model = load(backbone)
    random = random_twin(model)
    assert random is not None, "what load made, it can make again"
    cases = []
    for budget in budgets:
        for name in names:
            maker = world(name)
            results = sweep(
                MENU, (budget,), seeds, maker, backbone, most_images=most_images, curves=False, cache=cache,
                progress=False,
            )  # fmt: skip
            if results.failed:
                raise ValueError(f"{name}, {results.failed[0].arm}: {results.failed[0].error}")
            for seed in seeds:
                reached = {arm: results.values(arm, budget)[seed] for arm in MENU}
                cases.append(case_of(name, budget, seed, maker(per_class=budget, seed=seed), reached, model, random))
                if progress:
                    shown = ", ".join(f"{arm} {one:.1%}" for arm, one in reached.items())
                    progress(f"{cases[-1].name}, seed {seed}: {shown}")
    return Calibration(tuple(cases), made_with(backbone, most_images, command))


def case_of(
    name: str, budget: int, seed: int, data: Splits, reached: Mapping[str, float], model: nn.Module, random: nn.Module
) -> Case:
    """A world's situation beside what the strategies reached in it."""
    situation = situation_of(read(model, data.train), read(random, data.train), budget)
    rounded = Situation(**{key: round(one, 6) for key, one in asdict(situation).items()})
    look = look_distance(model, data.train)
    return Case(
        name, family_of(name), budget, seed, rounded, {arm: round(one, 6) for arm, one in reached.items()},
        round(look.value, 4) if look else None,
    )  # fmt: skip


def world(name: str) -> DataMaker:
    """A function of budget and seed that draws a world."""
    target, settings = WORLDS[name]
    return functools.partial(worlds.target, target, **settings)


def family_of(name: str) -> str:
    """What a world shares with those that differ from it in their look alone.

    >>> family_of("objects, kind, domain gap 1")
    'objects, kind'
    """
    return name.partition(", domain gap")[0]


def made_with(backbone: str, most_images: int, command: str) -> dict[str, str]:
    """What the figures mean nothing without."""
    return {
        "transferlab": transferlab.__version__, "torch": torch.__version__, "python": platform.python_version(),
        "processor": processor(), "threads": "1", "date": datetime.date.today().isoformat(), "backbone": backbone,
        "most images shown in a phase": str(most_images), "command": command,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: compute what is missing, write the file, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m transferlab.advice.calibration", description=main.__doc__)
    parser.add_argument("--budgets", type=int, nargs="+", default=[5, 20], help="images a class")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--worlds", nargs="+", default=None, help="some of them instead of all, by name")
    parser.add_argument("--cache", default=None, help="the folder where runs are kept")
    parser.add_argument("--out", default=str(FILE), help="the file to write")
    given = parser.parse_args(arguments)
    command = ["python", "-m", "transferlab.advice.calibration", "--budgets", *map(str, given.budgets)]
    command += ["--seeds", str(given.seeds), *(["--worlds", *given.worlds] if given.worlds else [])]
    try:
        found = calibrate(
            given.worlds, given.budgets, range(given.seeds), cache=given.cache or True, progress=print,
            command=shlex.join(command),
        )  # fmt: skip
        found.save(given.out)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
