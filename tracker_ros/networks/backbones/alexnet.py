# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""AlexNet (Krizhevsky, 2014: the one-tower version), under torchvision's parameter names."""

from __future__ import annotations

from torch import nn

from tracker_ros.networks.backbones.base import SequentialBackbone, check_levels

_WIDTHS = {"conv1": 64, "conv2": 192, "conv3": 384, "conv4": 256, "conv5": 256}
_STRIDES = {"conv1": 4, "conv2": 8, "conv3": 16, "conv4": 16, "conv5": 16}
_RELU = {"conv1": 1, "conv2": 4, "conv3": 7, "conv4": 9, "conv5": 11}


class AlexNet(SequentialBackbone):
    """The convolutions of AlexNet; levels 'conv1' to 'conv5', each after its ReLU."""

    def __init__(self, levels: tuple[str, ...]) -> None:
        check_levels("alexnet", levels, list(_WIDTHS))
        layers: list[nn.Module] = [
            nn.Conv2d(3, 64, 11, 4, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
        ]
        super().__init__(
            layers,
            [_RELU[name] for name in levels],
            [_STRIDES[name] for name in levels],
            [_WIDTHS[name] for name in levels],
        )
