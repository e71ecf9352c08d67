# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamFC (Bertinetto et al., 2016): an AlexNet without padding, and cross-correlation.

Images are RGB in 0-255 without mean subtraction, as the published networks were trained; the first
batch normalisation takes care of the scale. Beside it the same on MobileNetV3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.folding import FoldingNorm

REACH = 1.25
"""Side of what counts as the target in a template, in target sides."""


class Adjust(nn.Module):
    """gain * response + bias: turns a correlation into the logit that a logistic loss reads.

    SiamFC's gain stays as given, CFNet's is trained.
    """

    def __init__(self, gain: float, bias: float, train_gain: bool) -> None:
        super().__init__()
        self.initial = (gain, bias)
        self.gain = nn.Parameter(torch.empty(()), requires_grad=train_gain)
        self.bias = nn.Parameter(torch.empty(()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Back to the values given at construction."""
        nn.init.constant_(self.gain, self.initial[0])
        nn.init.constant_(self.bias, self.initial[1])

    def forward(self, response: Tensor) -> Tensor:
        """Return the logits of `response`'s shape."""
        return response * self.gain + self.bias


def scaled(channels: int, width: float) -> int:
    """Return `channels` times `width`, rounded to an even number because convolutions come in two groups."""
    return max(2, 2 * round(channels * width / 2))


class ShallowFeatures(nn.Module):
    """The first layer: 11x11 convolution of stride 2, batch normalisation, ReLU.

    Args:
        width: share of the published 96 channels.
        padding: of the convolution; EDCF takes 2.
    """

    def __init__(self, width: float = 1.0, padding: int = 0) -> None:
        super().__init__()
        channels = scaled(96, width)
        self.conv1 = nn.Conv2d(3, channels, 11, stride=2, padding=padding)
        self.bn1 = FoldingNorm(channels)
        self.padding = padding
        # Convolutions of a few input channels take half the time on a CPU in this layout.
        self.to(memory_format=torch.channels_last)

    def shallow(self, images: Tensor) -> Tensor:
        """Return [N, 3, H, W] to [N, 96, h, w]: 255 -> 123, or 125 with padding 2."""
        return F.relu(self.bn1.convolve(images, self.conv1.weight, self.conv1.bias, 2, self.padding))


class SiamFCFeatures(ShallowFeatures):
    """Five convolutions, batch-normalised and rectified but for the last, with two max-poolings.

    [N, 3, H, W] to [N, channels, h, w]. With stride 8: 127 -> 6, 255 -> 22 (paper, table 1). With
    stride 4, the second pooling unstrided: 127 -> 17, 255 -> 49 (CFNet's Baseline-conv5).

    Args:
        channels: of the result.
        stride: 8 or 4.
        width: share of the published 96, 256, 384, 384 channels of the inner layers.
        padding: of the first convolution; EDCF takes 2.
    """

    def __init__(self, channels: int = 256, stride: int = 8, width: float = 1.0, padding: int = 0) -> None:
        super().__init__(width, padding)
        c1, c2, c3 = scaled(96, width), scaled(256, width), scaled(384, width)
        self.conv2 = nn.Conv2d(c1, c2, 5, groups=2)
        self.bn2 = FoldingNorm(c2)
        self.conv3 = nn.Conv2d(c2, c3, 3)
        self.bn3 = FoldingNorm(c3)
        self.conv4 = nn.Conv2d(c3, c3, 3, groups=2)
        self.bn4 = FoldingNorm(c3)
        self.conv5 = nn.Conv2d(c3, channels, 3, groups=2)
        self.pool2 = stride // 4
        self.to(memory_format=torch.channels_last)

    def deep(self, x: Tensor) -> Tensor:
        """Return the rest: [N, 96, h, w] to [N, channels, h', w']."""
        x = F.max_pool2d(x, 3, stride=2)
        x = F.relu(self.bn2.convolve(x, self.conv2.weight, self.conv2.bias, groups=2))
        x = F.max_pool2d(x, 3, stride=self.pool2)
        x = F.relu(self.bn3.convolve(x, self.conv3.weight, self.conv3.bias))
        x = F.relu(self.bn4.convolve(x, self.conv4.weight, self.conv4.bias, groups=2))
        return self.conv5(x)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features [N, channels, h, w] of images [N, 3, H, W]."""
        return self.deep(self.shallow(images))


#: The light backbone, in the place of the published AlexNet.
LIGHT = "mobilenet_v3"


class LightSiamFCFeatures(nn.Module):
    """Two levels of `LIGHT` on a grid of stride 8, and a linear layer, normalised: 127 -> 16, 255 -> 32."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.backbone = build_backbone(LIGHT, ("stride8", "stride16"))
        self.neck = nn.Conv2d(sum(self.backbone.channels), channels, 1, bias=False)
        self.norm = FoldingNorm(channels)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features [N, channels, h, w] of images [N, 3, H, W]."""
        fine, deep = self.backbone(images)
        size = [fine.shape[2], fine.shape[3]]
        deep = F.interpolate(deep, size, mode="bilinear", align_corners=False)
        return self.norm.convolve(torch.cat((fine, deep), 1), self.neck.weight, None)


def correlate(features: Tensor, templates: Tensor) -> Tensor:
    """Return the valid cross-correlation [N, h - th + 1, w - tw + 1] (SiamFC, eq. 2; EDCF, eq. 3).

    Args:
        features: [N, C, h, w].
        templates: [1, C, th, tw], one for all, or [N, C, th, tw], one each.
    """
    if templates.shape[0] == 1:
        return F.conv2d(features, templates).squeeze(1)
    n, c, h, w = features.shape
    return F.conv2d(features.reshape(1, n * c, h, w), templates, groups=n).squeeze(0)


def target_weights(sizes: Tensor, cells: int, stride: int, background: float) -> Tensor:
    """Weight a template's cells [N, 1, cells, cells]: background `background` times as much as target.

    Their mean is 1.

    Args:
        sizes: [N, 2] width and height in pixels of the targets, which are in the middle.
        stride: pixels a cell. Cells that the edge of a target cuts lie in between.
    """
    away = ((torch.arange(cells, device=sizes.device) + 0.5) * stride - cells * stride / 2).abs()
    inside = ((sizes.unsqueeze(-1) / 2 - away) / stride + 0.5).clamp(0.0, 1.0)
    weights = background + (1 - background) * inside[:, 1].unsqueeze(2) * inside[:, 0].unsqueeze(1)
    return (weights / weights.mean((1, 2), keepdim=True)).unsqueeze(1)


class SiamFCModel(nn.Module):
    """The network that the tracker `siamfc` shares with its training: features, cross-correlation, logit.

    On the light backbone, whose convolutions pad, the template's outer cells are left out: padding reaches
    them most, and a template that knows where its border is finds the border of the search region. Features
    of unit variance ask for a larger gain there, which is trained.

    Args:
        channels: of the features.
        stride: see `SiamFCFeatures`; that of the light backbone is 8.
        width: see `SiamFCFeatures`; the light backbone has one width.
        backbone: 'alexnet', the published one, or `LIGHT`.
        background: weight of the template's cells outside the target; 1 as published.
    """

    def __init__(
        self,
        channels: int = 256,
        stride: int = 8,
        width: float = 1.0,
        backbone: str = "alexnet",
        background: float = 1.0,
    ) -> None:
        super().__init__()
        light = backbone == LIGHT
        self.stride, self.background, self.reach = stride, background, REACH
        self.trim = 2 if light else 0
        self.features = LightSiamFCFeatures(channels) if light else SiamFCFeatures(channels, stride, width)
        self.adjust = Adjust(0.01 if light else 1e-3, 0.0, train_gain=light)

    def template(self, images: Tensor, sizes: Tensor) -> Tensor:
        """Return the templates [N, C, th, tw] of exemplar crops [N, 3, E, E].

        Args:
            sizes: [N, 2] width and height of the targets in pixels of the crops.
        """
        features = self.features(images)
        cells = features.shape[-1] - self.trim
        template = features[:, :, self.trim : cells, self.trim : cells]
        if self.background < 1:
            side = template.shape[-1]
            template = template * target_weights(sizes * self.reach, side, self.stride, self.background)
        return template

    def forward(self, images: Tensor, templates: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the responses [N, h, w] on search crops [N, 3, S, S], and no channel weights."""
        weights: list[Tensor] = []
        return correlate(self.features(images), templates), weights
