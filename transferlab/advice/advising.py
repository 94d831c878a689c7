"""`advise`: what to start with on these images and this backbone, why, and what would change it.

    advice = advise("flowers", minutes=5)            # a folder
    print(advice)
    model = load("bundled"); replace_head(model, data.train.num_classes)
    train(model, data, advice.recipe)

A second or two of measuring instead of an hour of trying: how well the features carry the question already, how far the
look is from the source, how long each strategy takes here. Then the drawn worlds with the most similar numbers, where
every strategy was trained, say what to expect (see `likeness`), and the calibration says how often that was right. Left
out: bigger backbones and LoRA, and shorter versions of a recipe.
"""

import copy
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from torch import nn

from transferlab.advice.cautions import cautions
from transferlab.advice.changes import duration, what_would_change_it
from transferlab.advice.facts import Facts, facts_of
from transferlab.advice.likeness import Case, Expectation, expectations, nearest, ranking
from transferlab.advice.menu import CALLED, MENU
from transferlab.advice.reasons import why
from transferlab.advice.record import Calibration, recorded
from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data import worlds
from transferlab.data.folder import folder_splits
from transferlab.data.images import ImageSet, Splits
from transferlab.errors import unknown
from transferlab.randomness import check_device
from transferlab.recipes import Recipe
from transferlab.tables import table


@dataclass(frozen=True)
class Strategy:
    """A recipe of the menu: the accuracy to expect, within 0…1, the minutes it takes here, whether it fits."""

    recipe: Recipe
    expected: Expectation
    estimated_minutes: float
    fits: bool


@dataclass(frozen=True)
class Advice:
    """What to start with, and everything that speaks for and against it. Print it.

    `strategies` are ranked, the first that fits is the advice. `like` are the cases it was drawn from.
    """

    recipe: Recipe
    strategies: tuple[Strategy, ...]
    why: tuple[str, ...]
    what_would_change_it: tuple[str, ...]
    warnings: tuple[str, ...]
    facts: Facts
    like: tuple[Case, ...]
    calibration: Calibration

    @property
    def estimated_minutes(self) -> Mapping[str, float]:
        """By strategy, timed on a few batches on this machine."""
        return self.facts.minutes

    @property
    def code(self) -> str:
        """The lines that follow the advice; `data` is what was given, as Splits."""
        random = ", pretrained=False" if self.recipe.starts_from == "random" else ""
        return (
            f'model = load("{self.facts.backbone}"{random})\n'
            f"replace_head(model, {self.facts.num_classes})\n"
            "run = train(model, data, advice.recipe)"
        )

    def __str__(self) -> str:
        facts, first = self.facts, next(one for one in self.strategies if one.recipe == self.recipe)
        height, width = facts.image_size
        rows = [
            [
                one.recipe.name, f"{one.expected.mean:.0%}", f"{one.expected.low:.0%} … {one.expected.high:.0%}",
                f"{duration(one.estimated_minutes)}{'' if one.fits else ', too long'}",
            ]
            for one in self.strategies
        ]  # fmt: skip
        parts = [
            f"{facts.data}: {facts.num_classes} classes, {facts.per_class:g} images each, {height}×{width} pixels; "
            f"backbone {facts.backbone}",
            f"START WITH {self.recipe.name}: {CALLED[self.recipe.name]}. "
            f"{first.expected.mean:.0%} expected ({first.expected.low:.0%} … {first.expected.high:.0%}), "
            f"{duration(first.estimated_minutes)} here.",
            table(["strategy", "expected", "in like cases", "time here"], rows),
            _listed("Why", self.why),
            _listed("What would change it", self.what_would_change_it),
            _listed("Take care", self.warnings),
            _listed("How far to trust it", (str(self.calibration),)),
            f"Type\n{textwrap.indent(self.code, '  ')}",
        ]  # fmt: skip
        return "\n\n".join(part for part in parts if part)


