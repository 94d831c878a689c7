"""Two exhibits about what never learns: stages thawed behind the optimizer's back, and a head that was left frozen.

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


def thawed_without_the_optimizer(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for epoch in range(5):
        if epoch == 2:  # the head has settled: now the last stage, too, at a lower rate
            model.layer4.requires_grad_(True)
            optimizer.param_groups[0]["lr"] = 3e-4
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


def thawed_with_the_optimizer(data: Splits) -> Trained:
    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for epoch in range(5):
        if epoch == 2:  # the head has settled: now the last stage, too, at a lower rate
            model.layer4.requires_grad_(True)
            optimizer.add_param_group({"params": model.layer4.parameters(), "lr": 3e-4})
            optimizer.param_groups[0]["lr"] = 3e-4
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


def head_left_frozen(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("layer4")
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam([p for p in model.parameters() if p.requires_grad], lr=1e-4)
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


def head_left_free(data: Splits) -> Trained:
    model = load("bundled")
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(("layer4", "fc"))
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam([p for p in model.parameters() if p.requires_grad], lr=1e-4)
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


UNFROZEN_TOO_LATE = Exhibit(
    name="unfrozen_too_late",
    title="The thaw that nobody noticed",
    what_you_see=(
        "After unfreezing an epoch takes longer, and the accuracy stays where it was, as if fine-tuning were worth "
        "nothing."
    ),
    why=(
        "The optimizer was made of what was trainable that day. Parameters that are thawed later get gradients, at "
        "full cost, and nobody ever takes a step with them."
    ),
    source="torch.optim.Optimizer.add_param_group is there for it; Lightning's BaseFinetuning callback calls it.",
    broken_loop=thawed_without_the_optimizer,
    repaired_loop=thawed_with_the_optimizer,
)

FROZEN_HEAD = Exhibit(
    name="frozen_head",
    title="The head that never learnt",
    what_you_see=(
        "Almost nothing: the loss falls, a little later, and the accuracy ends a little lower. That is why it lives so "
        "long."
    ),
    why=(
        "The new head was put on before everything but the last stage was frozen, so it was frozen with the rest. The "
        "last stage learns to speak to random weights instead."
    ),
    source="PyTorch's transfer-learning tutorial makes the head after freezing; turned round, this is what comes out.",
    broken_loop=head_left_frozen,
    repaired_loop=head_left_free,
)
