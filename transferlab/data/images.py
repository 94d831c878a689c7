"""Labelled images in memory: what every data source returns and every training loop takes.

Images stay uint8, a quarter of the memory of floats; the training loop moves and normalises a batch at a time. Splits
and subsets are stratified and seeded: the same seed on the same set gives the same images. Left out: boxes, several
labels an image, images of different sizes in one set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transferlab.data import store
from transferlab.data.checks import check_images, check_masks, check_names, check_positions, described, listed
from transferlab.errors import unknown

LABEL_SAFE = ("crop", "flip")  # the augmentations that exist, see `augment`


@dataclass(frozen=True, eq=False, repr=False)  # == on tensors is a tensor, so sets are compared by identity
class ImageSet:
    """Images with their labels, checked when it is made.

        >>> images = torch.zeros(4, 3, 64, 64, dtype=torch.uint8)
        >>> ImageSet(images, torch.tensor([0, 0, 1, 1]), ("ants", "bees"))
        ImageSet(4 images of 64×64, 2 classes: ants 2, bees 2)

    `images` is uint8 `(N, 3, H, W)`, `labels` int64 `(N,)` with positions in `class_names`. `masks`, bool `(N, H, W)`,
    is true on the object; `groups`, int64 `(N,)`, is the subgroup of each image, named in `group_names`; `files` holds
    the name of the file each image came from; `report` is what the reader had to say. A big folder's images are a
    tensor that is mapped from a file (`report.storage == "memmap"`): read it as any tensor and never write into it.
    `label_safe` names the augmentations that leave the labels true: a set that asks for an orientation leaves "flip"
    out, one that asks for a position both. Raises ValueError for a wrong type, shape, label or augmentation.
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    masks: Tensor | None = None
    groups: Tensor | None = None
    group_names: tuple[str, ...] = ()
    name: str = ""
    files: tuple[str, ...] = ()
    report: Any = None
    label_safe: tuple[str, ...] = LABEL_SAFE

    def __post_init__(self) -> None:
        for field in ("class_names", "group_names", "files", "label_safe"):
            object.__setattr__(self, field, check_names(field, getattr(self, field)))
        for kind in self.label_safe:
            if kind not in LABEL_SAFE:
                raise unknown("augmentation", kind, LABEL_SAFE, owner="label_safe holds some or none of")
        check_images(self.images)
        count, _, height, width = self.images.shape
        if not self.class_names or len(set(self.class_names)) < len(self.class_names):
            raise ValueError(f"class_names must be different names, at least one; you gave {self.class_names}.")
        check_positions("labels", self.labels, count, len(self.class_names), "class_names")
        if self.groups is not None:
            check_positions("groups", self.groups, count, len(self.group_names), "group_names")
        check_masks(self.masks, (count, height, width))
        if self.files and len(self.files) != count:
            raise ValueError(f"files must name each of the {count} images; you gave {len(self.files)} names.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        return int(self.images.shape[2]), int(self.images.shape[3])

    def counts(self) -> dict[str, int]:
        """How many images each class has, in the order of the classes.

        >>> flowers.counts()
        {'daisy': 40, 'rose': 38}
        """
        counted = torch.bincount(self.labels.cpu(), minlength=self.num_classes).tolist()
        return dict(zip(self.class_names, counted, strict=True))

    def subset(self, index: Tensor | np.ndarray | Sequence[int] | slice) -> "ImageSet":
        """The images at `index`: positions, a bool mask `(N,)`, or a slice; all classes keep their labels.

            >>> data.subset([0, 2])
            >>> data.subset(data.labels == 1)

        A run of neighbours (a slice, or positions that follow one another) is a view and copies nothing. Anything else
        copies the chosen images, never the others; from a set that lies in a memmap a choice above the memory budget
        becomes a memmap of its own. Raises ValueError for a position outside the set and for an empty choice.
        """
        rows = self._rows(index)
        here = rows.to(self.labels.device)
        return replace(
            self,
            images=store.take(self.images, rows),
            labels=self.labels[here],
            masks=None if self.masks is None else store.take(self.masks, rows),
            groups=None if self.groups is None else self.groups[here],
            files=tuple(self.files[row] for row in rows.tolist()) if self.files else (),
        )

    def per_class(self, n: int, seed: int = 0) -> "ImageSet":
        """`n` images of every class, drawn by `seed`, in the order in which they lie in the set.

            >>> data.per_class(20, seed=1)

        Budgets of one seed are nested: `per_class(5)` lies within `per_class(10)`, so that a curve over budgets adds
        images and never swaps them. Raises ValueError naming the classes that have fewer than `n`.
        """
        return self.subset(self.per_class_rows(n, seed))

    def per_class_rows(self, n: int, seed: int = 0) -> Tensor:
        """Where the images of `per_class(n, seed)` lie in the set: int64 `(n · num_classes,)`, ascending.

        >>> features.subset(data.train.per_class_rows(20))   # what was computed of them once
        """
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise ValueError(f"per_class(n) takes a whole number of images of at least 1; you gave {n!r}.")
        counts = self.counts()
        small = {name: count for name, count in counts.items() if count < n}
        if small:
            least = min(counts.values())
            advice = f"Ask for at most {least}" if least else "Leave out the empty classes"
            raise ValueError(f"per_class({n}) needs {n} images in every class; too few in {listed(small)}. {advice}.")
        return torch.cat([rows[:n] for rows in self._shuffled_by_class(seed)]).sort().values

    def split(self, held_out: float = 0.2, seed: int = 0) -> "Splits":
        """Two sets without a common image, each class divided in the same proportion.

            >>> train, held_out = data.split(0.2, seed=0).train, data.split(0.2, seed=0).held_out

        `held_out` is the share 0…1 that is set aside, rounded in each class to at least one image and at most all but
        one. A class with a single image stays in training, and a note says so. Raises ValueError where no class has
        two.
        """
        if isinstance(held_out, bool) or not isinstance(held_out, int | float) or not 0 < held_out < 1:
            raise ValueError(
                f"held_out is the share to set aside, between 0 and 1, such as 0.2; you gave {held_out!r}."
            )
        train, held, single = [], [], []
        for name, rows in zip(self.class_names, self._shuffled_by_class(seed), strict=True):
            number = min(max(1, int(held_out * len(rows) + 0.5)), len(rows) - 1) if len(rows) > 1 else 0
            held.append(rows[:number])
            train.append(rows[number:])
            if len(rows) == 1:
                single.append(name)
        if sum(map(len, held)) == 0:
            raise ValueError("No class has two images, so that nothing can be held out. Add images and try again.")
        notes = (f"One image only, kept for training and not measured: {listed(single)}.",) if single else ()
        return Splits(self.subset(torch.cat(train).sort().values), self.subset(torch.cat(held).sort().values), notes)

    def _shuffled_by_class(self, seed: int) -> list[Tensor]:
        """The rows of each class in an order that depends on the labels and the seed alone."""
        generator = torch.Generator().manual_seed(seed)
        labels = self.labels.cpu()
        rows = [torch.nonzero(labels == label).flatten() for label in range(self.num_classes)]
        return [part[torch.randperm(len(part), generator=generator)] for part in rows]

    def _rows(self, index: Tensor | np.ndarray | Sequence[int] | slice) -> Tensor:
        """Any kind of index as positions 0…N-1, int64 on the CPU."""
        if isinstance(index, slice):
            rows = torch.arange(len(self))[index] if (index.step or 1) > 0 else torch.tensor(range(len(self))[index])
        else:
            try:
                # numpy copies what torch cannot share, such as a reversed array
                rows = torch.from_numpy(index.copy()) if isinstance(index, np.ndarray) else torch.as_tensor(index).cpu()
            except (TypeError, ValueError, RuntimeError):
                raise ValueError(f"subset takes a list of positions or a mask; you gave {described(index)}.") from None
        if rows.ndim != 1 or (len(rows) and rows.dtype.is_floating_point):
            raise ValueError(f"subset takes a list of positions or a mask; you gave {described(rows)}.")
        if rows.dtype == torch.bool:
            if len(rows) != len(self):
                raise ValueError(f"The mask has {len(rows)} entries, but the set has {len(self)} images.")
            rows = torch.nonzero(rows).flatten()
        rows = rows.long()
        if len(rows) == 0:
            raise ValueError(f"This choice holds none of the {len(self)} images.")
        if rows.min() < -len(self) or rows.max() >= len(self):
            outside = int(rows.max() if rows.max() >= len(self) else rows.min())
            raise ValueError(f"No image {outside}: the set has {len(self)}, at positions 0 to {len(self) - 1}.")
        return torch.where(rows < 0, rows + len(self), rows)

    def __repr__(self) -> str:
        counts = self.counts()
        if self.num_classes <= 8:
            classes = ", ".join(f"{name} {count}" for name, count in counts.items())
        else:
            classes = f"{min(counts.values())} to {max(counts.values())} images each"
        extras = "".join(f", with {kind}" for kind in ("masks", "groups") if getattr(self, kind) is not None)
        extras += ", in a memmap" if store.is_mapped(self.images) else ""
        plural = "es" if self.num_classes > 1 else ""
        height, width = self.size
        return (
            f"ImageSet({f'{self.name!r}, ' if self.name else ''}{len(self):,} image{'s' if len(self) > 1 else ''} of "
            f"{height}×{width}, {self.num_classes} class{plural}: {classes}{extras})"
        )


@dataclass(frozen=True, eq=False)
class Splits:
    """What is trained on and what is measured on, of the same classes and size, with notes for the user.

        >>> Splits(train=data.subset(range(80)), held_out=data.subset(range(80, 100)))

    Raises ValueError where the two are no sets, or have other classes or another size.
    """

    train: ImageSet
    held_out: ImageSet
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (isinstance(self.train, ImageSet) and isinstance(self.held_out, ImageSet)):
            raise ValueError(
                f"Splits takes two ImageSets, train and held_out; you gave {described(self.train)} and "
                f"{described(self.held_out)}. Type images.split(0.2) to divide one."
            )
        if self.train.class_names != self.held_out.class_names:
            raise ValueError(
                "Training and held-out images must have the same classes in the same order; "
                f"you gave {listed(self.train.class_names)} and {listed(self.held_out.class_names)}."
            )
        if self.train.size != self.held_out.size:
            raise ValueError(
                f"Training images are {self.train.size} and held-out images {self.held_out.size} pixels: "
                "read both at one size."
            )
