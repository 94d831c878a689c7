"""Remedies for a gap between groups: balance the images, or train the last layer anew on balanced ones.

    balanced = balanced_by_group(data.train)
    fairer, report = retrain_last_layer(model, data.train)

A remedy needs to know the groups of the images that it learns from. Source: Kirichenko, Izmailov & Wilson, "Last layer
re-training is sufficient for robustness to spurious correlations" (2022): deep feature reweighting, the mean of several
heads, each on another balanced draw of the images. Theirs is penalised by absolute weights, ours by squared ones.
Resampling by group: Idrissi et al., "Simple data balancing achieves competitive worst-group-accuracy" (2022). Left out:
choosing the penalty on further images with known groups. See `group_dro.py` for the third remedy.
"""

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from transferlab.audit.answers import last_layer_features
from transferlab.audit.last_layer import STRENGTH, check_strength, softmax_regression, with_last_layer
from transferlab.data.checks import described
from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.heads import head_of

SIZES = ("largest", "smallest")


@dataclass(frozen=True)
class RemedyReport:
    """What a remedy used: `num_images` different images with known groups, in the cells that are named, and seconds.

    >>> print(report)
    deep feature reweighting: last layer 'fc' trained anew on 64 of 400 images with known groups, in 0.4 seconds
    """

    remedy: str
    layer: str
    num_images: int
    num_given: int
    cells: tuple[tuple[str, int], ...]
    seconds: float = field(compare=False)

    def __str__(self) -> str:
        return (
            f"{self.remedy}: last layer '{self.layer}' trained anew on {self.num_images:,} of {self.num_given:,} "
            f"images with known groups, in {self.seconds:.1f} seconds"
        )


def balanced_by_group(images: ImageSet, seed: int = 0, size: str = "largest") -> ImageSet:
    """The same number of images in every cell, a cell being the images of one class and one group.

        >>> balanced_by_group(data.train)                       # small cells repeat their images
        >>> balanced_by_group(data.train, size="smallest")      # large cells lose some

    Which images are repeated or lost is drawn by `seed`. In "largest" every image is kept.

    Raises:
        ValueError: images without groups, another size, or a cell without images, which nothing can balance.
    """
    rows = balanced_rows(images, seed, size)
    return images.subset(rows)


def balanced_rows(images: ImageSet, seed: int = 0, size: str = "largest") -> Tensor:
    """Where the images of `balanced_by_group` lie in the set, int64, ascending; raises what it raises.

    >>> features[balanced_rows(images)]     # what was computed of them once
    """
    if size not in SIZES:
        raise unknown("size", size, SIZES, owner="Every cell becomes as large as the")
    cells = full_cells(images)
    sizes = [len(rows) for rows in cells.values()]
    target = max(sizes) if size == "largest" else min(sizes)
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for rows in cells.values():
        order = rows[torch.randperm(len(rows), generator=generator)]
        extra = torch.randint(len(rows), (max(0, target - len(rows)),), generator=generator)
        chosen.append(torch.cat([order[:target], rows[extra]]))
    return torch.cat(chosen).sort().values


def retrain_last_layer(
    model: nn.Module, images: ImageSet, seed: int = 0, draws: int = 10, strength: float = STRENGTH
) -> tuple[nn.Module, RemedyReport]:
    """Deep feature reweighting: a copy of the model whose last layer is trained anew on balanced images.

        >>> fairer, report = retrain_last_layer(model, data.train)

    Features are computed once. In each of the `draws` every cell of class and group gives as many images as the
    smallest one has, drawn by `seed`; the heads are averaged. Give images that the backbone was not trained on where
    there are some: on those that it knows by heart the features say little of how it errs. The model stays as it is.

    Raises:
        ValueError: images without groups or with an empty cell, a last layer that is not linear, or no such number.
    """
    started = time.perf_counter()
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 1:
        raise ValueError(f"draws is a whole number above 0, such as 10; you gave {draws!r}.")
    check_strength(strength)
    full_cells(images)
    features = last_layer_features(model, images)
    weight, bias, num_used = reweighted_head(features, images, seed, draws, strength)
    new = with_last_layer(model, weight, bias)
    return new, remedy_report("deep feature reweighting", model, images, num_used, started)


def reweighted_head(
    features: Tensor, images: ImageSet, seed: int = 0, draws: int = 10, strength: float = STRENGTH
) -> tuple[Tensor, Tensor, int]:
    """The head of `retrain_last_layer` from features `(N, D)`: weight `(C, D)`, bias `(C,)`, images that were used.

    >>> weight, bias, num_used = reweighted_head(last_layer_features(model, images), images)
    """
    cells, labels = full_cells(images), images.labels.cpu()
    least = min(map(len, cells.values()))
    generator = torch.Generator().manual_seed(seed)
    heads, used = [], torch.zeros(len(images), dtype=torch.bool)
    for _ in range(draws):
        rows = torch.cat([rows[torch.randperm(len(rows), generator=generator)[:least]] for rows in cells.values()])
        rows = rows.sort().values  # one order, so that equal draws give equal bits
        used[rows] = True
        heads.append(softmax_regression(features[rows], labels[rows], images.num_classes, strength))
    weight, bias = (torch.stack(parts).mean(0) for parts in zip(*heads, strict=True))
    return weight, bias, int(used.sum())


def cells_of(images: ImageSet) -> dict[str, Tensor]:
    """The rows of each cell, `class, group` by name, empty ones included; groups without any image are no groups here.

        >>> {name: len(rows) for name, rows in cells_of(data.train).items()}

    Raises:
        ValueError: no ImageSet, images without groups, or with one group only.
    """
    if not isinstance(images, ImageSet):
        raise ValueError(f"Remedies take an ImageSet, data.train say; you gave {described(images)}.")
    if images.groups is None:
        raise ValueError(
            "A remedy needs to know the groups of the images that it learns from, and these have none. Type "
            "with_groups(images, 'table.csv', 'column')."
        )
    labels, groups = images.labels.cpu(), images.groups.cpu()
    present = groups.unique().tolist()
    if len(present) < 2:
        raise ValueError(f"All these images are in '{images.group_names[present[0]]}': there is nothing to balance.")
    return {
        f"{class_name}, {images.group_names[g]}": torch.nonzero((labels == k) & (groups == g)).flatten()
        for k, class_name in enumerate(images.class_names)
        for g in present
    }


def full_cells(images: ImageSet) -> dict[str, Tensor]:
    """The rows of each cell, where every one has images.

    Raises:
        ValueError: as `cells_of`, or a cell is empty.
    """
    cells = cells_of(images)
    empty = [f"'{name}'" for name, rows in cells.items() if not len(rows)]
    if empty:
        shown = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
        raise ValueError(
            f"No image at all in {shown}: what is not there cannot be balanced. Add images of it, leave that class "
            "out, or use group_dro, which does with the cells that there are."
        )
    return cells


def remedy_report(remedy: str, model: nn.Module, images: ImageSet, num_images: int, started: float) -> RemedyReport:
    """What was used of `images`, counted since `started` (of `time.perf_counter`)."""
    cells = tuple((name, len(rows)) for name, rows in cells_of(images).items())
    return RemedyReport(remedy, head_of(model)[0], num_images, len(images), cells, time.perf_counter() - started)
