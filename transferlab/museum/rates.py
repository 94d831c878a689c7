"""Two exhibits about learning rates: one a hundred times too high, and one that was written where nobody reads it.

The loops are written out twice each, broken and repaired, because they are there to be read.
"""

# mypy: disable-error-code="union-attr, arg-type"
# The stages of a model that `load` brought are Modules for mypy, whatever they are.

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, AdamW

from transferlab.backbones.loading import load
from transferlab.backbones.preprocessing import normalise
from transferlab.data.images import Splits
from transferlab.museum.exhibit import Exhibit, Trained
from transferlab.museum.usual import loaders, share_right


def rate_for_a_new_network(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.parameters(), lr=5e-2)
    losses = []
    for _ in range(4):
        model.train()
        for x, y in loader:
            loss = F.cross_entropy(model(normalise(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(normalise(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


def rate_for_a_pretrained_network(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.parameters(), lr=5e-4)
    losses = []
    for _ in range(4):
        model.train()
        for x, y in loader:
            loss = F.cross_entropy(model(normalise(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(normalise(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


def scale_that_nobody_reads(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    stages = [model.conv1, model.bn1, model.layer1, model.layer2, model.layer3, model.layer4, model.fc]
    scales = [
        0.5 ** (len(stages) - 1 - i) for i in range(len(stages))
    ]  # layer decay: half the rate a stage further down
    groups = [{"params": stage.parameters(), "lr_scale": scale} for stage, scale in zip(stages, scales, strict=True)]
    optimizer = AdamW(groups, lr=1e-3)
    losses = []
    for _ in range(4):
        model.eval()  # BatchNorm keeps what it knows: 16 images make worse statistics
        for x, y in loader:
            loss = F.cross_entropy(model(normalise(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(normalise(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


def scale_in_the_rate(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    stages = [model.conv1, model.bn1, model.layer1, model.layer2, model.layer3, model.layer4, model.fc]
    scales = [
        0.5 ** (len(stages) - 1 - i) for i in range(len(stages))
    ]  # layer decay: half the rate a stage further down
    groups = [{"params": stage.parameters(), "lr_scale": scale} for stage, scale in zip(stages, scales, strict=True)]
    optimizer = AdamW(groups, lr=1e-3)
    for group in optimizer.param_groups:
        group["lr"] *= group["lr_scale"]
    losses = []
    for _ in range(4):
        model.eval()  # BatchNorm keeps what it knows: 16 images make worse statistics
        for x, y in loader:
            loss = F.cross_entropy(model(normalise(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(normalise(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


RATE_TOO_HIGH = Exhibit(
    name="rate_too_high",
    title="A hundred times too fast",
    what_you_see=(
        "The loss jumps up in the first steps, then comes down like that of a network trained from scratch, and ends "
        "about there."
    ),
    why=(
        "Adam moves every weight by about the learning rate a step. At this one the first few steps move the "
        "pretrained weights by more than their own size: what was to be transferred is gone before the head has learnt."
    ),
    source="Howard & Ruder (2018); the Keras guide to transfer learning: 'critical to use a very low learning rate'.",
    broken_loop=rate_for_a_new_network,
    repaired_loop=rate_for_a_pretrained_network,
)

LR_SCALE_IGNORED = Exhibit(
    name="lr_scale_ignored",
    title="A decay that does not decay",
    what_you_see="Layer decay at 0.5, at 0.9 or at none gives the same curve to the last digit.",
    why=(
        "lr_scale is a note to a scheduler that multiplies it in. A plain torch loop has none, torch's optimizers read "
        "lr alone, and so the stem learns as fast as the head."
    ),
    source="huggingface/pytorch-image-models#2532; such groups come from timm's layer_decay and MAE's lr_decay.py.",
    broken_loop=scale_that_nobody_reads,
    repaired_loop=scale_in_the_rate,
)
