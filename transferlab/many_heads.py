"""Many heads on one frozen backbone, trained at once: learning rates, weight decays and seeds, side by side.

    features = head_features(model, data)
    settings = [HeadSetting(lr, seed=seed) for lr in (1e-4, 1e-3, 1e-2) for seed in range(5)]
    for result in train_heads(features, settings): print(result)

What a frozen backbone makes of an image is the same for every head, so it is computed once; and K heads of one shape
are one tensor `(K, D, C)`, so that a step of all of them is one batched matrix product. Each head goes exactly the way
of the recipe `feature_extraction` with its setting: own first weights, own order of images, own mirror images. The
gradient of softmax regression is written out, since it fits on one line. Left out: heads with a hidden layer.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from transferlab.boundary import Boundary
from transferlab.data.images import Splits
from transferlab.errors import check_learning_rate
from transferlab.feeding import batches_of
from transferlab.freezing import freeze
from transferlab.heads import head_of, replace_head
from transferlab.meters import accuracy, wilson_interval
from transferlab.phases import one_cycle
from transferlab.recipes import feature_extraction

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # AdamW's, as torch has them


@dataclass(frozen=True)
class HeadSetting:
    """What tells one head from another; the defaults are those of `feature_extraction`."""

    lr: float = 3e-3
    weight_decay: float = 0.01
    seed: int = 0


@dataclass(frozen=True)
class HeadResult:
    """A trained head: `weight` `(C, D)` and `bias` `(C,)` fit into the model's own `nn.Linear`."""

    setting: HeadSetting
    accuracy: float
    interval: tuple[float, float]
    train_loss: float
    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class HeadFeatures:
    """What a frozen backbone makes of a data set, and what is needed to begin a head on it.

    `train` is `(V, N, D)`: the images, and where that is safe their mirror images; `held_out` is `(M, D)`.
    """

    model: nn.Module
    train: Tensor
    labels: Tensor
    held_out: Tensor
    held_out_labels: Tensor
    num_classes: int

    def subset(self, index: Tensor | Sequence[int]) -> "HeadFeatures":
        """Fewer training images, for a smaller budget; nothing is computed again.

        >>> features.subset(range(40))
        """
        index = torch.as_tensor(index)
        return HeadFeatures(
            self.model, self.train[:, index], self.labels[index], self.held_out, self.held_out_labels, self.num_classes
        )


def head_features(model: nn.Module, data: Splits) -> HeadFeatures:
    """One pass of a copy of the model's backbone, frozen, over all images of `data`.

        >>> features = head_features(load("bundled"), data)

    Raises:
        ValueError: the head is no linear layer on one vector an image, or the model cannot be cut in front of it.
    """
    model = copy.deepcopy(model)
    replace_head(model, data.train.num_classes)
    freeze(model)
    head = head_of(model)[1]
    views = 2 if "flip" in data.train.label_safe else 1
    train, held_out = Boundary(model, data.train, views), Boundary(model, data.held_out)
    rows = torch.arange(len(data.train))
    mirrored = [None, torch.ones(len(rows), dtype=torch.bool)][:views]
    kept = [_vectors(train, rows, which) for which in mirrored]
    if not isinstance(head, nn.Linear) or kept[0].ndim != 2 or kept[0].shape[1] != head.in_features:
        raise ValueError(
            f"{type(model).__name__}'s head is not one linear layer on one vector an image; train_heads knows no "
            "other. Train it by itself: train(model, data, 'feature_extraction')."
        )
    return HeadFeatures(
        model, torch.stack(kept), data.train.labels.cpu(), _vectors(held_out, torch.arange(len(data.held_out)), None),
        data.held_out.labels.cpu(), data.train.num_classes,
    )  # fmt: skip


