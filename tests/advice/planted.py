"""Situations, cases and facts with numbers chosen by hand, for advice that can be foretold."""

from transferlab.advice.distance import LookDistance
from transferlab.advice.facts import Facts
from transferlab.advice.likeness import Case, Situation
from transferlab.advice.menu import MENU
from transferlab.advice.readings import Reading, Readings
from transferlab.advice.record import Calibration
from transferlab.meters import wilson_interval

CARRIED = Situation(top=0.8, elsewhere=0.8, random=0.1, per_class=20, chance=0.5)
LOST = Situation(top=0.0, elsewhere=0.6, random=0.6, per_class=20, chance=0.5)


def reached(**better):
    """Accuracies of the whole menu: 0.6, but for those that are named."""
    return {arm: better.get(arm, 0.6) for arm in MENU}


def case(family, situation, accuracy, per_class=20, world=None):
    return Case(world or family, family, per_class, 0, situation, accuracy)


def calibration():
    """Four families: the last stage wins where features carry the question, scratch where they lost it."""
    carried, lost = reached(last_stage=0.95, from_scratch=0.55), reached(from_scratch=0.9, fine_tuning=0.8)
    cases = [
        case("carried one", CARRIED, carried), case("carried two", CARRIED, carried),
        case("lost one", LOST, lost), case("lost two", LOST, lost),
    ]  # fmt: skip
    return Calibration(tuple(cases), {"backbone": "bundled"})


def reading(stage, accuracy, places=False, num_images=160):
    return Reading(stage, places, accuracy, wilson_interval(accuracy, num_images))


def readings(*accuracies, chance=0.5, places=None):
    """One stage each, and the last map's places before the last stage where they are given."""
    each = [reading(f"layer{i}", one) for i, one in enumerate(accuracies, 1)]
    if places is not None:
        each.insert(-1, reading(f"layer{len(accuracies) - 1}", places, places=True))
    return Readings(tuple(each), chance, 160)


def facts(**changed):
    """Two classes of 20 images whose question the features carry; each strategy takes a minute more than the last."""
    values = {
        "data": "planted", "backbone": "bundled", "is_pretrained": True, "counts": {"ants": 20, "bees": 20},
        "num_held_out": 40, "image_size": (64, 64), "input_size": 64, "label_safe": ("crop", "flip"), "task": None,
        "pretrained": readings(0.6, 0.7, 0.9), "random": readings(0.5, 0.55, 0.5), "look": LookDistance(0.56, {}, 40),
        "source_look": LookDistance(0.5, {}, 160), "copies": 0, "leaked": 0, "conflicts": 0,
        "minutes": {arm: float(i) for i, arm in enumerate(MENU, 1)},
    }  # fmt: skip
    assert set(changed) <= set(values)
    return Facts(**{**values, **changed})
