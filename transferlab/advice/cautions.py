"""What may go wrong with this data whatever is chosen, and where the advice has no ground under its feet."""

from transferlab.advice.changes import ANOTHER_BUDGET, duration
from transferlab.advice.facts import Facts
from transferlab.advice.record import Calibration
from transferlab.data.folder_report import plural, some

TINY = 5  # images of a class: fewer, and a single picture moves its accuracy by 20 points or more
UNEVEN = 3.0  # times the smallest class in the largest
OTHER_SIZE = 1.5  # times the backbone's input: from there on things look larger or smaller than it knows them


def cautions(facts: Facts, chosen: str, minutes: float, calibration: Calibration) -> tuple[str, ...]:
    """What may go wrong with this data whatever is chosen, and where the advice has no ground under its feet.

    >>> cautions(facts, "fine_tuning", 10.0, recorded())
    ("3 classes have fewer than 5 images …",)
    """
    text = []
    tiny = [name for name, count in facts.counts.items() if count < TINY]
    if tiny:
        text.append(
            f"Fewer than {TINY} images: {some(tiny)}. No strategy learns a class from so few with any certainty."
        )
    if facts.imbalance >= UNEVEN:
        text.append(
            f"The largest class has {max(facts.counts.values())} images, the smallest {min(facts.counts.values())}: "
            f"always answering the largest is right in {facts.pretrained.chance:.0%}; look at accuracy class by class."
        )
    if facts.copies:
        text.append(f"{plural(facts.copies, 'training image is', 'training images are')} there more than once.")
    if facts.conflicts:
        text.append(
            f"{plural(facts.conflicts, 'picture lies', 'pictures lie')} in more than one class: one label is wrong."
        )
    if facts.leaked:
        text.append(
            f"{plural(facts.leaked, 'held-out image is', 'held-out images are')} in training too, "
            "which flatters accuracy."
        )
    if facts.input_size and not 1 / OTHER_SIZE < min(facts.image_size) / facts.input_size < OTHER_SIZE:
        height, width = facts.image_size
        text.append(
            f"The images are {height}×{width} pixels and the backbone was pretrained at "
            f"{facts.input_size}×{facts.input_size}: read them at size={facts.input_size}."
        )
    if not facts.is_pretrained:
        text.append(
            f"{facts.backbone} has random weights: there is nothing to transfer. Type load('{facts.backbone}')."
        )
    if facts.minutes[chosen] > minutes:
        text.append(
            f"Nothing on the menu ends within {minutes:g} minutes here; {chosen} is the quickest, "
            f"{duration(facts.minutes[chosen])}."
        )
    low, high = calibration.budgets[0], calibration.budgets[-1]
    measured = f"{low}" if low == high else f"{low} to {high}"
    if not low / ANOTHER_BUDGET < facts.per_class < high * ANOTHER_BUDGET:
        text.append(
            f"The worlds that the advice is drawn from have {measured} images a class; you have "
            f"{facts.per_class:g}, so that it reaches beyond what was measured."
        )
    if facts.backbone != calibration.made_with.get("backbone"):
        text.append(
            f"What strategies gain was measured on '{calibration.made_with.get('backbone')}', not on {facts.backbone}."
        )
    if facts.random is None:
        text.append(
            f"{facts.backbone} is a network of your own: random weights, and training from them, were left out."
        )
    return tuple(text)
