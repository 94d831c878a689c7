"""What would change the advice: another time, more or fewer images, features that carry more or less, in sentences.

Each is found by asking once more with another number, or read off the cases that the advice was drawn from.
"""

from collections.abc import Sequence
from dataclasses import replace

from transferlab.advice.facts import Facts
from transferlab.advice.likeness import Case, Expectation, expectations, nearest, ranking
from transferlab.advice.record import Calibration
from transferlab.backbones.names import library_of, resolve

ANOTHER_BUDGET = 1.5  # times as many images, or as few, is another budget
STEP, STEPS = 0.05, 20  # of skill: how finely and how far another reading is looked for
BIGGER = ("torchvision/resnet50", "torchvision/efficientnet_b4")  # asking timm would cost the seconds of its import


def what_would_change_it(
    facts: Facts, chosen: str, order: Sequence[str], minutes: float, like: Sequence[Case], calibration: Calibration
) -> tuple[str, ...]:
    """Other times, other numbers of images, other readings: what the advice would be then.

    >>> print("\\n".join(what_would_change_it(facts, "fine_tuning", order, 10.0, like, recorded())))
    """
    return (
        *_time(facts, chosen, order, minutes), *_budgets(facts, chosen, like, calibration),
        *_readings(facts, order, calibration), *_bigger(facts),
    )  # fmt: skip


def _time(facts: Facts, chosen: str, order: Sequence[str], minutes: float) -> list[str]:
    text = []
    if order[0] != chosen and facts.minutes[order[0]] > minutes:
        text.append(f"With {duration(facts.minutes[order[0]])} instead of {minutes:g}: {order[0]}.")
    quicker = [arm for arm in order if facts.minutes[arm] < facts.minutes[chosen]]
    if quicker:
        text.append(
            f"With less than {duration(facts.minutes[chosen])}: {quicker[0]}, {duration(facts.minutes[quicker[0]])}."
        )
    return text


def _budgets(facts: Facts, chosen: str, like: Sequence[Case], calibration: Calibration) -> list[str]:
    """What won in the worlds that are most like this, when there were more or fewer images of each class."""
    text, alike = [], {case.world for case in like}
    for budget in calibration.budgets:
        factor = budget / facts.per_class
        there = [case for case in calibration.cases if case.per_class == budget and case.world in alike]
        if not there or 1 / ANOTHER_BUDGET < factor < ANOTHER_BUDGET:
            continue
        reached = {arm: sum(case.accuracy[arm] for case in there) / len(there) for arm in facts.minutes}
        best = ranking({arm: Expectation(one, one, one) for arm, one in reached.items()})[0]
        start = f"With about {budget} images a class instead of {facts.per_class:g}"
        if best == chosen:
            text.append(f"{start}: still {chosen}, if it goes as in {_worlds(alike)} ({reached[chosen]:.0%}).")
        else:
            text.append(
                f"{start}: {best}, if it goes as in {_worlds(alike)} "
                f"({reached[best]:.0%} against {reached[chosen]:.0%})."
            )
    return text


def _readings(facts: Facts, order: Sequence[str], calibration: Calibration) -> list[str]:
    """The probe's accuracy that is nearest to the measured one and would make the advice another."""
    here = facts.situation
    for step in range(1, STEPS + 1):
        for top in (here.top - STEP * step, here.top + STEP * step):
            if not 0 <= top <= 1:
                continue  # no such skill
            there = replace(here, top=top)
            expected = expectations(there, nearest(there, calibration.cases))
            best = next(arm for arm in ranking(expected) if arm in facts.minutes)
            if best != order[0]:
                return [
                    f"If the probe on {facts.pretrained.top.stage} read {there.probe:.0%} instead of "
                    f"{here.probe:.0%}: {best}."
                ]
    return []


def _bigger(facts: Facts) -> list[str]:
    """Larger backbones, as a sentence only: nothing of them was tried on this data."""
    if facts.backbone in BIGGER:
        return []
    here = [name for name in BIGGER if is_here(name)]
    if here:
        return [f"A larger backbone may read more and takes longer: advise(data, '{here[0]}') says what."]
    return [f"A larger backbone may read more and takes longer; none is here: transferlab fetch {BIGGER[0]}."]


def is_here(name: str) -> bool:
    """Whether the weights of a backbone lie on this machine.

    >>> is_here("bundled")
    True
    """
    try:
        backbone = resolve(name)
        return library_of(backbone).find_weights(backbone) is not None
    except (ValueError, ImportError):  # a file is there and broken, or its library is not
        return False


def duration(minutes: float) -> str:
    """Minutes as they are read.

    >>> duration(2.04), duration(0.05)
    ('2.0 minutes', '3.0 seconds')
    """
    return f"{minutes:.1f} minutes" if minutes >= 0.1 else f"{60 * minutes:.1f} seconds"


def _worlds(names: set[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))
