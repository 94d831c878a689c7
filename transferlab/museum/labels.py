"""Two exhibits about labels: permuted apart from their images, and compared with probabilities of probabilities.

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
from transferlab.museum.usual import loader_of, loaders, share_right


def shuffled_apart(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    images, labels = data.train.images, data.train.labels
    order = torch.randperm(len(images))
    images, labels = images[order], labels[torch.randperm(len(labels))]
    loader = loader_of(images, labels)
    validation = loader_of(data.held_out.images, data.held_out.labels)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
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


def shuffled_together(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    images, labels = data.train.images, data.train.labels
    order = torch.randperm(len(images))
    images, labels = images[order], labels[order]
    loader = loader_of(images, labels)
    validation = loader_of(data.held_out.images, data.held_out.labels)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
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


def softmax_before_the_loss(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Sequential(nn.Linear(model.fc.in_features, data.train.num_classes), nn.Softmax(dim=1))
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
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


def logits_for_the_loss(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Sequential(nn.Linear(model.fc.in_features, data.train.num_classes))
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
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


LABELS_SHUFFLED = Exhibit(
    name="labels_shuffled",
    title="Every caption under another picture",
    what_you_see="The training loss falls if you wait long enough, and on validation images the model is guessing.",
    why=(
        "Images and labels were each put in an order of their own. A large enough network learns any caption by heart, "
        "so training alone shows nothing."
    ),
    source="sklearn.utils.shuffle exists to 'shuffle arrays in a consistent way'; Zhang et al., 'Understanding deep "
    "learning requires rethinking generalization' (2017), for a network that learns random labels.",
    broken_loop=shuffled_apart,
    repaired_loop=shuffled_together,
)

SOFTMAX_TWICE = Exhibit(
    name="softmax_twice",
    title="Probabilities of probabilities",
    what_you_see="The accuracy is fair and the loss stops falling far above zero, however long you train.",
    why=(
        "cross_entropy applies log-softmax itself. Fed with probabilities it sees scores between 0 and 1, with which "
        "it can never be sure; gradients shrink where the model is right, and where it is wrong with confidence."
    ),
    source="torch.nn.CrossEntropyLoss: the input is 'expected to contain the unnormalized logits for each class'.",
    broken_loop=softmax_before_the_loss,
    repaired_loop=logits_for_the_loss,
)
