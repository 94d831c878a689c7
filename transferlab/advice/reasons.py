"""Why a strategy is advised, in sentences that hold the numbers they rest on."""

from collections.abc import Mapping, Sequence

from transferlab.advice.facts import Facts
from transferlab.advice.likeness import Case, Expectation

QUESTIONS = {
    "kind": "what is shown", "count": "how many there are", "position": "where it lies",
    "orientation": "which way it points", "hue": "which colour it has",
}  # fmt: skip


def why(facts: Facts, chosen: str, expected: Mapping[str, Expectation], like: Sequence[Case]) -> tuple[str, ...]:
    """What speaks for the strategy, in the order in which one would say it.

    >>> print("\\n".join(why(facts, "fine_tuning", expected, like)))
    """
    return (*_carried(facts), *_far(facts), *_alike(facts, chosen, expected, like))


def _carried(facts: Facts) -> list[str]:
    top, other, random = facts.pretrained.top, facts.pretrained.elsewhere, facts.random
    chance = facts.pretrained.chance
    text = [
        f"A linear probe on what the head would see ({top.stage}) answers {_share(top.accuracy, top.interval)} before "
        f"any training; guessing gives {chance:.0%}."
    ]
    by_chance = random.best if random else None
    if other.interval[0] > top.interval[1]:
        text.append(
            f"The backbone's {other.where} reads {other.accuracy:.0%}: the answer is in the network and does not reach "
            "the head, so that what lies between has to learn."
        )
    if by_chance and by_chance.interval[0] > top.accuracy:
        text.append(
            f"The {by_chance.where} of a network with random weights reads {by_chance.accuracy:.0%}, more than the "
            "head would see: the question is none that these features were made for."
        )
    elif max(one.interval[0] for one in (top, other, by_chance or top)) <= chance:
        text.append("No stage reads more than guessing might: whether it can be learnt, training alone can say.")
    elif by_chance:
        text.append(
            f"The best probe of a network with random weights reads {by_chance.accuracy:.0%}: pretraining brings "
            f"{100 * (top.accuracy - by_chance.accuracy):.0f} points."
        )
    if facts.task:
        text.append(f"You ask {QUESTIONS[facts.task]}{_blind(facts)}.")
    elif "flip" not in facts.label_safe:
        text.append("The labels change in a mirror, so that no image is mirrored in training.")
    return text


def _blind(facts: Facts) -> str:
    if facts.task in ("position", "count", "orientation", "hue"):
        return ", which telling kinds apart does not need: what is not needed may be lost on the way up"
    return ", as the pretraining did"


def _far(facts: Facts) -> list[str]:
    if facts.look is None:
        return [f"How far the look is from the source is unknown: {facts.backbone} has no BatchNorm that remembers it."]
    if facts.source_look is None:
        return [
            f"The look differs by {facts.look.value:.2f} from what its BatchNorm layers remember (0 is the same). What "
            f"that means for {facts.backbone} nobody measured: there are no source images of it here to compare with."
        ]
    return [
        f"The look differs by {facts.look.value:.2f} from what its BatchNorm layers remember; fresh images of its own "
        f"drawn source differ by {facts.source_look.value:.2f}."
    ]


def _alike(facts: Facts, chosen: str, expected: Mapping[str, Expectation], like: Sequence[Case]) -> list[str]:
    names = "; ".join(dict.fromkeys(case.name for case in like))
    others = [arm for arm in expected if arm != chosen]
    rival = max(others, key=lambda arm: expected[arm].mean)
    return [f"Most like this, by these numbers, are {names}. There {_beyond(like, chosen)}; {_beyond(like, rival)}."]


def _beyond(like: Sequence[Case], arm: str) -> str:
    gains = [case.accuracy[arm] - case.situation.probe for case in like]
    mean = 100 * sum(gains) / len(gains)
    return f"{arm} ended {abs(mean):.1f} points {'above' if mean >= 0 else 'below'} the probe on average"


def _share(share: float, interval: tuple[float, float]) -> str:
    return f"{share:.0%} ({interval[0]:.0%} … {interval[1]:.0%})"
