"""Labelled images in memory: what every data source returns and every training loop takes.

Images stay uint8, a quarter of the memory of floats; the training loop moves and normalises a batch at a time. How they
are counted, chosen and divided is in `labelled.py`. Left out: boxes, several labels an image, images of different sizes
in one set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from transferlab.data import store
from transferlab.data.checks import check_images, check_masks, check_names, check_positions
from transferlab.data.labelled import LabelledSet, Splits
from transferlab.errors import unknown

__all__ = ["LABEL_SAFE", "ImageSet", "Splits"]

LABEL_SAFE = ("crop", "flip")  # the augmentations that exist, see `augment`


@dataclass(frozen=True, eq=False, repr=False)  # == on tensors is a tensor, so sets are compared by identity
class ImageSet(LabelledSet):
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

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        return int(self.images.shape[2]), int(self.images.shape[3])

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
