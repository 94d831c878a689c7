"""What a phase of training asks of model and data: answers for a batch of training images, and for the held-out ones.

Two ways. `Anew` runs the whole model on freshly augmented images. `Kept` is for phases whose whole backbone is frozen:
both sets go through it once, their mirror images too, and the head trains on what was kept. Random crops have no end
of views and are left out there; a head has too few parameters to need them.
"""

from typing import Protocol

import torch
from torch import Generator, Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.backbones.preprocessing import normalise
from transferlab.boundary import Boundary
from transferlab.data.augment import resized_crop_and_flip
from transferlab.data.images import Splits
from transferlab.inference import evaluating, predict

BATCH = 250  # of held-out features through the head


class Feed(Protocol):
    """Where answers come from."""

    kept_at: str | None  # the first stage behind the cut, where something is kept

    def train(self, index: Tensor, generator: Generator) -> Tensor:
        """The answers `(B, num_classes)` for augmented training images at `index`, in the model's present mode."""

    def held_out(self) -> Tensor:
        """The answers `(N, num_classes)` for the held-out images, in eval mode, on the CPU."""


class Anew:
    """The whole model, every time.

    >>> Anew(model, data).train(index, generator)
    """

    kept_at: str | None = None

    def __init__(self, model: nn.Module, data: Splits) -> None:
        self.model, self.data = model, data

    def train(self, index: Tensor, generator: Generator) -> Tensor:
        images = self.data.train
        x = normalise(images.images[index].to(next(self.model.parameters()).device), card_of(self.model))
        return _logits(self.model(augment(x, images.label_safe, generator)))

    def held_out(self) -> Tensor:
        return predict(self.model, self.data.held_out)


class Kept:
    """The frozen backbone once for each image and its mirror image, the head every time.

        >>> Kept(model, data).train(index, generator)

    Raises ValueError where the model cannot be cut in front of its head.
    """

    def __init__(self, model: nn.Module, data: Splits) -> None:
        self.model = model
        self.mirrors = "flip" in data.train.label_safe
        self.training = Boundary(model, data.train, views=2 if self.mirrors else 1)
        self.testing = Boundary(model, data.held_out)
        self.kept_at: str | None = self.training.stage
        self.num_held_out = len(data.held_out)

    def train(self, index: Tensor, generator: Generator) -> Tensor:
        mirrored = torch.rand(len(index), generator=generator) < 0.5 if self.mirrors else None
        return self.training(index, mirrored)

    def held_out(self) -> Tensor:
        if not self.training.check():  # once an epoch; it reads every weight of the front
            self.testing.check()
        with evaluating(self.model), torch.no_grad():
            answers = [self.testing(index) for index in torch.arange(self.num_held_out).split(BATCH)]
        return torch.cat(answers).float().cpu()


def feed(model: nn.Module, data: Splits, keep: bool) -> Feed:
    """`Kept` where that is asked for and the model can be cut, else `Anew`.

    >>> feed(model, data, keep=True).kept_at
    'fc'
    """
    if keep:
        try:
            return Kept(model, data)
        except ValueError:  # slower, and the same recipe
            pass
    return Anew(model, data)


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


def _logits(output: object) -> Tensor:
    """Inception and GoogLeNet answer with a named tuple while they train; the auxiliary heads are left out."""
    return output if isinstance(output, Tensor) else output.logits  # type: ignore[attr-defined]
