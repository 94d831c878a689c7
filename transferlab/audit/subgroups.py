"""The same accuracy, group by group: tensors in, numbers out, with how sure we may be of each and what may be said.

    found = compare_groups("tag", codes, names, logits, labels)
    print(found.verdict)

A group of fewer than ten images is shown and never judged. Left out: running a model (`bias_audit.py`) and where
groups come from (`attributes.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from transferlab.audit.calibration import ENOUGH, Calibration, calibration
from transferlab.audit.differences import Difference, differences
from transferlab.explain.checks.estimate import Estimate, estimate
from transferlab.meters import wilson_interval

LEAST = 10  # images: with fewer even a group without a right answer may stand for a true accuracy of 0.3
SHOWN = 6  # remarks on small groups; where there are more, one sentence counts them


@dataclass(frozen=True)
class Subgroup:
    """How one group is answered. `shortcut` is the share of its attribution on the shortcut, None without a mask.

    `accuracy` lies within 0…1, with its 95 % interval (Wilson). `is_small`: too few images to judge by.
    """

    name: str
    num_images: int
    num_correct: int
    calibration: Calibration
    shortcut: Estimate | None = None

    @property
    def accuracy(self) -> float:
        return self.num_correct / self.num_images

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.accuracy, self.num_images)

    @property
    def is_small(self) -> bool:
        return self.num_images < LEAST


@dataclass(frozen=True)
class Comparison:
    """All groups of one attribute.

    `gap` is the largest difference between two groups that are large enough, `clear` the difference that is surest of
    all if it is sure at all; both None where nothing may be said. `cells` are the groups class by class, if asked for.
    """

    attribute: str
    groups: tuple[Subgroup, ...]
    gap: Difference | None
    clear: Difference | None
    cells: tuple[Subgroup, ...] = ()
    num_unknown: int = 0  # images without a value, in no group

    @property
    def worst(self) -> Subgroup | None:
        """The group with the lowest accuracy among those that are large enough."""
        return self._named(self.gap.worse) if self.gap else None

    @property
    def best(self) -> Subgroup | None:
        return self._named(self.gap.better) if self.gap else None

    @property
    def verdict(self) -> str:
        """What may be said, in one sentence."""
        if self.gap is None:
            nearest = max((one for one in self.groups if one.is_small), key=lambda one: one.num_images)
            lacks = LEAST - nearest.num_images
            return (
                f"No verdict on '{self.attribute}': two groups of at least {LEAST} images are needed, and "
                f"{sum(not one.is_small for one in self.groups) or 'none'} is large enough; '{nearest.name}' lacks "
                f"{lacks} more image{'s' if lacks > 1 else ''}."
            )
        if self.gap.is_clear:
            return f"{self.gap}."
        if self.clear:
            return f"{self.clear}. A larger one is not clear: {self.gap}."
        return f"No gap is shown: {self.gap}. It may be 0, and it may be {100 * self.gap.high:.0f} points."

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to keep in mind: groups that are too small, images in no group, calibration on few images."""
        small = [one for one in self.groups if one.is_small]
        said = [self._about(one) for one in small[:SHOWN]]
        if len(small) > SHOWN:
            said.append(f"{len(small) - SHOWN} more groups have fewer than {LEAST} images and are not compared.")
        if self.num_unknown:
            many = "image has" if self.num_unknown == 1 else "images have"
            said.append(f"{self.num_unknown} {many} no value for '{self.attribute}' and belong to no group.")
        unsure = [one for one in self.groups if one.calibration.warning]
        if unsure:
            names = ", ".join(f"'{one.name}' ({one.num_images})" for one in unsure[:SHOWN])
            said.append(
                f"Calibration says little of {names}{' …' if len(unsure) > SHOWN else ''}: {ENOUGH} images or more are "
                "needed, and what luck alone would give stands beside it."
            )
        return tuple(said)

    def _about(self, one: Subgroup) -> str:
        more = LEAST - one.num_images
        text = f"'{one.name}' has {one.num_images} image{'s' if one.num_images > 1 else ''} and is not compared: "
        text += f"{more} more {'are' if more > 1 else 'is'} needed."
        if self.worst and one.accuracy < self.worst.accuracy:
            return f"{text} Its accuracy is lower than that of '{self.worst.name}', on too few images to count."
        return text

    def _named(self, name: str) -> Subgroup:
        return next(one for one in self.groups if one.name == name)


def compare_groups(
    attribute: str,
    codes: Tensor,
    names: Sequence[str],
    logits: Tensor,
    labels: Tensor,
    *,
    class_names: Sequence[str] = (),
    masses: Tensor | None = None,
) -> Comparison:
    """Count, group by group, what `logits` `(N, num_classes)` get right of `labels` `(N,)`.

        >>> compare_groups("tag", images.groups, images.group_names, predict(model, images), images.labels)

    `codes`, int64 `(N,)`, are positions in `names`, or -1 for an image that belongs to no group; groups without an
    image are left out. With `class_names` each group is counted class by class too. `masses`, `(N,)`, is each image's
    share of attribution on the shortcut, NaN where it has none.

    Raises:
        ValueError: images and codes differ in number, or fewer than two groups hold images.
    """
    codes, labels = codes.cpu(), labels.cpu()
    if not len(codes) == len(logits) == len(labels):
        raise ValueError(
            f"Groups, answers and labels are one for each image; you gave {len(codes)}, {len(logits)}, {len(labels)}."
        )
    present = [i for i in range(len(names)) if (codes == i).any()]
    if len(present) < 2:
        only = f"only '{names[present[0]]}'" if present else "none"
        raise ValueError(
            f"'{attribute}' has {only} among these {len(codes)} images: there is nothing to compare. Choose an "
            "attribute with two values or more, or other images."
        )
    probabilities = logits.double().softmax(1)
    right = logits.argmax(1) == labels

    def counted(name: str, here: Tensor) -> Subgroup:
        shortcut = None if masses is None else estimate(masses[here])
        found = calibration(probabilities[here], labels[here])
        return Subgroup(name, int(here.sum()), int(right[here].sum()), found, shortcut)

    groups = tuple(counted(names[i], codes == i) for i in present)
    cells = [
        counted(f"{names[i]}, {name}", here)
        for i in present
        for k, name in enumerate(class_names)
        if (here := (codes == i) & (labels == k)).any()
    ]
    pairs = differences([one for one in groups if not one.is_small])
    clear = max((one for one in pairs if one.is_clear), key=lambda one: one.low, default=None)
    unknown = int((codes < 0).sum())
    return Comparison(attribute, groups, pairs[0] if pairs else None, clear, tuple(cells), unknown)
