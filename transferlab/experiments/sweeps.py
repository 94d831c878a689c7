"""Recipes × budgets × seeds on one backbone and one task: the experiment behind every claim.

    results = sweep(["feature_extraction", "from_scratch"], budgets=(5, 20), seeds=range(3), data="objects")
    print(results)

Every arm of one budget and seed sees the same images. Cells are kept by everything they depend on, so that the same
call costs nothing the second time, and a call that was killed goes on.
"""

import functools
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

from torch import nn

from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data import worlds
from transferlab.data.folder import folder_splits
from transferlab.data.images import Splits
from transferlab.errors import unknown
from transferlab.experiments.cells import (
    BackboneMaker,
    Cell,
    Conditions,
    DataMaker,
    Measure,
    Nested,
    cell_identity,
    conditions_identity,
)
from transferlab.experiments.pools import carried_out
from transferlab.experiments.results import Results, Row
from transferlab.experiments.running import Job, jobs_of
from transferlab.experiments.store import RowStore
from transferlab.precision import precision_for
from transferlab.randomness import OwnRandomness, check_device
from transferlab.recipes import Recipe
from transferlab.recipes import recipe as recipe_named


def sweep(
    recipes: Sequence[str | Recipe] | Mapping[str, str | Recipe],
    budgets: Iterable[int] = (20,),
    seeds: Iterable[int] = (0,),
    data: str | Splits | DataMaker = "objects",
    backbone: str | nn.Module | BackboneMaker = "bundled",
    *,
    measure: Measure | None = None,
    most_images: int | None = None,
    forgetting: bool = False,
    curves: bool = True,
    device: str = "cpu",
    workers: int = 1,
    executor: Executor | None = None,
    cache: bool | str | Path = True,
    progress: bool = True,
) -> Results:
    """Train every recipe at every budget with every seed; returns the table of all runs.

        >>> arms = {"frozen": feature_extraction(), "scratch": from_scratch()}
        >>> results = sweep(arms, budgets=(5, 20, 100), seeds=range(5), workers=2)
        >>> results.difference("frozen", "scratch", 20)

    `recipes` are names or Recipes, or a mapping from the name of an arm to one. `budgets` are images a class. `data` is
    the name of a drawn target, a folder, Splits (whose smaller budgets lie within the larger), or a function
    `data(per_class=, seed=)`, such as `functools.partial(worlds.target, "objects", domain_gap=1.0)`.
    `backbone` is a name, a network, or a function `backbone(seed)` that makes one for each seed.
    `measure(model, data, seed)` adds columns of your own, such as accuracy on other images. `most_images` shortens
    phases that would show more training images than that, to compare arms at equal computing. `forgetting` measures
    the source task before and after. `curves=False` looks at the held-out images after the last epoch only, which
    halves the time of a run on few images; its rows have no `run`.

    Cells are computed here, or on so many `workers` (processes), or on an `executor` of `concurrent.futures`: Dask's
    `Client().get_executor()`, ipyparallel's `view.executor`, mpi4py's `MPIPoolExecutor()`. Each computes with one
    thread. A cell that fails is a row with its `error`, and the others go on. `cache` is the folder where rows are
    kept: True is the user's cache folder, False none.

    Raises:
        ValueError: no recipe, budget or seed; an unknown one; a budget larger than the data.
    """
    arms = _arms(recipes)
    budgets, seeds = _whole_numbers("budgets", budgets, 1), _whole_numbers("seeds", seeds, 0)
    check_device(device)
    _check_numbers(workers, most_images)
    with OwnRandomness(0):  # loading a backbone draws first weights
        _check_others(backbone, measure, executor, cache)
        maker, name = _maker(data, backbone, max(budgets))
        conditions = Conditions(
            maker, name, backbone, measure, most_images, forgetting, device, precision_for(device), curves
        )
        cells = [
            Cell(arm, recipe, budget, seed) for budget in budgets for seed in seeds for arm, recipe in arms.items()
        ]
        store, names = _names(cells, conditions, cache)
    rows: dict[Cell, Row] = {}
    for cell, key in names.items():
        kept = store.get(key) if store else None
        if kept is not None:
            rows[cell] = _renamed(kept, cell)
    missing = [cell for cell in cells if cell not in rows]
    jobs = jobs_of(missing, conditions)
    if workers > 1 or executor is not None:
        jobs = [_with_own_images(job) for job in jobs]
    for job, found in _watched(carried_out(jobs, workers, executor), len(missing), progress):
        for cell, row in zip(job.cells, found, strict=True):
            rows[cell] = row
            if store and cell in names:
                store.put(names[cell], row)
    return Results(tuple(rows[cell] for cell in cells))


def _arms(recipes: Sequence[str | Recipe] | Mapping[str, str | Recipe]) -> dict[str, Recipe]:
    if isinstance(recipes, str | Recipe):
        recipes = [recipes]
    if not isinstance(recipes, Mapping):
        recipes = _listed("recipes", recipes, "['feature_extraction', 'from_scratch']")
    if not recipes:
        raise ValueError("There is no recipe to try: type sweep(['feature_extraction', 'from_scratch']).")
    if isinstance(recipes, Mapping):
        return {str(arm): recipe_named(one) for arm, one in recipes.items()}
    found = [recipe_named(one) for one in recipes]
    names = [one.name for one in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"Two recipes are called '{twice}'. Name the arms: sweep({{'slow': …, 'fast': …}}).")
    return dict(zip(names, found, strict=True))


