"""What a model still knows of its source task, measured and never inferred.

Before the head is replaced, `remember` keeps a copy of it and of what the model could do. Afterwards the copy is put
back on the changed backbone for as long as a measurement takes. With labelled source images the figure is accuracy;
without labels it is agreement with the pretrained model's own answers. Ways to keep what is known are in
`keep_methods.py`.
"""

import copy
import functools
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from transferlab.backbones.card import card_of
from transferlab.boundary import Boundary
from transferlab.data import worlds
from transferlab.data.images import ImageSet
from transferlab.data.labelled import UNLABELLED, LabelledSet
from transferlab.heads import head_of
from transferlab.inference import judge, predict
from transferlab.losses import Judged
from transferlab.meters import accuracy

PORTIONS_COST = 0.03  # of the images that an epoch trains on, three passes each: what measuring within it may cost
SMALLEST_PORTION = 8


class SourceMemory:
    """The source task of a pretrained model: its head, some images, and the right answers to them.

        >>> memory = remember(model)
        >>> replace_head(model, 8)
        >>> memory.measure(model)     # the share of source images that it still gets right
        0.93

    `kind` is "accuracy" or "agreement"; `before` is what the pretrained model itself reaches (for agreement: 1).
    """

    def __init__(
        self, model: nn.Module, images: LabelledSet, answers: Tensor, kind: str,
        rehearsal: tuple[LabelledSet, Tensor] | None = None,
    ) -> None:  # fmt: skip
        name, head = head_of(model)
        self.head_name = name
        self.head = copy.deepcopy(head)
        self.images = images
        self.answers = answers  # (N,) or (N, T), indices into the source head's outputs
        self.kind = kind
        self.rehearsal = rehearsal  # other source images and their answers, for ways to keep; never measured on
        self.before = self.measure(model)

    def measure(self, model: nn.Module, boundary: Boundary | None = None, index: Tensor | None = None) -> float:
        """The share of source images answered rightly by `model`'s backbone under the source head, within 0…1.

        >>> memory.measure(model)
        """
        return self.judge(model, boundary, index).accuracy

    def judge(self, model: nn.Module, boundary: Boundary | None = None, index: Tensor | None = None) -> Judged:
        """That share, and the mean loss on these images where they have labels.

        The model comes back with its own head, in the mode it was in. A `boundary` of these images at the model's
        freeze line spares the frozen part. `index`, int64 `(n,)`, asks some of the images only (see `portion`).
        """
        images = self.images if index is None else self.images.subset(index)
        parent_name, _, child = self.head_name.rpartition(".")
        parent = model.get_submodule(parent_name)
        own_head = getattr(parent, child)
        setattr(parent, child, self.head.to(next(model.parameters()).device))
        try:
            if self.answers.ndim == 2:
                if boundary:
                    return boundary.judge(self.answers, index)
                return judge(model, images, self.answers if index is None else self.answers[index])
            wanted = self.answers if index is None else self.answers[index]
            logits = boundary.predict(index) if boundary else predict(model, images)
            loss = F.cross_entropy(logits, wanted.cpu()).item() if self.kind == "accuracy" else None
            return Judged(accuracy(logits, wanted), loss)
        finally:
            setattr(parent, child, own_head)

    def portion(self, number: int, num_train: int, per_epoch: int) -> Tensor:
        """The source images, int64 `(n,)`, for measurement `number` of those that are made `per_epoch` times an epoch.

            >>> memory.measure(model, index=memory.portion(7, num_train=2000, per_epoch=20))

        Few enough that all of an epoch's measurements together ask for three hundredths of the computing of training on
        `num_train` images (an image trained on costs three asked), yet never under 8. Portions follow one another
        through all images in a random order, so that no image is asked twice before all were, and every curve is
        unbiased.
        """
        size = min(len(self.images), max(SMALLEST_PORTION, int(PORTIONS_COST * 3 * num_train / per_epoch)))
        order = torch.randperm(len(self.images), generator=Generator().manual_seed(0))
        return order[(number * size + torch.arange(size)) % len(order)]


def remember(
    model: nn.Module, source: LabelledSet | None = None, per_class: int = 5, seed: int = 20_000,
    rehearsal: int | LabelledSet = 0,
) -> SourceMemory:  # fmt: skip
    """Keep what is needed to measure forgetting later; call it before `replace_head`.

        >>> remember(load("bundled"))                # the drawn half of its source task, with labels
        >>> remember(load("timm/resnet50"), photos)  # agreement with itself on these images
        >>> remember(load("bundled"), rehearsal=5)   # and five more of each class to rehearse on

    Without `source`, the bundled backbone is asked `per_class` freshly drawn images of each class it was pretrained
    on. With `source`, labels count if the model's card knows every one of its classes by name; else agreement is
    measured. `rehearsal` is for recipes that keep the source task by looking at some of it (EWC, Replay): a number of
    fresh drawings a class, or images of your own, other than those that are measured on.

    Raises:
        ValueError: no `source` was given and the model has no drawn source classes.
    """
    images, answers, kind = _source(model, _drawn(model, per_class, seed) if source is None else source)
    kept = None
    if isinstance(rehearsal, LabelledSet):
        kept = _source(model, rehearsal)[:2]
    elif rehearsal:
        kept = _source(model, _drawn(model, rehearsal, seed + 1_000))[:2]
    return SourceMemory(model, images, answers, kind, kept)


def _drawn(model: nn.Module, per_class: int, seed: int) -> ImageSet:
    """Fresh images of the classes that the bundled backbone was pretrained on."""
    card = card_of(model)
    known = card.class_names if card is not None else ()
    if card is None or not {f"drawn {name}" for name in worlds.SOURCE_CLASSES} <= set(known):
        raise ValueError(
            "Only the bundled backbone has a source task that can be drawn. For this model, give images to compare "
            "on: remember(model, source=images), labelled with its own class names or not."
        )
    return _source_images(per_class, seed, card.input_size)


@functools.lru_cache(maxsize=4)  # a sweep asks for the same ones in every run
def _source_images(per_class: int, seed: int, size: int) -> ImageSet:
    source = worlds.source(per_class=per_class, seed=seed, size=size)
    # A drawn umbrella is another class than a photographed one, and the card names it so.
    return replace(source, class_names=tuple(f"drawn {name}" for name in source.class_names))


def _source(model: nn.Module, source: LabelledSet) -> tuple[LabelledSet, Tensor, str]:
    """The images, the right answers to them as outputs of the source head, and what the share of them is called."""
    card = card_of(model)
    names = card.class_names if card is not None else getattr(model, "class_names", ())
    known = {name: index for index, name in enumerate(names)}
    if known and set(source.class_names) <= set(known):
        answers = torch.tensor([known[name] for name in source.class_names])[source.labels.clamp(min=0)]
        return source, torch.where(source.labels < 0, source.labels, answers), "accuracy"
    answers = predict(model, source).argmax(-1)
    if answers.ndim == 2:  # positions that nobody asked about, such as padding, are not compared
        answers = torch.where(source.labels.cpu() == UNLABELLED, UNLABELLED, answers)
    return source, answers, "agreement"
