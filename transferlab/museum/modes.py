"""Two exhibits about modes: what `requires_grad=False` does not freeze, and what evaluation does without `eval()`.

The loops are written out twice each, broken and repaired, because they are there to be read.
"""

# mypy: disable-error-code="union-attr, arg-type"
# The stages of a model that `load` brought are Modules for mypy, whatever they are.

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from transferlab.backbones.loading import load
from transferlab.backbones.preprocessing import normalise
from transferlab.data.images import Splits
from transferlab.museum.exhibit import Exhibit, Trained
from transferlab.museum.usual import loaders, share_right


def frozen_in_train_mode(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
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


def frozen_in_eval_mode(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
        model.eval()  # what is frozen stays in eval mode; the head, a linear layer, knows no modes
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


def answered_in_train_mode(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Sequential(nn.Dropout(0.3), nn.Linear(model.fc.in_features, data.train.num_classes))
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
        with torch.no_grad():
            return model(normalise(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


def answered_in_eval_mode(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Sequential(nn.Dropout(0.3), nn.Linear(model.fc.in_features, data.train.num_classes))
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


STATISTICS_DRIFT = Exhibit(
    name="statistics_drift",
    title="The frozen backbone that moved",
    what_you_see=(
        "Training goes well. Yet the backbone, all of it frozen, no longer gives the features that it gave before: "
        "saved features do not match, and the pretrained head put back on it answers worse."
    ),
    why=(
        "requires_grad=False stops gradients and nothing else. In train mode BatchNorm goes on replacing its running "
        "mean and variance by those of your few batches, and evaluation uses the replaced ones."
    ),
    source="torch.nn.BatchNorm2d, track_running_stats; the Keras guide to transfer learning warns of it in bold.",
    broken_loop=frozen_in_train_mode,
    repaired_loop=frozen_in_eval_mode,
)

EVAL_FORGOTTEN = Exhibit(
    name="eval_forgotten",
    title="The same photograph, another answer",
    what_you_see=(
        "The figure reported changes each time it is counted and with the batch size, and a single image gets "
        "another answer than the same image among others."
    ),
    why=(
        "Without model.eval() dropout still drops, and BatchNorm normalises each image by whatever else is in its "
        "batch. no_grad() does not change that; worse, the validation images enter the running statistics."
    ),
    source="torch.nn.Module.eval; PyTorch's tutorial on saving and loading models: 'you must call model.eval()'.",
    broken_loop=answered_in_train_mode,
    repaired_loop=answered_in_eval_mode,
)
