"""Pictures that get another label or are left out: a frozen record that is applied to images, and is code as well.

    edits = Edits().relabel([("train", 3)], "pear").drop([("held_out", 7)])
    edits.apply(data).train.class_names[...]

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
from transferlab.data.images import ImageSet, Splits
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

        A note tells of files that are not among the images any more.

        Raises:
            ValueError: no such position or class; or a class would have no picture to train on, or nothing would be
                held out.
        """
        places = {part: {name: row for row, name in enumerate(getattr(splits, part).files)} for part in PARTS}
        labels = {part: getattr(splits, part).labels.clone() for part in PARTS}
        names, missing = splits.train.class_names, []
        for part, key, label in self.relabelled:
            if label not in names:
                raise unknown("class", label, names, owner="The classes are")
            if place := _find(splits, places, part, key):
                labels[place[0]][place[1]] = names.index(label)
            else:
                missing.append(str(key))
        kept = {part: self.kept(splits, part) for part in PARTS}
        missing += [str(key) for part, key in self.dropped if _find(splits, places, part, key) is None]
        if len(kept["held_out"]) == 0:
            raise ValueError("That would leave no picture held out to measure on. Keep at least one.")
        _check_classes(splits.train, labels["train"][kept["train"]])
        train, held_out = (_changed(getattr(splits, part), labels[part], kept[part]) for part in PARTS)
        note = f"{plural(len(missing), 'change')} not made, since the pictures are not among these: {some(missing, 5)}"
        return Splits(train, held_out, (*splits.notes, *([note] if missing else [])))

    def kept(self, splits: Splits, part: str) -> Tensor:
        """Where the pictures that are not dropped lie in a part of the unedited images: int64, ascending.

        >>> Edits(dropped=(("train", 1),)).kept(data, "train")[:3]
        tensor([0, 2, 3])
        """
        places = {one: {name: row for row, name in enumerate(getattr(splits, one).files)} for one in PARTS}
        keep = torch.ones(len(getattr(splits, part)), dtype=torch.bool)
        for given, key in self.dropped:
            place = _find(splits, places, given, key)
            if place and place[0] == part:
                keep[place[1]] = False
        return keep.nonzero().flatten()

    def code(self) -> str:
        """The lines of Python that do this to `data`; nothing where there is nothing to do.

        >>> print(Edits(dropped=(("train", 7),)).code())
        from transferlab.lab.edits import Edits
        data = Edits(dropped=(('train', 7),)).apply(data)
        """
        if not self.relabelled and not self.dropped:
            return ""
        given = {name: value for name in ("relabelled", "dropped") if (value := getattr(self, name))}
        lines = [f"{name}={pformat(value, width=100, compact=True)}" for name, value in given.items()]
        arguments = ", ".join(lines)
        if "\n" in arguments or len(arguments) > 90:
            arguments = "\n    " + ",\n    ".join(line.replace("\n", "\n    ") for line in lines) + ",\n"
        return f"from transferlab.lab.edits import Edits\ndata = Edits({arguments}).apply(data)"


def picture_key(images: ImageSet, row: int) -> Key:
    """What edits call a picture of a set.

    >>> picture_key(data.train, 3)
    'ants/7.jpg'
    """
    return images.files[row] if images.files else row


def _pair(picture: Picture) -> Picture:
    part, key = picture
    return part, key


def _find(splits: Splits, places: dict[str, dict[str, int]], part: str, key: Key) -> tuple[str, int] | None:
    """Part and row of a picture; None for a file that is not there."""
    if isinstance(key, int):
        count = len(getattr(splits, part))
        if not 0 <= key < count:
            raise ValueError(f"No picture {key} in {part}: it has {count}, at positions 0 to {count - 1}.")
        return part, key
    if key in places[part]:
        return part, places[part][key]
    other = PARTS[1 - PARTS.index(part)]
    # Where both parts hold a name, as in a folder that is divided on the disk, it is another picture in each.
    shared = places["train"].keys() & places["held_out"].keys()
    return (other, places[other][key]) if key in places[other] and not shared else None


def _check_classes(before: ImageSet, after: Tensor) -> None:
    counted = torch.bincount(after.cpu(), minlength=before.num_classes).tolist()
    empty = [name for (name, had), left in zip(before.counts().items(), counted, strict=True) if had and not left]
    if empty:
        raise ValueError(
            f"That would leave no picture of {some(empty)} to train on. Keep at least one, or take another set."
        )


def _changed(images: ImageSet, labels: Tensor, kept: Tensor) -> ImageSet:
    if not torch.equal(labels, images.labels):
        images = replace(images, labels=labels)
    return images if len(kept) == len(images) else images.subset(kept)
