"""Advice by analogy: of the drawn worlds whose outcome is known, which are most like this data, and what won there?

    like = nearest(situation, cases)
    expectations(situation, like)["fine_tuning"].mean        # accuracy, within 0…1

A situation is four numbers: how far the last stage's features carry the answers, how far others of the same network do,
how far those of a random network do, and how many images a class there are. Near are situations with alike numbers.
What a strategy gained over the probe in the nearest cases, is what it is expected to gain here; training from scratch,
which sees nothing of the features that were probed, is expected to reach what it reached there. All this is counted in
skill, the way from guessing (0) to knowing (1), so that numbers of classes may differ.

No number was tuned: scale and number of neighbours were set before any case was computed. That training from scratch is
foretold apart from the probe was decided after the first eight. Left out: whatever else makes tasks differ. That is why
advice comes with its calibration.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from transferlab.advice.menu import MENU
from transferlab.advice.readings import Readings

NEIGHBOURS = 4  # few enough to be alike, enough that no single world decides
DOUBLING = 0.1  # twice the images a class count as much as a skill that differs by a tenth
EQUAL = 0.01  # a difference in expected accuracy that nobody should train longer for


@dataclass(frozen=True)
class Situation:
    """What is known before training: three skills, the images of a class, and the accuracy of guessing, `chance`.

    `random` is None where no random network can be made.
    """

    top: float
    elsewhere: float
    random: float | None
    per_class: float
    chance: float

    @property
    def probe(self) -> float:
        """The accuracy of a probe on what the head sees; below guessing it counts as guessing."""
        return self.accuracy(self.top)

    def accuracy(self, skill: float) -> float:
        """A skill as an accuracy, where guessing gives this situation's chance."""
        return self.chance + skill * (1 - self.chance)

    def distance(self, other: "Situation") -> float:
        """How unlike two situations are; 0.1 is a tenth of skill, or twice the images.

        >>> here.distance(there)
        0.13
        """
        parts = [self.top - other.top, self.elsewhere - other.elsewhere]
        parts.append(DOUBLING * math.log2(self.per_class / other.per_class))
        if self.random is not None and other.random is not None:
            parts.append(self.random - other.random)
        return math.sqrt(sum(one**2 for one in parts))


def situation_of(pretrained: Readings, random: Readings | None, per_class: float) -> Situation:
    """The readings of a network and its random twin as a situation.

    >>> situation_of(read(model, images), read(random_model, images), per_class=20)
    """
    chance = pretrained.chance
    return Situation(
        skill(pretrained.top.accuracy, chance), skill(pretrained.elsewhere.accuracy, chance),
        None if random is None else skill(random.best.accuracy, chance), per_class, chance,
    )  # fmt: skip


def skill(accuracy: float, chance: float) -> float:
    """How much of the way from guessing to knowing an accuracy has gone, within 0…1.

    >>> skill(0.75, 0.5)
    0.5
    """
    return max(0.0, (accuracy - chance) / (1 - chance)) if chance < 1 else 0.0


@dataclass(frozen=True)
class Case:
    """A drawn world at one budget and seed: its situation, and what each strategy reached there.

    `family` is the question and the pictures: what differs only in its look is one family, and is left out together.
    """

    world: str
    family: str
    per_class: int
    seed: int
    situation: Situation
    accuracy: Mapping[str, float]
    look: float | None = None  # how far it lies from the source, see `distance`

    @property
    def name(self) -> str:
        return f"{self.world}, {self.per_class} a class"

    def skill(self, arm: str) -> float:
        """What a strategy reached, from guessing (0) to knowing (1)."""
        return skill(self.accuracy[arm], self.situation.chance)


@dataclass(frozen=True)
class Expectation:
    """The accuracy that a strategy is expected to reach: the mean over like cases, and the least and most of them."""

    mean: float
    low: float
    high: float


def nearest(situation: Situation, cases: Iterable[Case], number: int = NEIGHBOURS) -> tuple[Case, ...]:
    """The cases most like a situation, the nearest first.

        >>> [case.name for case in nearest(situation, cases)]
        ['objects, kind, 20 a class', …]

    Raises:
        ValueError: there are no cases.
    """
    found = sorted(cases, key=lambda case: (situation.distance(case.situation), case.name, case.seed))
    if not found:
        raise ValueError("There are no cases to compare with: type python -m transferlab.advice.calibration.")
    return tuple(found[:number])


def expectations(situation: Situation, like: Sequence[Case]) -> dict[str, Expectation]:
    """What each strategy of the menu would reach, as far as the cases say that are like this one.

    >>> expectations(situation, nearest(situation, cases))["fine_tuning"]
    Expectation(mean=0.86, low=0.81, high=0.9)
    """
    found = {}
    for arm, recipe in MENU.items():
        reached = []
        for case in like:
            beyond = 0.0 if recipe.starts_from == "random" else situation.top - case.situation.top
            reached.append(situation.accuracy(min(1.0, max(0.0, case.skill(arm) + beyond))))
        found[arm] = Expectation(sum(reached) / len(reached), min(reached), max(reached))
    return found


def ranking(expected: Mapping[str, Expectation]) -> tuple[str, ...]:
    """The strategies, the one to take first; within a point of each other the one that trains less.

    >>> ranking(expectations(situation, like))
    ('fine_tuning', 'last_stage', …)
    """
    order, left = [], [arm for arm in MENU if arm in expected]
    while left:
        most = max(expected[arm].mean for arm in left)
        order.append(next(arm for arm in left if expected[arm].mean >= most - EQUAL - 1e-12))
        left.remove(order[-1])
    return tuple(order)
