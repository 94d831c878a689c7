"""Frozen means free: what the frozen stages make of each image is computed once and kept.

    boundary = Boundary(model, images)         # at the model's own freeze line
    logits = boundary(index)                   # model(normalise(images[index])), the frozen part from the cache

Exact, because frozen stages are deterministic and see one image at a time: BatchNorm and dropout are in eval mode, and
stay there (see freezing). To the last bit that holds in batches of 16 or more: processors round smaller ones in other
ways. Filled as images are asked for, so that the first epoch already trains. In memory where that fits the budget,
else in a file, else nothing is kept and the front is computed anew. Entries belong to the front's weights and buffers
as they were: after a change none of them is used. After fast.ai 0.7's `precompute=True`, TF-Hub's bottlenecks and
Teachable Machine. Left out: caching across processes, and random crops, which have no end of views. Runs of one process
share what they keep through a KeptStore.
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.data.labelled import LabelledSet
from transferlab.data.memory import memory_budget
from transferlab.fast_paths import memory_format
from transferlab.freezing.parts import StaysInEval, parts_of
from transferlab.identity import Watched, fingerprint, front_identity, image_identity
from transferlab.inference import evaluating, laid_out, model_input
from transferlab.kept_rows import KeptRows
from transferlab.kept_store import KeptStore
from transferlab.losses import Judged, judged, summed
from transferlab.out_of_memory import in_parts
from transferlab.resident import moved, rows_of
from transferlab.stages import stages
from transferlab.stages.halves import Half, halves

SMALLEST_BATCH = 32  # from 16 on every network tried gave the same bits at every size (1 and 2 threads, AVX2)


class Boundary:
    """A model whose frozen front is computed once for each image and view.

        >>> freeze_to(model, "fc")
        >>> boundary = Boundary(model, images)
        >>> boundary(torch.arange(32)).shape             # (B, num_classes), with gradients behind the freeze line
        torch.Size([32, 8])
        >>> boundary.stage, boundary.kept.where, boundary.megabytes
        ('fc', 'memory', 0.16)

    `views` is 1 for the images as they are, 2 for their mirror images as well. `budget` is what the cache may take in
    memory, in bytes (default: a safe share of what the process may use); see `KeptRows` for what happens above it.
    With a `store` (see KeptStore) the entries are shared with every other boundary of this store that has the same
    front and the same images. `like` is another boundary of this model at this line, which spares finding the cut once
    more. `pixels` are those of `images` where they lie nearer to the front (see resident). `stage` names the first
    stage behind the cut: the freeze line, or the last place in front of it where one tensor alone crosses.
    `images_computed` counts the images that went through the front. Hooks in the front see only those, and where there
    are some nothing is shared.

    Raises:
        ValueError: nothing is frozen, or frozen by hand only; `views` or `budget` is no such number; the model cannot
            be cut in front of its freeze line.
    """

    def __init__(
        self, model: nn.Module, images: LabelledSet, views: int = 1, budget: int | None = None,
        folder: str | Path | None = None, store: KeptStore | None = None, like: Self | None = None,
        pixels: Tensor | None = None,
    ) -> None:  # fmt: skip
        if views not in (1, 2) or isinstance(views, bool):
            raise ValueError(f"views is 1 (the images) or 2 (their mirror images too); you gave {views!r}.")
        if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 0):
            raise ValueError(f"budget is a number of bytes such as 500_000_000; you gave {budget!r}.")
        self.model, self.images, self.views = model, images, views
        self._budget, self._folder, self._store = budget, folder, store
        self._pixels = images.rows if pixels is None else pixels
        self.front: Half
        self.back: Half
        self.stage: str
        cut = (like.front, like.back, like.stage) if like else cut_at_freeze_line(model)
        self.front, self.back, self.stage = cut
        self.images_computed = 0
        self._open()

    @property
    def megabytes(self) -> float:
        """What the cache takes when it is full."""
        return round(self.kept.num_bytes / 1e6, 2)

    def __call__(self, index: Tensor, mirrored: Tensor | None = None) -> Tensor:
        """The model's answers `(B, num_classes)` for the images at `index`, int64 `(B,)`; `mirrored` as in features."""
        return self.back(self.features(index, mirrored))

    def features(self, index: Tensor, mirrored: Tensor | None = None) -> Tensor:
        """What goes over the cut: `(B, …)`, on the model's device, without gradients.

        `mirrored`, bool `(B,)`, says which images are wanted as their mirror image. Raises ValueError if this boundary
        has one view only.
        """
        if mirrored is not None and self.views == 1:
            raise ValueError("This boundary keeps the images as they are. Type Boundary(model, images, views=2).")
        if self._watched.changed():
            self._open()
        rows = index if mirrored is None else index + mirrored * len(self.images)
        if self.kept.where != "nowhere" and not self.kept.is_full:
            missing = rows[~self.kept.present[rows]].unique()
            if len(missing):
                computed = self._topped_up(missing)
                for part in computed.tensor_split(self._pieces(len(computed))):
                    self.kept.write(part, self._compute(part))
        if self.kept.where == "nowhere":  # from the start, or since the disk is full
            return self._compute(rows)
        kept = moved(self.kept.read(rows), next(self.model.parameters()).device)
        # The back must get the strides that the front itself gives: others choose other kernels, and other bits.
        return kept.contiguous(memory_format=self.kept.memory_format)

    def predict(self, index: Tensor | None = None, batch_size: int = 250) -> Tensor:
        """The answers `(N, num_classes)` for all images, or those at `index`, in eval mode, on the CPU."""
        index = torch.arange(len(self.images)) if index is None else index
        device = str(next(self.model.parameters()).device)
        with evaluating(self.model), torch.no_grad():
            answers = in_parts(self, index, batch_size, device)
        return torch.cat(answers).float().cpu()

    def judge(self, labels: Tensor, index: Tensor | None = None, batch_size: int = 32) -> Judged:
        """Accuracy and loss under `labels`, those of all examples, batch by batch: the logits are never kept."""
        index = torch.arange(len(self.images)) if index is None else index
        device = str(next(self.model.parameters()).device)
        with evaluating(self.model), torch.no_grad():
            return judged(in_parts(lambda part: summed(self(part), labels[part]), index, batch_size, device))

    def check(self) -> bool:
        """Whether the entries still belong to the front's weights; if not, they are forgotten and made anew.

        Ordinary changes are noticed by themselves. Call this once an epoch to notice those that torch does not count,
        such as writing through `parameter.data`.
        """
        if self._watched.changed():
            self._open()
            return False
        if self._watched.checksum() == self._checksum:
            return True
        if self._store is not None and self._name is not None:
            self._store.drop(self._name)  # nobody knows which of these were computed after the change
        self._open()
        return False

    def _open(self) -> None:
        """Find the entries that belong to the front as it is now, or begin new ones."""
        self._watched = Watched(self.front)
        self._checksum = self._watched.checksum()
        self._name = self._identity() if self._store is not None else None
        if self._store is None or self._name is None:
            self.kept = self._begin(memory_budget() if self._budget is None else self._budget)
        else:
            self.kept = self._store.rows(self._name, self._begin)

    def _identity(self) -> str | None:
        """A name for everything that a kept feature depends on; None where something has no name."""
        forward = front_identity(self.front)
        if forward is None:
            return None
        weight, card = next(self.model.parameters()), card_of(self.model)
        kind = weight.device.type
        precision = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        how = (weight.device, precision, memory_format(self.model), card and (card.mean, card.std), self.views)
        return f"{forward} {fingerprint(self._watched.tensors)} {image_identity(self.images)} {how}"

    def _begin(self, budget: int) -> KeptRows:
        """Room for all rows; one image that is computed here tells their shape."""
        # Its value is not kept: a batch of one might not give the bits of a larger one.
        example = self._compute(torch.zeros(1, dtype=torch.long))
        self.images_computed -= 1
        last = example.ndim == 4 and example.is_contiguous(memory_format=torch.channels_last)
        rows = KeptRows(self.views * len(self.images), tuple(example.shape[1:]), example.dtype, budget, self._folder)
        rows.memory_format = torch.channels_last if last else torch.contiguous_format
        return rows

    def _topped_up(self, rows: Tensor) -> Tensor:
        """At least `SMALLEST_BATCH` rows: these, then others that are still to be computed, then these once more.

        Processors take other kernels for the smallest batches, and other kernels round differently. What is kept of an
        image must not depend on which others were asked for with it: a resumed run asks in another order.
        """
        short = SMALLEST_BATCH - len(rows)
        if short <= 0:
            return rows
        absent = ~self.kept.present
        absent[rows] = False
        others = absent.nonzero().flatten()[:short]
        again = rows[torch.arange(short - len(others)) % len(rows)]
        return torch.cat([rows, others, again])

    def _pieces(self, number: int) -> int:
        """In how many equal parts rows go through the front: texts in 32 to 64 at once, since their layers are wide."""
        return -(-number // (2 * SMALLEST_BATCH)) if self._pixels.dtype == torch.int64 else 1

    def _compute(self, rows: Tensor) -> Tensor:
        index, mirrored = rows % len(self.images), rows >= len(self.images)
        x = model_input(self.model, rows_of(self._pixels, index))  # (B, 3, H, W)
        if mirrored.any():
            x = torch.where(mirrored.to(x.device).view(-1, 1, 1, 1), x.flip(-1), x)
            x = laid_out(self.model, x)
        self.images_computed += len(rows.unique())
        with torch.no_grad():
            return self.front(x)


def cut_at_freeze_line(model: nn.Module) -> tuple[Half, Half, str]:
    """The frozen front, the back, and the name of the back's first stage.

    >>> front, back, stage = cut_at_freeze_line(model)

    Raises ValueError where nothing is frozen, or no cut lies in front of the freeze line.
    """
    found = stages(model)
    line = 0
    for part in parts_of(model, found):
        keepers = [module.__dict__.get("train") for module in part.modules]
        asleep = all(isinstance(keeper, StaysInEval) and keeper.bn != "train" for keeper in keepers)
        if part.stage.is_head or not asleep or not part.is_frozen():
            break
        line += 1
    if line == 0:
        raise ValueError(
            f"The first stage, '{found[0].name}', is not frozen (or its BatchNorm trains): there is nothing to keep. "
            "Type freeze(model) or freeze_to(model, stage) first."
        )
    while line > 1:
        try:
            return *halves(model, line), found[line].name
        except ValueError:
            line -= 1  # more than one tensor crosses here; an earlier cut is exact too, and keeps less
    return *halves(model, 1), found[1].name
