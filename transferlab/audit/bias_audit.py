"""Is somebody served worse? A model's answers group by group, with what may be said about the gaps and what may not.

    audit = bias_audit(model, data.held_out, shortcut=worlds.tag_mask(64))
    print(audit)                            # a table and a verdict
    audit.main.gap, audit.main.worst

Groups are the images' own or come from a table (see `attributes.py`). Subgroup accuracy and its worst group are what
Buolamwini & Gebru, "Gender Shades" (2018), and Sagawa et al. (2020) report. Left out: fairness beyond equal accuracy
(false positives against false negatives, thresholds), and groups that nobody has named.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn

from transferlab.audit.answers import answers_of
from transferlab.audit.attributes import Attribute, Attributes, Table, read_attributes
from transferlab.audit.calibration import Calibration, calibration
from transferlab.audit.report_text import audit_text
from transferlab.audit.shortcut_mass import ShortcutUse, check_shortcut, shortcut_mass
from transferlab.audit.subgroups import Comparison, compare_groups
from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.identity import image_identity
from transferlab.meters import wilson_interval


@dataclass(frozen=True)
class BiasAudit:
    """What one model answers on one set of images: overall, and compared by each attribute. Print it.

    `accuracy` lies within 0…1. `images_id` tells sets of images apart, so that only audits of the same are compared.
    """

    data: str
    class_names: tuple[str, ...]
    num_images: int
    num_correct: int
    calibration: Calibration
    comparisons: tuple[Comparison, ...]
    shortcut: ShortcutUse | None = None
    notes: tuple[str, ...] = ()
    images_id: str = field(default="", repr=False)

    @property
    def accuracy(self) -> float:
        return self.num_correct / self.num_images

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.accuracy, self.num_images)

    @property
    def main(self) -> Comparison:
        """The comparison by the first attribute, often the only one."""
        return self.comparisons[0]

    def __getitem__(self, attribute: str) -> Comparison:
        """The comparison by one attribute.

        >>> audit["light"].worst
        """
        for one in self.comparisons:
            if one.attribute == attribute:
                return one
        raise unknown("attribute", attribute, [one.attribute for one in self.comparisons], "This audit compares by")

    def __str__(self) -> str:
        return audit_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers and text, for JSON; the intervals and verdicts are written out.

        >>> json.dumps(audit.to_dict())
        """
        values = {"kind": "BiasAudit", **dataclasses.asdict(self), "accuracy": self.accuracy, "interval": self.interval}
        for one, comparison in zip(values["comparisons"], self.comparisons, strict=True):
            one["verdict"], one["remarks"] = comparison.verdict, comparison.remarks
            for key in ("groups", "cells"):
                for group, subgroup in zip(one[key], getattr(comparison, key), strict=True):
                    group |= {"accuracy": subgroup.accuracy, "interval": subgroup.interval, "small": subgroup.is_small}
        return _finite(values)


def bias_audit(
    model: nn.Module,
    images: ImageSet,
    attributes: Table | Attributes | None = None,
    shortcut: Tensor | np.ndarray | None = None,
    *,
    columns: Sequence[str] | None = None,
    intersections: bool = False,
    by_class: bool = False,
    missing: str = "refuse",
    method: str = "grad_cam",
) -> BiasAudit:
    """Count what the model gets right in each group of the images, and how sure that may be taken; nothing is changed.

        >>> print(bias_audit(model, data.held_out))
        >>> bias_audit(model, data.held_out, "faces.csv", columns=["age", "light"], intersections=True).main.verdict

    Without `attributes` the set's own groups are taken; see `read_attributes` for tables, `columns` and `missing`.
    `intersections` compares the groups of all columns crossed as well, `by_class` counts each group class by class.
    `shortcut` is a bool mask, `(H, W)` or `(N, H, W)`: how much of the attribution `method` lies there is said too.
    Audit images that the model was not trained on.

    Raises:
        ValueError: a model or images that do not fit, attributes that cannot be compared, or no such mask or method.
    """
    if isinstance(images, ImageSet):  # what is wrong is said before anything is computed
        found = read_attributes(attributes, images, columns, missing=missing)
        compared = [*found.columns, *([found.crossed()] if intersections else [])]
        if shortcut is not None:
            check_shortcut(shortcut, images)
    logits = answers_of(model, images)
    use, masses = shortcut_mass(model, images, shortcut, method) if shortcut is not None else (None, None)
    audit = audit_answers(logits, images, compared, by_class=by_class, masses=masses)
    return dataclasses.replace(audit, shortcut=use, notes=found.notes)


def audit_answers(
    logits: Tensor, images: ImageSet, attributes: Sequence[Attribute], *, by_class: bool = False,
    masses: Tensor | None = None,
) -> BiasAudit:  # fmt: skip
    """An audit of answers `(N, num_classes)` that are there already; `masses` as in `compare_groups`.

    >>> audit_answers(predict(model, images), images, read_attributes(None, images).columns)
    """
    labels = images.labels.cpu()
    class_names = images.class_names if by_class else ()
    return BiasAudit(
        data=images.name or "images",
        class_names=images.class_names,
        num_images=len(images),
        num_correct=int((logits.argmax(1) == labels).sum()),
        calibration=calibration(logits.double().softmax(1), labels),
        comparisons=tuple(
            compare_groups(one.name, one.codes, one.values, logits, labels, class_names=class_names, masses=masses)
            for one in attributes
        ),
        images_id=image_identity(images),
    )


def _finite(value: Any) -> Any:
    """JSON knows no infinity: an interval that is open on a side is null there."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