def advise(
    data: str | Path | Splits, backbone: str | nn.Module = "bundled", minutes: float = 10.0, task: str | None = None,
    device: str = "cpu",
) -> Advice:  # fmt: skip
    """Measure data and backbone for a moment and say which recipe to start with.

        >>> advice = advise(worlds.target("objects", per_class=20), minutes=2)
        >>> advice.recipe.name, advice.estimated_minutes["from_scratch"]
        ('fine_tuning', 0.6)

    `data` is Splits, a folder, or the name of a drawn target, of which 20 images a class are then drawn. `minutes` is
    the time at hand for one run. `task` says what is asked, where you know: "kind", "count", "position", "orientation"
    or "hue"; it chooses the question of a drawn target. `device` is where the run would be.

    Raises:
        ValueError: no such data, backbone, task or device; no time; a single class, or one without an image.
    """
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not isfinite(minutes) or minutes <= 0:
        raise ValueError(f"minutes is the time at hand, a number above 0 such as 10; you gave {minutes!r}.")
    if task is not None and task not in worlds.TASKS:
        raise unknown("task", task, list(worlds.TASKS), owner="The questions are")
    check_device(device)
    model = _model(backbone)
    card = card_of(model)
    splits = _splits(data, task, card.input_size if card else 64)
    _check(splits)
    model = model.to(device)
    return advice_on(facts_of(splits, model, task, device), recorded(), minutes)


def advice_on(facts: Facts, calibration: Calibration, minutes: float = 10.0) -> Advice:
    """The advice that follows from these facts and cases; nothing is measured here.

    >>> advice_on(facts_of(data, model), recorded(), minutes=2).recipe.name
    'feature_extraction'
    """
    like = nearest(facts.situation, calibration.cases)
    expected = {arm: one for arm, one in expectations(facts.situation, like).items() if arm in facts.minutes}
    order = ranking(expected)
    fitting = [arm for arm in order if facts.minutes[arm] <= minutes]
    chosen = fitting[0] if fitting else min(order, key=lambda arm: facts.minutes[arm])
    return Advice(
        recipe=MENU[chosen],
        strategies=tuple(
            Strategy(MENU[arm], expected[arm], facts.minutes[arm], facts.minutes[arm] <= minutes) for arm in order
        ),
        why=why(facts, chosen, expected, like),
        what_would_change_it=what_would_change_it(facts, chosen, order, minutes, like, calibration),
        warnings=cautions(facts, chosen, minutes, calibration),
        facts=facts,
        like=like,
        calibration=calibration,
    )


def _model(backbone: str | nn.Module) -> nn.Module:
    if not isinstance(backbone, str | nn.Module):
        raise ValueError(f"backbone is a name, such as 'bundled', or a network of your own; you gave {backbone!r}.")
    return load(backbone) if isinstance(backbone, str) else copy.deepcopy(backbone)


def _splits(data: str | Path | Splits, task: str | None, size: int) -> Splits:
    if isinstance(data, Splits):
        return data
    if isinstance(data, ImageSet):
        raise ValueError("advise takes images to train on and images held out. Type advise(images.split(0.2)).")
    if isinstance(data, str) and data in worlds.TARGETS:
        return worlds.target(data, size=size, task=task or "kind")
    if isinstance(data, str | Path):
        if not Path(data).is_dir():
            raise unknown("data", data, worlds.TARGETS, owner="It is no folder either. The drawn targets are")
        return folder_splits(data, size=size)
    raise ValueError(f"data is Splits, a folder, or the name of a drawn target; you gave {type(data).__name__}.")


def _check(data: Splits) -> None:
    counts = data.train.counts()
    if len(counts) < 2:
        raise ValueError(f"There is only the class {next(iter(counts))!r}: a classifier tells two or more apart.")
    empty = [name for name, count in counts.items() if count == 0]
    if empty:
        raise ValueError(f"No training image of: {', '.join(empty)}. Add images of it, or leave the class out.")


def _listed(title: str, sentences: tuple[str, ...]) -> str:
    if not sentences:
        return ""
    lines = [textwrap.fill(one, 110, initial_indent="  • ", subsequent_indent="    ") for one in sentences]
    return "\n".join([title, *lines])
