"""Two exhibits about pixels: images that are not normalised as the backbone knows them, and augmented validation.

The loops are written out twice each, broken and repaired, because they are there to be read.
"""

# mypy: disable-error-code="union-attr, arg-type"
# The stages of a model that `load` brought are Modules for mypy, whatever they are.

import copy

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from transferlab.backbones.loading import load
from transferlab.backbones.preprocessing import normalise
from transferlab.data.augment import resized_crop_and_flip
from transferlab.data.images import Splits
from transferlab.museum.exhibit import Exhibit, Trained
from transferlab.museum.usual import loaders, share_right


def pixels_within_0_and_1(data: Splits) -> Trained:
    def prepare(images: Tensor) -> Tensor:
        return images.float() / 255

    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
        model.eval()
        for x, y in loader:
            loss = F.cross_entropy(model(prepare(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(prepare(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


def pixels_as_pretrained(data: Splits) -> Trained:
    def prepare(images: Tensor) -> Tensor:
        mean, std = torch.tensor(model.card.mean).view(3, 1, 1), torch.tensor(model.card.std).view(3, 1, 1)
        return (images.float() / 255 - mean) / std

    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
        model.eval()
        for x, y in loader:
            loss = F.cross_entropy(model(prepare(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(prepare(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


def one_pipeline_for_both(data: Splits) -> Trained:
    def prepare(images: Tensor) -> Tensor:
        drawn = Generator().manual_seed(int(torch.randint(2**31, ())))
        return resized_crop_and_flip(normalise(images), drawn)

    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
        model.eval()
        for x, y in loader:
            loss = F.cross_entropy(model(prepare(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(prepare(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


def one_pipeline_for_each(data: Splits) -> Trained:
    def prepare(images: Tensor) -> Tensor:
        drawn = Generator().manual_seed(int(torch.randint(2**31, ())))
        return resized_crop_and_flip(normalise(images), drawn)

    model = load("bundled")
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, data.train.num_classes)
    before = copy.deepcopy(model.state_dict())
    loader, validation = loaders(data)
    optimizer = Adam(model.fc.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
        model.eval()
        for x, y in loader:
            loss = F.cross_entropy(model(prepare(x)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    def predict(images: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(normalise(images))

    return Trained(model, before, optimizer, loader, validation, losses, predict, share_right(predict, validation))


WRONG_NORMALISATION = Exhibit(
    name="wrong_normalisation",
    title="Paler than anything that it has seen",
    what_you_see="It learns, and stays well below what others report with the same backbone on such data.",
    why=(
        "The backbone was pretrained on pixels less the mean of its data set, divided by their spread. For it plain "
        "0…1 is a picture with a quarter of the contrast, and every layer above makes less of it."
    ),
    source="torchvision, 'Using the pre-trained models', on preprocessing; ToTensor() without Normalize() anywhere.",
    broken_loop=pixels_within_0_and_1,
    repaired_loop=pixels_as_pretrained,
)

AUGMENTED_VALIDATION = Exhibit(
    name="augmented_validation",
    title="A ruler of rubber",
    what_you_see="The validation accuracy is another each time that it is counted, in spite of model.eval().",
    why=(
        "One pipeline serves training and validation, so the model is asked about random crops of the validation "
        "images, of which some no longer hold the thing."
    ),
    source="PyTorch's transfer-learning tutorial has data_transforms['train'] and ['val'] for this reason.",
    broken_loop=one_pipeline_for_both,
    repaired_loop=one_pipeline_for_each,
)