def _whole_numbers(what: str, given: Iterable[int], least: int) -> tuple[int, ...]:
    example = "range(3)" if what == "seeds" else "(5, 20, 100)"
    numbers = [given] if isinstance(given, int) else _listed(what, given, example)
    for one in numbers:
        if isinstance(one, bool) or not isinstance(one, Integral) or one < least:
            raise ValueError(f"{what} are whole numbers of at least {least}; you gave {one!r}.")
    if not numbers:
        raise ValueError(f"There are no {what}: type {what}={example}.")
    return tuple(dict.fromkeys(map(int, numbers)))


def _listed(what: str, given: Any, example: str) -> list[Any]:
    try:
        return list(given)
    except TypeError:
        raise ValueError(f"{what} are a list, such as {example}; you gave {given!r}.") from None


def _check_numbers(workers: int, most_images: int | None) -> None:
    for name, value in (("workers", workers), ("most_images", most_images)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ValueError(f"{name} is a whole number of at least 1; you gave {value!r}.")


def _check_others(backbone: object, measure: object, executor: object, cache: object) -> None:
    if not isinstance(backbone, str | nn.Module) and not callable(backbone):
        raise ValueError(
            f"backbone is a name, such as 'bundled', a network of your own, or a function of the seed that makes one; "
            f"you gave {backbone!r}."
        )
    if isinstance(backbone, str):
        load(backbone)  # says what exists, where this is none; better once than in every cell
    if measure is not None and not callable(measure):
        raise ValueError(f"measure is a function measure(model, data, seed) that gives numbers; you gave {measure!r}.")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ValueError(f"executor is one of concurrent.futures' kind; {type(executor).__name__} has no submit().")
    if not isinstance(cache, bool | str | Path):
        raise ValueError(f"cache is a folder, True (the user's own) or False (none); you gave {cache!r}.")


def _maker(
    data: str | Splits | DataMaker, backbone: str | nn.Module | BackboneMaker, largest: int
) -> tuple[DataMaker, str]:
    """A function of budget and seed that gives the images, and what they are called."""
    if isinstance(data, str) and data in worlds.TARGETS:
        return functools.partial(worlds.target, data, size=_input_size(backbone)), data
    if isinstance(data, str):
        if not Path(data).is_dir():
            raise unknown("data", data, worlds.TARGETS, owner="It is no folder either. The drawn targets are")
        data = folder_splits(data, size=_input_size(backbone))
    if isinstance(data, Splits):
        nested = Nested(data)
        if largest > nested.largest:
            raise ValueError(
                f"A budget of {largest} images a class is more than there is: the smallest class has {nested.largest} "
                f"({data.train!r}). Ask for at most {nested.largest}."
            )
        return nested, data.train.name or "images"
    if not callable(data):
        raise ValueError(
            "data is the name of a drawn target, a folder, Splits, or a function data(per_class=, seed=); you gave "
            f"{type(data).__name__}."
        )
    given = data.func if isinstance(data, functools.partial) else data
    parameters = inspect.signature(data).parameters
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    if not takes_all and not {"per_class", "seed"} <= set(parameters):
        raise ValueError(
            f"data(per_class=, seed=) is how images are asked for; {getattr(given, '__name__', given)!r} takes "
            f"{', '.join(parameters) or 'nothing'}."
        )
    return data, getattr(given, "__name__", "images")


def _input_size(backbone: str | nn.Module | BackboneMaker) -> int:
    if not isinstance(backbone, str | nn.Module):
        backbone = backbone(0)
    card = card_of(load(backbone, pretrained=False) if isinstance(backbone, str) else backbone)
    return card.input_size if card else 64


def _names(
    cells: Sequence[Cell], conditions: Conditions, cache: bool | str | Path
) -> tuple[RowStore | None, dict[Cell, str]]:
    """Where rows are kept and under which names; nothing is kept where something has no name, such as a lambda."""
    identity = None if cache is False else conditions_identity(conditions)
    if identity is None:
        return None, {}
    store = RowStore(None if isinstance(cache, bool) else cache)
    return store, {cell: cell_identity(cell, identity) for cell in cells}


def _renamed(row: Row, cell: Cell) -> Row:
    return replace(row, arm=cell.arm)


def _with_own_images(job: Job) -> Job:
    """Of images that are there, a process gets those of its budget alone."""
    made = job.conditions.data
    if not isinstance(made, Nested):
        return job
    first = job.cells[0]
    own = Nested(made(per_class=first.per_class, seed=first.seed))
    return replace(job, conditions=replace(job.conditions, data=own))


def _watched(found: Iterable[tuple[Job, list[Row]]], total: int, progress: bool) -> Iterator[tuple[Job, list[Row]]]:
    """The same rows, with a bar that counts cells."""
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="cell", desc="sweep", disable=None if progress else True, leave=False) as bar:
        for job, rows in found:
            bar.set_postfix_str(f"{rows[0].arm}, {rows[0].per_class} a class, seed {rows[0].seed}")
            bar.update(len(rows))
            yield job, rows
