"""A network whose attributions can be worked out by hand."""

import torch
from torch import Tensor, nn


class KnownNet(nn.Module):
    """A 1×1 convolution that hands on red and green, a ReLU, the mean over places, and two scores.

    Score 0 is `2 · mean(relu(red)) − mean(relu(green))`, score 1 is `3 · mean(relu(green))`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1, 0]]).view(2, 3, 1, 1))
            self.fc.weight.copy_(torch.tensor([[2.0, -1], [0, 3]]))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.relu(self.conv(x))).flatten(1))


# relu(red) is [[1, 0], [2, 0]] and relu(green) [[0, 4], [0, 1]]; blue goes nowhere.
IMAGE = torch.tensor([[[1.0, -1], [2, 0]], [[0, 4], [-3, 1]], [[5, -5], [5, -5]]])[None]  # (1, 3, 2, 2)
ADDED = [[0.5, -1.0], [1.0, -0.25]]  # what each place adds to score 0: 2/4 · relu(red) − 1/4 · relu(green)
