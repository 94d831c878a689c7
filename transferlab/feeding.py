"""What a phase of training asks of model and data: answers for a batch of training images, and for the held-out ones.

What is frozen runs once for each image. Held-out and source images are never augmented, so that their features are kept
at whatever freeze line there is. So are those of training images and of their mirror images, and what is thawed trains
on them: a phase costs one pass of the frozen part, however many epochs it takes. Random crops have no end of views and
are left out there; they are for phases that train everything.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from transferlab.boundary import Boundary
from transferlab.data.augment import resized_crop_and_flip
from transferlab.data.labelled import LabelledSet, Splits
from transferlab.data.read_ahead import read_ahead
from transferlab.forgetting import SourceMemory
from transferlab.inference import judge, laid_out, model_input, predict
from transferlab.kept_store import kept
from transferlab.losses import Judged
from transferlab.many_processes import ALONE, Processes
from transferlab.meters import accuracy
from transferlab.resident import DeviceCopies, rows_of

Answering = Callable[[Tensor], Any]  # a model or its back half: logits, or a named tuple that holds them


class Feed:
    """Where the answers of one phase come from, at the model's present freeze line.

        >>> feed = Feed(model, data, memory, keep=True, only_the_head_trains=True)
        >>> feed.kept_at
        'fc'

    `keep=False` keeps nothing; `keep_training=False` lets training images go through the whole model each time, for
    those who look at them there. `kept_at` is the first stage behind what is kept of the training images, None where
    they go through the whole model. `copies` are the run's own on its device (see resident), and `quicken` may put a
    quicker function of the same tensors in place of the one that answers training images (see compiled). Each of
    several `processes` keeps the features of the images that it was asked for, and none where one of them cannot.
    """

    def __init__(
        self, model: nn.Module, data: Splits, memory: SourceMemory | None, keep: bool, only_the_head_trains: bool,
        keep_training: bool = True, copies: DeviceCopies | None = None,
        quicken: Callable[[Answering], Answering] = lambda answering: answering, processes: Processes = ALONE,
    ) -> None:  # fmt: skip
        self.model, self.data = model, data
        self.near = Splits(copies.of(data.train), copies.of(data.held_out)) if copies else data
        self.memory = _on_device(memory, copies) if memory and copies else memory
        self.mirrors = "flip" in data.train.label_safe
        views = 2 if self.mirrors else 1
        wanted = keep and (keep_training or only_the_head_trains)
        self.training = self.testing = self.remembering = None
        if wanted:
            training = boundary(model, data.train, views, in_file=only_the_head_trains, copies=copies)
            self.training = training if processes.all(training is not None) else None
        if keep:
            self.testing = boundary(model, data.held_out, in_file=False, like=self.training, copies=copies)
        like = self.training or self.testing
        if keep and memory:
            self.remembering = boundary(model, memory.images, in_file=False, like=like, copies=copies)
        self.kept_at = self.training.stage if self.training else None
        self._plain: Answering = self.training.back if self.training else model
        self._answer = quicken(self._plain)
        self._coming: Iterator[tuple[Tensor, Tensor]] | None = None

    def expect(self, batches: Sequence[Tensor]) -> None:
        """Say which batches will be asked for next: pixels that lie in a file are then read ahead."""
        device = str(next(self.model.parameters()).device)
        pixels = None if self.training else read_ahead(self.near.train, batches, device)
        self._coming = None if pixels is None else zip(batches, pixels, strict=False)

    def train(self, index: Tensor, generator: Generator, rows: slice = slice(None)) -> Tensor:
        """The answers `(B, num_classes)` for augmented training images at `index`, in the model's present mode.

        Of several processes each asks for some `rows` of the batch. All augment the whole of it, so that they draw the
        same: beside the model's own work that is little.
        """
        if self.training:
            mirrored = torch.rand(len(index), generator=generator) < 0.5 if self.mirrors else None
            mirrored = mirrored[rows] if mirrored is not None else None
            return self._answer(self.training.features(index[rows], mirrored))
        x = augment(model_input(self.model, self._pixels(index)), self.data.train.label_safe, generator)
        return _logits(self._answer(laid_out(self.model, x[rows])))

    def answer_plainly(self) -> None:
        """Without what `quicken` made of the model, for a batch that goes through in parts.

        CUDA graphs have memory of their own, and their next run writes over the gradients of the last.
        """
        self._answer = self._plain

    def _pixels(self, index: Tensor) -> Tensor:
        if self._coming is not None:
            expected, pixels = next(self._coming, (index[:0], index))
            if torch.equal(expected, index):
                return pixels
            self._coming = None  # other images are wanted: a batch goes through in parts
        return rows_of(self.near.train.rows, index)

    def held_out(self) -> Tensor:
        """The answers `(N, num_classes)` for the held-out images, in eval mode, on the CPU."""
        return self.testing.predict() if self.testing else predict(self.model, self.near.held_out)

    def judged(self) -> Judged:
        """Accuracy and loss on the held-out examples, in eval mode."""
        labels = self.data.held_out.labels
        if self.data.held_out.by_position:
            return self.testing.judge(labels) if self.testing else judge(self.model, self.near.held_out)
        logits = self.held_out()
        return Judged(accuracy(logits, labels), F.cross_entropy(logits, labels.cpu()).item())

    def source(self, index: Tensor | None = None) -> Judged | None:
        """What is left of the source task, asked of all its images or those at `index`; None without a memory of it."""
        return self.memory.judge(self.model, self.remembering, index) if self.memory else None

    def check(self) -> None:
        """Once an epoch: whether the frozen weights are still those that everything kept was computed with."""
        boundaries = [one for one in (self.training, self.testing, self.remembering) if one]
        if boundaries and not boundaries[0].check():  # all have the same front
            for one in boundaries[1:]:
                one.check()


def boundary(
    model: nn.Module, images: LabelledSet, views: int = 1, in_file: bool = True, like: Boundary | None = None,
    copies: DeviceCopies | None = None,
) -> Boundary | None:  # fmt: skip
    """The images at the model's freeze line; None where nothing is frozen or the model cannot be cut there.

        >>> boundary(model, data.held_out)

    What does not fit in memory goes to a file, or with `in_file=False` is not kept: low in a network features are
    larger than their image, and reading them takes longer than computing them anew.
    """
    try:
        # Named after the caller's own images, which need not come back from the device for that.
        pixels = copies.of(images).rows if copies else None
        found = Boundary(model, images, views, store=kept, like=like, pixels=pixels)
    except ValueError:  # slower without, and the same answers
        return None
    return found if in_file or found.kept.where == "memory" else None


def batches_of(order: Tensor, batch_size: int) -> list[Tensor]:
    """The positions in `order`, int64 `(N,)`, cut into batches.

        >>> [len(batch) for batch in batches_of(torch.randperm(65), 32)]
        [32, 33]

    A last batch of one image joins the one before it: BatchNorm cannot normalise a single value.
    """
    batches = list(order.split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        last = batches.pop()
        batches[-1] = torch.cat([batches[-1], last])
    return batches


def augment(x: Tensor, label_safe: tuple[str, ...], generator: Generator) -> Tensor:
    """Those random changes of a batch `(B, 3, H, W)` that leave its labels true.

        >>> augment(x, ("crop", "flip"), generator)

    Mirroring an arrow changes which way it points, so a set says itself what is safe (`ImageSet.label_safe`).
    """
    if not label_safe:
        return x
    scale = (0.6, 1.0) if "crop" in label_safe else (1.0, 1.0)
    ratio = (3 / 4, 4 / 3) if "crop" in label_safe else (1.0, 1.0)
    return resized_crop_and_flip(x, generator, scale=scale, ratio=ratio, flip="flip" in label_safe)


def _on_device(memory: SourceMemory, copies: DeviceCopies) -> SourceMemory:
    """The same memory, its images on the device; the caller's own stays as it is."""
    images = copies.of(memory.images)
    if images is memory.images:
        return memory
    memory = copy.copy(memory)
    memory.images = images
    return memory


def _logits(output: object) -> Tensor:
    """Inception and GoogLeNet answer with a named tuple while they train; the auxiliary heads are left out."""
    return output if isinstance(output, Tensor) else output.logits  # type: ignore[attr-defined]