def train_heads(
    features: HeadFeatures, settings: Sequence[HeadSetting], epochs: int = 20, batch_size: int = 32
) -> tuple[HeadResult, ...]:
    """Train a head for each setting, all at once, as `feature_extraction` would one by one.

        >>> best = max(train_heads(features, settings), key=lambda result: result.accuracy)

    Raises:
        ValueError: no settings, a learning rate that is none, or fewer than two images.
    """
    if not settings:
        raise ValueError("There are no settings: type train_heads(features, [HeadSetting()]).")
    feature_extraction(epochs, batch_size=batch_size)  # says what is wrong with either
    for setting in settings:
        check_learning_rate(setting.lr)
    weight, bias = _first_weights(features, settings)
    lr = torch.tensor([setting.lr for setting in settings]).view(-1, 1, 1)
    decay = torch.tensor([setting.weight_decay for setting in settings]).view(-1, 1, 1)
    generators = [Generator().manual_seed(setting.seed) for setting in settings]
    states = [_Adam(weight), _Adam(bias)]
    num_images = features.train.shape[1]
    losses = torch.zeros(len(settings))
    for epoch in range(epochs):
        orders = [torch.randperm(num_images, generator=generator) for generator in generators]
        batches = list(zip(*(batches_of(order, batch_size) for order in orders), strict=True))
        losses.zero_()
        for i, batch in enumerate(batches):
            index = torch.stack(batch)  # (K, B)
            x = features.train[_views(features, index, generators), index]  # (K, B, D)
            targets = nn.functional.one_hot(features.labels[index], features.num_classes)  # (K, B, C)
            log_p = torch.baddbmm(bias, x, weight).log_softmax(2)  # (K, B, C)
            losses -= (log_p * targets).sum((1, 2))
            slope = (log_p.exp() - targets) / index.shape[1]  # of the mean loss, by the logits
            rate = lr * one_cycle((epoch + i / len(batches)) / epochs)
            states[0].step(weight, x.mT @ slope, rate, decay)
            states[1].step(bias, slope.sum(1, keepdim=True), rate, torch.zeros(()))
    return tuple(_result(features, *one) for one in zip(settings, weight, bias[:, 0], losses / num_images, strict=True))


class _Adam:
    """AdamW's averages for one tensor `(K, …)`, each of its K parts with a learning rate of its own."""

    def __init__(self, parameter: Tensor) -> None:
        self.mean, self.square, self.steps = torch.zeros_like(parameter), torch.zeros_like(parameter), 0

    def step(self, parameter: Tensor, gradient: Tensor, lr: Tensor, decay: Tensor) -> None:
        """Loshchilov & Hutter (2019), algorithm 2, in place."""
        self.steps += 1
        self.mean.lerp_(gradient, 1 - BETA1)
        self.square.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        spread = (self.square / (1 - BETA2**self.steps)).sqrt_().add_(EPSILON)
        parameter.mul_(1 - lr * decay).sub_(lr / (1 - BETA1**self.steps) * self.mean / spread)


def _first_weights(features: HeadFeatures, settings: Sequence[HeadSetting]) -> tuple[Tensor, Tensor]:
    """The heads as `replace_head` begins them: `(K, D, C)` and `(K, 1, C)`."""
    weights, biases = [], []
    for setting in settings:
        replace_head(features.model, features.num_classes, seed=setting.seed)
        head = head_of(features.model)[1]
        assert isinstance(head, nn.Linear)
        weights.append(head.weight.detach().cpu().T)
        biases.append(head.bias.detach().cpu()[None])
    return torch.stack(weights).contiguous(), torch.stack(biases).contiguous()


def _views(features: HeadFeatures, index: Tensor, generators: list[Generator]) -> Tensor:
    """Which images of each head's batch are mirrored, `(K, B)`: drawn as training one head draws them."""
    if len(features.train) == 1:
        return torch.zeros_like(index)
    return torch.stack([(torch.rand(index.shape[1], generator=one) < 0.5).long() for one in generators])


def _vectors(boundary: Boundary, rows: Tensor, mirrored: Tensor | None) -> Tensor:
    parts = [boundary.features(part, None if mirrored is None else mirrored[part]) for part in rows.split(250)]
    return torch.cat(parts).float().cpu()


def _result(features: HeadFeatures, setting: HeadSetting, weight: Tensor, bias: Tensor, loss: Tensor) -> HeadResult:
    found = accuracy(features.held_out @ weight + bias, features.held_out_labels)
    interval = wilson_interval(found, len(features.held_out_labels))
    return HeadResult(setting, found, interval, loss.item(), weight.T.clone(), bias.clone())
