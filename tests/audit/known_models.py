"""Models and images whose audits are known before they are made."""

import torch
from torch import Tensor, nn

from transferlab.backbones.card import IMAGENET_MEAN, IMAGENET_STD
from transferlab.data.images import ImageSet
from transferlab.data.worlds.shortcut import COLOURS, GROUPS


class TagReader(nn.Module):
    """Answers the class whose colour the upper half of the tag has, and sees nothing else of a 64×64 picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(3, 8)
        colours = (torch.tensor(COLOURS) / 255 - torch.tensor(IMAGENET_MEAN)) / torch.tensor(IMAGENET_STD)
        with torch.no_grad():
            self.conv.weight.copy_(torch.eye(3)[..., None, None])
            self.fc.weight.copy_(colours)  # the nearest colour has the highest c · x − |c|² / 2
            self.fc.bias.copy_(-colours.square().sum(1) / 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.conv(x)[:, :, 51:56, 51:61]).flatten(1))


class TwoEvidences(nn.Module):
    """Reads two numbers: the red of the left half and the green of the right half; its last layer trusts the green."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.pool = nn.AdaptiveAvgPool2d((1, 2))
        self.fc = nn.Linear(2, 2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1, 0]])[..., None, None])
            self.fc.weight.copy_(torch.tensor([[0.0, -5], [0, 5]]))
            middle = (128 / 255 - IMAGENET_MEAN[1]) / IMAGENET_STD[1]
            self.fc.bias.copy_(torch.tensor([5.0, -5]) * middle)

    def forward(self, x: Tensor) -> Tensor:
        halves = self.pool(self.conv(x))  # (B, 2, 1, 2)
        return self.fc(torch.stack([halves[:, 0, 0, 0], halves[:, 1, 0, 1]], 1))


def two_evidences(number: int, agrees: float, seed: int) -> ImageSet:
    """Red tells the class rightly in Φ(1.5) = 93.3 % of the images, green in a share of `agrees`, and without doubt."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(number) % 2
    tags = torch.where(torch.rand(number, generator=generator) < agrees, labels, 1 - labels)
    red = 128 + 30 * (2 * labels - 1) + 20 * torch.randn(number, generator=generator)
    images = torch.zeros(number, 3, 4, 4)
    images[:, 0, :, :2] = red[:, None, None]
    images[:, 1, :, 2:] = (128 + 60 * (2 * tags - 1))[:, None, None]
    images[:, 2] = torch.arange(number)[:, None, None] % 251 + torch.arange(4)  # so that no two pictures are the same
    images[:, 2, 0, 0] = seed
    pixels = images.round().clamp(0, 255).to(torch.uint8)
    return ImageSet(pixels, labels, ("low", "high"), groups=(tags != labels).long(), group_names=GROUPS, name="two")
