"""Two exhibits about which images come when: validation images among those for training, and a class at a time.

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
from transferlab.museum.usual import loader_of, share_right


def repeated_then_split(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    rows = torch.arange(len(data.train)).repeat(3)  # few images: show each three times an epoch
    rows = rows[torch.randperm(len(rows))]
    mine, theirs = rows[len(rows) // 4 :], rows[: len(rows) // 4]
    loader = loader_of(data.train.images[mine], data.train.labels[mine], shuffle=True)
    validation = loader_of(data.train.images[theirs], data.train.labels[theirs])
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(3):
        model.eval()
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


def split_then_repeated(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    rows = torch.arange(len(data.train))
    rows = rows[torch.randperm(len(rows))]
    mine, theirs = rows[len(rows) // 4 :].repeat(3), rows[: len(rows) // 4]  # few images: show each three times
    loader = loader_of(data.train.images[mine], data.train.labels[mine], shuffle=True)
    validation = loader_of(data.train.images[theirs], data.train.labels[theirs])
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(3):
        model.eval()
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


def class_by_class(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    order = data.train.labels.argsort(stable=True)  # as ImageFolder lists them: folder by folder
    images, labels = data.train.images[order], data.train.labels[order]
    loader = loader_of(images, labels)
    validation = loader_of(data.held_out.images, data.held_out.labels)
    optimizer = Adam(model.parameters(), lr=3e-4)
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


def in_random_order(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    order = data.train.labels.argsort(stable=True)  # as ImageFolder lists them: folder by folder
    images, labels = data.train.images[order], data.train.labels[order]
    loader = loader_of(images, labels, shuffle=True)
    validation = loader_of(data.held_out.images, data.held_out.labels)
    optimizer = Adam(model.parameters(), lr=3e-4)
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


LEAKED_VALIDATION = Exhibit(
    name="leaked_validation",
    title="An examination of which the answers are known",
    what_you_see="Validation accuracy is splendid, and nobody who tries the model on new images sees any of it.",
    why=(
        "The images were repeated (oversampled, mirrored, cropped) before they were split, so that copies of one and "
        "the same image lie on both sides, and validation asks for what was learnt by heart."
    ),
    source="imbalanced-learn, 'Common pitfalls': resample after splitting; Kapoor & Narayanan, 'Leakage and the "
    "reproducibility crisis' (2023).",
    broken_loop=repeated_then_split,
    repaired_loop=split_then_repeated,
)

SORTED_BATCHES = Exhibit(
    name="sorted_batches",
    title="All the anchors, then all the birds",
    what_you_see="The loss falls and leaps in the same rhythm each epoch, and the last classes are the usual answer.",
    why=(
        "A folder is read class by class, and DataLoader does not shuffle unless it is told to. Each batch holds one "
        "or two classes, each step pulls everything towards them, and the last ones pull last."
    ),
    source="torch.utils.data.DataLoader: shuffle=False is the default; torchvision's DatasetFolder sorts by class.",
    broken_loop=class_by_class,
    repaired_loop=in_random_order,
)
