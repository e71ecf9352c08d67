# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The first level of `micro_resnet` as features of a correlation filter."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.hog import GradientColorFeatures


def normalized(features: Tensor) -> Tensor:
    """Return [N, C, H, W] without each channel's mean, divided by the root mean square over all channels.

    Without the first a map that is never negative is mostly its own mean; with the second a ridge
    penalty means the same for every crop.
    """
    centred = features - features.mean((2, 3), keepdim=True)
    return centred / centred.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-6)


class MicroResNetFeatures(nn.Module):
    """Normalised maps [N, 48, H/4, W/4] of crops [N, 3, H, W] (RGB, 0-255; sides divisible by 4).

    Trained so that a filter learned from one crop finds the target in another
    (`tracker_ros.training.micro_resnet`); 53,000 parameters, 88 MMAC for a crop of 160 x 160.
    """

    stride = 4

    def __init__(self) -> None:
        super().__init__()
        self.backbone = build_backbone("micro_resnet", ("stride4",))

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of crops."""
        return normalized(self.backbone(images)[0])


class GradientMicroResNetFeatures(MicroResNetFeatures):
    """`MicroResNetFeatures` beside gradient histograms and colour, which weigh alike: [N, 78, H/4, W/4].

    Learned features tell objects apart that gradients confuse; gradients stay exact where a target has
    strong edges. Parameters have the names of `MicroResNetFeatures`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gradient = GradientColorFeatures(self.stride)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of crops."""
        gradient = self.gradient(images)
        size = gradient.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-6)
        return torch.cat((normalized(self.backbone(images)[0]), gradient / size), 1)
