"""Pictures that get another label or are left out: a frozen record that is applied to images, and is code as well.

    edits = Edits().relabel([("train", 3)], "pear").drop([("held_out", 7)])
    data = edits.apply(data)

A picture is named by its part and its position there, or by its file where the images come from files: files keep their
names when others are added, and are then found in whichever part they have come to lie. Masks and groups stay as they
were drawn. Left out: new classes, other pixels, moving a picture between training and held out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pprint import pformat

import torch
from torch import Tensor

from transferlab.data.folder_report import plural, some
from transferlab.data.images import Splits
from transferlab.data.labelled import LabelledSet
from transferlab.errors import unknown

PARTS = ("train", "held_out")
Key = int | str  # a position in its part, or a file's name
Picture = tuple[str, Key]


@dataclass(frozen=True)
class Edits:
    """What was done to which picture; the same edits of the same images give the same images.

    >>> edits = Edits(relabelled=(("train", "ants/3.jpg", "bees"),), dropped=(("train", "ants/7.jpg"),))
    >>> data = edits.apply(data)

    Raises:
        ValueError: something that names no picture.
    """

    relabelled: tuple[tuple[str, Key, str], ...] = ()
    dropped: tuple[Picture, ...] = ()

    def __post_init__(self) -> None:
        try:
            relabelled = tuple((part, key, str(label)) for part, key, label in self.relabelled)
            dropped = tuple((part, key) for part, key in self.dropped)
        except (TypeError, ValueError):
            raise ValueError(
                'Edits are triples such as ("train", 3, "pear") to relabel, and pairs such as ("train", 7) to drop; '
                f"you gave {self.relabelled!r:.200} and {self.dropped!r:.200}."
            ) from None
        for part, key, *_ in (*relabelled, *dropped):
            if part not in PARTS:
                raise unknown("part", part, PARTS)
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise ValueError(f"A picture is named by its position or by its file; you gave {key!r:.200}.")
        object.__setattr__(self, "relabelled", relabelled)
        object.__setattr__(self, "dropped", dropped)

    def __len__(self) -> int:
        return len({(part, key) for part, key, *_ in (*self.relabelled, *self.dropped)})

    def relabel(self, pictures: Iterable[Picture], label: str) -> "Edits":
        """These edits, and another label for some pictures.

        >>> edits.relabel([("train", 3), ("train", 9)], "pear")
        """
        chosen = dict.fromkeys(map(_pair, pictures))
        others = tuple(one for one in self.relabelled if one[:2] not in chosen)
        return replace(self, relabelled=(*others, *((part, key, label) for part, key in chosen)))

    def drop(self, pictures: Iterable[Picture]) -> "Edits":
        """These edits, with some pictures left out.

        >>> edits.drop([("train", 3)])
        """
        chosen = dict.fromkeys(map(_pair, pictures))
        relabelled = tuple(one for one in self.relabelled if one[:2] not in chosen)
        return Edits(relabelled, tuple(dict.fromkeys((*self.dropped, *chosen))))

    def apply(self, splits: Splits) -> Splits:
        """The images with these edits; `splits` stay as they are.

        A note tells of files that are not among the images any more. Raises as `outcome`.
        """
        found = self.outcome(splits)
        train, held_out = (_changed(getattr(splits, part), found.rows[part], found.labels[part]) for part in PARTS)
        number = plural(len(found.missing), "change")
        note = f"{number} not made, since the pictures are not among these: {some(found.missing, 5)}"
        return Splits(train, held_out, (*splits.notes, *([note] if found.missing else [])))

    def outcome(self, splits: Splits) -> "Outcome":
        """What is left and how it is labelled, without copying a picture.

            >>> Edits(dropped=(("train", 1),)).outcome(data).rows["train"][:3]
            tensor([0, 2, 3])

        Raises:
            ValueError: no such position or class; or a class would have no picture to train on, or nothing would be
                held out.
        """
        if splits.train.by_position:
            raise ValueError(
                f"Every token of these {splits.train.noun}s has a label of its own: they cannot be edited."
            )
        places = _Places(splits)
        labels = {part: getattr(splits, part).labels.cpu().clone() for part in PARTS}
        keep = {part: torch.ones(len(labels[part]), dtype=torch.bool) for part in PARTS}
        names, missing = splits.train.class_names, []
        for given, key, label in self.relabelled:
            if label not in names:
                raise unknown("class", label, names, owner="The classes are")
            if place := places.find(given, key):
                labels[place[0]][place[1]] = names.index(label)
            else:
                missing.append(str(key))
        for given, key in self.dropped:
            if place := places.find(given, key):
                keep[place[0]][place[1]] = False
            else:
                missing.append(str(key))
        rows = {part: keep[part].nonzero().flatten() for part in PARTS}
        labels = {part: labels[part][rows[part]] for part in PARTS}
        if len(rows["held_out"]) == 0:
            raise ValueError("That would leave no picture held out to measure on. Keep at least one.")
        _check_classes(splits.train, labels["train"])
        return Outcome(rows, labels, tuple(missing))

    def code(self) -> str:
        """The lines of Python that do this to `data`; nothing where there is nothing to do.

        >>> print(Edits(dropped=(("train", 7),)).code())
        from transferlab.lab.data.edits import Edits
        data = Edits(dropped=(('train', 7),)).apply(data)
        """
        if not self.relabelled and not self.dropped:
            return ""
        given = {name: value for name in ("relabelled", "dropped") if (value := getattr(self, name))}
        lines = [f"{name}={pformat(value, width=100, compact=True)}" for name, value in given.items()]
        arguments = ", ".join(lines)
        if "\n" in arguments or len(arguments) > 90:
            arguments = "\n    " + ",\n    ".join(line.replace("\n", "\n    ") for line in lines) + ",\n"
        return f"from transferlab.lab.data.edits import Edits\ndata = Edits({arguments}).apply(data)"


@dataclass(frozen=True, eq=False)
class Outcome:
    """For each part, "train" and "held_out": which rows are left, int64 ascending, and their labels, int64."""

    rows: dict[str, Tensor]
    labels: dict[str, Tensor]
    missing: tuple[str, ...] = ()  # files that edits name and that are not there


def picture_key(images: LabelledSet, row: int) -> Key:
    """What edits call a picture of a set.

    >>> picture_key(data.train, 3)
    'ants/7.jpg'
    """
    return files[row] if (files := getattr(images, "files", ())) else row


def _pair(picture: Picture) -> Picture:
    part, key = picture
    return part, key


class _Places:
    """Where the pictures that edits name lie."""

    def __init__(self, splits: Splits) -> None:
        self.counts = {part: len(getattr(splits, part)) for part in PARTS}
        self.files = {
            part: {name: row for row, name in enumerate(getattr(getattr(splits, part), "files", ()))} for part in PARTS
        }
        # Where both parts hold a name, as in a folder that is divided on the disk, it is another picture in each.
        self.is_divided = not self.files["train"].keys().isdisjoint(self.files["held_out"])

    def find(self, part: str, key: Key) -> tuple[str, int] | None:
        """Part and row; None for a file that is not there."""
        if isinstance(key, int):
            if not 0 <= key < self.counts[part]:
                last = self.counts[part] - 1
                raise ValueError(f"No picture {key} in {part}: it has {last + 1}, at positions 0 to {last}.")
            return part, key
        for one in (part,) if self.is_divided else (part, *PARTS):
            if key in self.files[one]:
                return one, self.files[one][key]
        return None


def _check_classes(before: LabelledSet, after: Tensor) -> None:
    counted = torch.bincount(after, minlength=before.num_classes).tolist()
    empty = [name for (name, had), left in zip(before.counts().items(), counted, strict=True) if had and not left]
    if empty:
        raise ValueError(f"That would leave no picture of {some(empty)} to train on. Keep at least one.")


def _changed(images: LabelledSet, rows: Tensor, labels: Tensor) -> LabelledSet:
    chosen = images if len(rows) == len(images) else images.subset(rows)
    return (
        chosen if torch.equal(labels, chosen.labels.cpu()) else replace(chosen, labels=labels.to(chosen.labels.device))  # type: ignore[type-var]
    )
