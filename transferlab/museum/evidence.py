"""What there is to go by: what was given to the doctor, and what it works out from that once, when it is asked for.

Every symptom reads from here and from nowhere else. Nothing given is changed (see `untouched`).
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from transferlab.backbones.card import card_of
from transferlab.backbones.loading import load
from transferlab.backbones.preprocessing import normalise
from transferlab.data.images import ImageSet, Splits
from transferlab.heads import heads_of
from transferlab.inference import evaluating
from transferlab.layer_probes import pooled, ridge
from transferlab.museum.asking import Asked, ask
from transferlab.museum.fed import LOOKED_AT, Fed, read
from transferlab.museum.untouched import theirs, untouched
from transferlab.records import Run

AT_ONCE = 60  # images that go through the model together
MIXED = 5  # times that labels are mixed up to see what guessing gets
ASKED = 64  # held-out images that predict is asked about: a difference between two calls shows in the first few


@dataclass(eq=False)
class Evidence:
    """Everything but `data` may be None. `before` is the state before training; see `doctor` for the rest."""

    data: Splits
    model: nn.Module | None = None
    run: Run | None = None
    before: Mapping[str, Tensor] | None = None
    optimizer: Optimizer | None = None
    losses: Sequence[float] | None = None
    reported: float | None = None
    predict: Callable[[Tensor], Tensor] | None = None
    loader: DataLoader | None = None
    validation: DataLoader | None = None

    @property
    def num_classes(self) -> int:
        return self.data.train.num_classes

    @cached_property
    def head_names(self) -> tuple[str, ...]:
        """The names of the head's parameters; none where the model has no head that can be found."""
        if self.model is None:
            return ()
        try:
            heads = tuple(f"{name}." for name in heads_of(self.model))
        except ValueError:
            return ()
        return tuple(name for name, _ in self.model.named_parameters() if name.startswith(heads))

    @cached_property
    def start(self) -> Mapping[str, Tensor] | None:
        """The state before training as it was given, else the backbone's as its card can bring it back."""
        card = card_of(self.model) if self.model is not None else None
        own = self.model.state_dict() if self.model is not None else {}
        state: Mapping[str, Tensor] = {}
        if self.before is not None:
            state = self.before
        elif card is not None and card.pretrained:
            try:
                with untouched(self.model):  # a network is made of random numbers first
                    loaded = load(card.name).state_dict()
            except ValueError:
                return None  # no such weights on this machine
            state = {n: value for n, value in loaded.items() if n not in self.head_names}
        return {n: value for n, value in state.items() if n in own and own[n].shape == value.shape} or None

    def stood_still(self, name: str, value: Tensor) -> bool:
        """Whether a parameter or buffer is bit for bit what it was before training."""
        return self.start is not None and name in self.start and torch.equal(value.cpu(), self.start[name].cpu())

    @cached_property
    def asked(self) -> ImageSet:
        """The held-out images that questions are asked about."""
        held_out = self.data.held_out
        order = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(0))
        return held_out.subset(order[:ASKED].sort().values)

    def ask(self, *questions: Tensor) -> list[Asked]:
        """The author's answers, call by call, to uint8 images `(N, 3, H, W)`."""
        assert self.predict is not None
        with untouched(self.model):
            return [ask(self.model, self.predict, images) for images in questions]

    @cached_property
    def twice(self) -> tuple[Asked, Asked]:
        """The same images asked twice."""
        first, second = self.ask(self.asked.images, self.asked.images)
        return first, second

    def answers(self, images: ImageSet, train_mode: bool = False) -> Tensor:
        """What the model itself says to images as its card wants them, `(N, classes)`; in eval mode unless told so."""
        assert self.model is not None
        with untouched(self.model), torch.no_grad(), theirs("The model"):
            self.model.train(train_mode)
            parts = [self.model(self.as_input(part)).float().cpu() for part in images.images.split(AT_ONCE)]
        return torch.cat(parts)

    def as_input(self, images: Tensor) -> Tensor:
        """Images for the model: uint8 is normalised as the card says, floats are taken to be so already."""
        assert self.model is not None
        x = normalise(images, card_of(self.model)) if images.dtype == torch.uint8 else images.float()
        return x.to(next(self.model.parameters()).device)

    @cached_property
    def fed(self) -> Fed:
        """What the training loader gives."""
        assert self.loader is not None
        with untouched(self.model, self.loader):
            fed = read(self.loader)
        labels = torch.cat(fed.batches)
        if labels.min() < 0 or labels.max() >= self.num_classes:
            raise ValueError(
                f"Your loader gives labels from {labels.min()} to {labels.max()}, and the data have {self.num_classes} "
                "classes, counted from 0."
            )
        return fed

    @cached_property
    def judged(self) -> Fed:
        """What the validation loader gives."""
        assert self.validation is not None
        with untouched(self.model, self.validation):
            return read(self.validation)

    @cached_property
    def pretrained(self) -> nn.Module:
        """The model with its backbone as it was before training, where that is known."""
        model = copy.deepcopy(self.model)
        assert model is not None
        if self.start is not None:
            model.load_state_dict({**model.state_dict(), **self.start})
        return model

    def told_apart(self, model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
        """How well a linear probe tells the labels apart by this model's features, and the same labels mixed up.

        Both are leave-one-out accuracies, 0…1, on at most 240 images, spread over all that there are.
        """
        rows = torch.linspace(0, len(images) - 1, min(LOOKED_AT, len(images))).long().unique()
        features, labels = features_of(model, self.as_input(images[rows])), labels[rows].cpu()
        spread = features.std(0, correction=0)
        centred = (features - features.mean(0)) / torch.where(spread > 1e-8, spread, 1.0)
        generator = torch.Generator().manual_seed(0)
        orders = [torch.randperm(len(labels), generator=generator) for _ in range(MIXED)]
        found = [ridge(centred, part, self.num_classes)[1] for part in (labels, *(labels[order] for order in orders))]
        return found[0], sum(found[1:]) / MIXED


def features_of(model: nn.Module, x: Tensor) -> Tensor:
    """What reaches the head for a batch `(B, 3, H, W)`, as vectors `(B, C)` in double precision; in eval mode.

        >>> features_of(load("bundled"), x).shape
        torch.Size([32, 256])

    Raises:
        ValueError: the model has no head that can be found.
    """
    caught: list[Tensor] = []
    head = next(iter(heads_of(model).values()))
    handle = head.register_forward_pre_hook(lambda _, given: caught.append(given[0].detach()))
    try:
        with evaluating(model), torch.no_grad(), theirs("The model"):
            for part in x.split(AT_ONCE):
                model(part)
    finally:
        handle.remove()
    return torch.cat([pooled(features) for features in caught]).double().cpu()
