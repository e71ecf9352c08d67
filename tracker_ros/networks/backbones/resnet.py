# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 and ResNet-50 (He et al., 2016) under torchvision's parameter names."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.networks.backbones.base import Backbone, check_levels

_COUNTS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}
_LEVELS = ("layer1", "layer2", "layer3", "layer4")


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, inputs, H, W] to [N, width, H / stride, W / stride]."""
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 (which carries the stride, as in torchvision) and 1 x 1 beside a shortcut."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * 4)
        self.downsample = _shortcut(inputs, width * 4, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, inputs, H, W] to [N, 4 width, H / stride, W / stride]."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet(Backbone):
    """ResNet of depth 18 or 50; levels 'layer1' to 'layer4' (strides 4 to 32).

    DCFST's block 3 and block 4 are 'layer2' and 'layer3', and so are DSLT*'s res3d and res4f.
    """

    def __init__(self, depth: int, levels: tuple[str, ...]) -> None:
        check_levels(f"resnet{depth}", levels, list(_LEVELS))
        block, growth = (BasicBlock, 1) if depth == 18 else (Bottleneck, 4)
        places = [_LEVELS.index(name) for name in levels]
        super().__init__([4 << i for i in places], [(64 << i) * growth for i in places])
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        self.taken = [index in places for index in range(places[-1] + 1)]
        for index in range(places[-1] + 1):
            width, stride = 64 << index, 1 if index == 0 else 2
            blocks = [block(inputs, width, stride)]
            blocks += [block(width * growth, width, 1) for _ in range(_COUNTS[depth][index] - 1)]
            setattr(self, _LEVELS[index], nn.Sequential(*blocks))
            inputs = width * growth
        for index in range(places[-1] + 1, 4):
            setattr(self, _LEVELS[index], nn.Identity())
            self.taken.append(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map crops [N, 3, H, W] (RGB, 0-255) to one map [N, C, H / stride, W / stride] a level."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(self.prepare(images)))))
        maps: list[Tensor] = []
        # Written out because TorchScript cannot loop over a tuple of modules.
        x = self._level(self.layer1(x), 0, maps)
        x = self._level(self.layer2(x), 1, maps)
        x = self._level(self.layer3(x), 2, maps)
        self._level(self.layer4(x), 3, maps)
        return maps

    def _level(self, x: Tensor, index: int, maps: list[Tensor]) -> Tensor:
        if self.taken[index]:
            maps.append(x)
        return x
