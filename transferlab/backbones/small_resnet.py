"""The bundled backbone's architecture: ResNet-18 at half width, for 64×64 images.

Source: He et al., "Deep Residual Learning for Image Recognition" (2015), Table 1, the 18-layer column, with
32-64-128-256 channels in place of 64-128-256-512. The module names are torchvision's (`conv1 bn1 layer1 … layer4
fc`), so that everything a student learns on this network can be typed unchanged for `torchvision/resnet18`.
Left out: bottleneck blocks, groups, dilation, zero-initialised residual branches.
"""

import torch
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut: `relu(x + f(x))`.

    >>> BasicBlock(32, 64, stride=2)(torch.zeros(1, 32, 16, 16)).shape
    torch.Size([1, 64, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()  # modules, one for each place, so that explanations can hook them (see explain/)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)  # (B, out, H/stride, W/stride)
        x = self.relu1(self.bn1(self.conv1(x)))  # (B, out, H/stride, W/stride)
        x = self.bn2(self.conv2(x))
        return self.relu2(x + shortcut)


class SmallResNet(nn.Module):
    """A ResNet-18 layout at half width: `(B, 3, 64, 64)` images to `(B, num_classes)` logits.

        >>> SmallResNet(num_classes=10)(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 10])

    Any height and width from 32 up work, since the last step averages over space. About 2.8 M parameters.
    """

    def __init__(self, num_classes: int, width: int = 32) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.num_features = 8 * width
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(width, width), BasicBlock(width, width))
        self.layer2 = nn.Sequential(BasicBlock(width, 2 * width, 2), BasicBlock(2 * width, 2 * width))
        self.layer3 = nn.Sequential(BasicBlock(2 * width, 4 * width, 2), BasicBlock(4 * width, 4 * width))
        self.layer4 = nn.Sequential(BasicBlock(4 * width, 8 * width, 2), BasicBlock(8 * width, 8 * width))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # (B, 3, 64, 64) -> (B, 32, 16, 16)
        x = self.layer1(x)  # (B, 32, 16, 16)
        x = self.layer2(x)  # (B, 64, 8, 8)
        x = self.layer3(x)  # (B, 128, 4, 4)
        x = self.layer4(x)  # (B, 256, 2, 2)
        return self.fc(torch.flatten(self.avgpool(x), 1))  # (B, 256) -> (B, num_classes)
