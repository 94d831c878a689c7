"""What every labelled set has in common: images, texts and sounds are counted, chosen and divided by the same methods.

Splits and subsets are stratified and seeded: the same seed on the same set gives the same examples. Left out: what one
example is, which is for the sets themselves to say (`images.py`, and the packages for text and sound).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from transferlab.data.checks import described, listed

UNLABELLED = -100  # torch's own mark for a position that no answer is wanted at, such as padding


class LabelledSet:
    """Examples with their labels: the base of `ImageSet` and of the sets of texts and sounds.

    `rows` is a tensor whose first dimension counts the examples, as a model's own input makes them (see `model_input`):
    uint8 pixels `(N, 3, H, W)`, int64 token numbers `(N, T)`, int16 samples of sound `(N, T)`. `labels` are int64, one
    an example `(N,)`, or one a position `(N, T)` with -100 where none is asked: a name for every word, or the next
    token. A set of one's own is a frozen dataclass that says what `stored`, `subset` and `noun` are.
    """

    noun = "image"
    stored = "images"  # the field that `rows` are in
    labels: Tensor
    class_names: tuple[str, ...]
    label_safe: tuple[str, ...] = ()
    name: str = ""
    report: Any = None

    @property
    def rows(self) -> Tensor:
        return getattr(self, self.stored)

    def with_rows(self, rows: Tensor) -> Self:
        """The same set with its examples elsewhere, as on a GPU."""
        return replace(self, **{self.stored: rows})  # type: ignore[type-var]

    def subset(self, index: Tensor | np.ndarray | Sequence[int] | slice) -> Self:
        raise NotImplementedError(f"{type(self).__name__} must say what a choice of its examples is.")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def by_position(self) -> bool:
        """Whether there is a label for every position, and not one for the example."""
        return self.labels.ndim == 2

    @property
    def size(self) -> tuple[int, ...]:
        """The shape of one example."""
        return tuple(self.rows.shape[1:])

    def counts(self) -> dict[str, int]:
        """How many examples each class has, in the order of the classes; positions where each has its own label.

        >>> flowers.counts()
        {'daisy': 40, 'rose': 38}
        """
        labels = self.labels.cpu().flatten()
        counted = torch.bincount(labels[labels != UNLABELLED], minlength=self.num_classes).tolist()
        return dict(zip(self.class_names, counted, strict=True))

    def per_class(self, n: int, seed: int = 0) -> Self:
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
            raise ValueError(f"per_class(n) takes a whole number of {self.noun}s of at least 1; you gave {n!r}.")
        if self.by_position:
            raise ValueError(
                f"per_class counts {self.noun}s of a class, and here every position has a label. Type subset(…)."
            )
        counts = self.counts()
        small = {name: count for name, count in counts.items() if count < n}
        if small:
            least = min(counts.values())
            advice = f"Ask for at most {least}" if least else "Leave out the empty classes"
            raise ValueError(
                f"per_class({n}) needs {n} {self.noun}s in every class; too few in {listed(small)}. {advice}."
            )
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
        names = ("",) if self.by_position else self.class_names
        for name, rows in zip(names, self._shuffled_by_class(seed), strict=True):
            number = min(max(1, int(held_out * len(rows) + 0.5)), len(rows) - 1) if len(rows) > 1 else 0
            held.append(rows[:number])
            train.append(rows[number:])
            if len(rows) == 1:
                single.append(name)
        if sum(map(len, held)) == 0:
            raise ValueError(
                f"No class has two {self.noun}s, so that nothing can be held out. Add {self.noun}s and try again."
            )
        notes = (f"One {self.noun} only, kept for training and not measured: {listed(single)}.",) if single else ()
        return Splits(self.subset(torch.cat(train).sort().values), self.subset(torch.cat(held).sort().values), notes)

    def _shuffled_by_class(self, seed: int) -> list[Tensor]:
        """The rows of each class in an order that depends on the labels and the seed alone."""
        generator = torch.Generator().manual_seed(seed)
        if self.by_position:  # every example holds several classes: they are divided as they are
            return [torch.randperm(len(self), generator=generator)]
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
                raise ValueError(f"The mask has {len(rows)} entries, but the set has {len(self)} {self.noun}s.")
            rows = torch.nonzero(rows).flatten()
        rows = rows.long()
        if len(rows) == 0:
            raise ValueError(f"This choice holds none of the {len(self)} {self.noun}s.")
        if rows.min() < -len(self) or rows.max() >= len(self):
            outside = int(rows.max() if rows.max() >= len(self) else rows.min())
            raise ValueError(f"No {self.noun} {outside}: the set has {len(self)}, at positions 0 to {len(self) - 1}.")
        return torch.where(rows < 0, rows + len(self), rows)


@dataclass(frozen=True, eq=False)
class Splits:
    """What is trained on and what is measured on: two sets of one kind, of the same classes and size, with notes.

        >>> Splits(train=data.subset(range(80)), held_out=data.subset(range(80, 100)))

    Raises ValueError where the two are no sets, or have other classes or another size.
    """

    train: Any  # ImageSets for most of this package; texts and sounds are divided alike
    held_out: Any
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (isinstance(self.train, LabelledSet) and type(self.held_out) is type(self.train)):
            raise ValueError(
                f"Splits takes two ImageSets, train and held_out (or two sets of texts or sounds); you gave "
                f"{described(self.train)} and {described(self.held_out)}. Type images.split(0.2) to divide one."
            )
        noun = self.train.noun
        if self.train.class_names != self.held_out.class_names:
            raise ValueError(
                f"Training and held-out {noun}s must have the same classes in the same order; "
                f"you gave {listed(self.train.class_names)} and {listed(self.held_out.class_names)}."
            )
        if self.train.size != self.held_out.size:
            what = "pixels" if noun == "image" else "long"
            raise ValueError(
                f"Training {noun}s are {self.train.size} and held-out {noun}s {self.held_out.size} {what}: "
                "read both at one size."
            )
