# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""CFNet (Valmadre et al., 2017) and AdaCFNet: shallow features with a correlation filter as a layer.

Images are RGB in 0-255, as in `networks.siamfc`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.folding import FoldingNorm
from tracker_ros.networks.se import SqueezeExcite
from tracker_ros.networks.siamfc import Adjust, scaled
from tracker_ros.ops.labels import circular_gaussian, hann

CHANNELS = 32
STRIDE = 4
# The same on MobileNetV3, with the sides of features and response.
MOBILE_STRIDE, MOBILE_CELLS, MOBILE_RESPONSE = 8, 32, 17
# sigma of the desired response in pixels.
LABEL_SIGMA = 8.0


def correlation_filter(features: Tensor, label: Tensor, penalty: float) -> Tensor:
    """Return the filter w [N, C, h, w] of eq. 1, by eq. 2 of AdaCFNet (eq. 8-10 of CFNet).

    w minimises 1/(2n) |sum_l x_l * w_l - y|^2 + lambda/2 sum_l |w_l|^2 over all n = h w circular
    shifts, where * is the circular cross-correlation: k = 1/n sum_l conj(x_l) x_l + lambda,
    a = y / (n k), w_l = conj(a) x_l, per frequency. It is differentiable; autograd's result is eq. 3.

    Args:
        features: x, [N, C, h, w], windowed.
        label: y, [h, w], of peak 1 at cell (0, 0).
        penalty: lambda.
    """
    height, width = features.shape[-2], features.shape[-1]
    n = height * width
    spectrum = torch.fft.rfft2(features)
    kernel = (spectrum.real.square() + spectrum.imag.square()).sum(1, keepdim=True) / n + penalty
    alpha = torch.fft.rfft2(label) / (n * kernel)
    return torch.fft.irfft2(torch.conj(alpha) * spectrum, [height, width])


def correlate_large(features: Tensor, templates: Tensor) -> Tensor:
    """Compute `networks.siamfc.correlate` by Fourier transform: several times faster for large templates."""
    height, width = features.shape[-2], features.shape[-1]
    product = torch.fft.rfft2(features) * torch.conj(torch.fft.rfft2(templates, [height, width]))
    response = torch.fft.irfft2(product.sum(1), [height, width])
    # Beyond these the template wraps around.
    return response[:, : height - templates.shape[-2] + 1, : width - templates.shape[-1] + 1]


class Conv1Features(nn.Module):
    """CFNet-conv1: one 11x11 convolution of stride 4, batch-normalised, rectified; 255 -> 62."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, CHANNELS, 11, stride=STRIDE)
        self.bn1 = FoldingNorm(CHANNELS)
        self.stride = STRIDE
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return [N, 3, H, W] to [N, 32, h, w], and no channel weights."""
        weights: list[Tensor] = []
        return F.relu(self.bn1.convolve(images, self.conv1.weight, self.conv1.bias, self.stride)), weights


class Conv2Features(nn.Module):
    """CFNet-conv2 and, with `attention`, AdaCFNet's table I: 255 -> 123 -> 61 -> 57.

    conv 11x11 stride 2, pool 3x3 stride 2, conv 5x5 in two groups; batch normalisation and ReLU after
    each convolution, then with `attention` a squeeze-and-excitation block.

    Args:
        attention: with the two blocks (96-6-96 and 32-2-32).
        width: share of the published 96 channels of the first layer.
    """

    def __init__(self, attention: bool = False, width: float = 1.0) -> None:
        super().__init__()
        channels = scaled(96, width)
        self.conv1 = nn.Conv2d(3, channels, 11, stride=2)
        self.bn1 = FoldingNorm(channels)
        self.conv2 = nn.Conv2d(channels, CHANNELS, 5, groups=2)
        self.bn2 = FoldingNorm(CHANNELS)
        self.se1 = SqueezeExcite(channels) if attention else None
        self.se2 = SqueezeExcite(CHANNELS) if attention else None
        # Convolutions of a few input channels take half the time on a CPU in this layout.
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return [N, 3, H, W] to [N, 32, h, w], and the channel weights ([N, 96], [N, 32]) of the blocks."""
        weights: list[Tensor] = []
        x = F.relu(self.bn1.convolve(images, self.conv1.weight, self.conv1.bias, 2))
        pooled = F.max_pool2d(x, 3, stride=2)
        if self.se1 is not None:
            weights.append(self.se1(x))
            # Positive factors pass through a maximum, and here there are four times fewer cells.
            pooled = pooled * weights[0].unsqueeze(2).unsqueeze(3)
        x = F.relu(self.bn2.convolve(pooled, self.conv2.weight, self.conv2.bias, groups=2))
        if self.se2 is not None:
            weights.append(self.se2(x))
            x = x * weights[1].unsqueeze(2).unsqueeze(3)
        return x, weights


class MobileFeatures(nn.Module):
    """AdaCFNet's layers over MobileNetV3's levels of strides 8 and 16, on one grid of stride 8; 255 -> 32.

    The levels take the place of the first convolution: a block of squeeze-and-excitation weighs their
    72 channels; then a convolution 3x3, batch normalisation, ReLU and the second block.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = build_backbone("mobilenet_v3", ("stride8", "stride16"))
        channels = sum(self.trunk.channels)
        self.conv2 = nn.Conv2d(channels, CHANNELS, 3, padding=1)
        self.bn2 = FoldingNorm(CHANNELS)
        self.se1 = SqueezeExcite(channels)
        self.se2 = SqueezeExcite(CHANNELS)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Map [N, 3, H, W] to [N, 32, H / 8, W / 8] and the blocks' channel weights ([N, 72], [N, 32])."""
        fine, deep = self.trunk(images)
        size = [fine.shape[2], fine.shape[3]]
        x = torch.cat((fine, F.interpolate(deep, size, mode="bilinear", align_corners=False)), 1)
        weights = [self.se1(x)]
        x = x * weights[0].unsqueeze(2).unsqueeze(3)
        x = F.relu(self.bn2.convolve(x, self.conv2.weight, self.conv2.bias, padding=1))
        weights.append(self.se2(x))
        return x * weights[1].unsqueeze(2).unsqueeze(3), weights


class CFNetModel(nn.Module):
    """The network that the trackers `cfnet` and `adacfnet` share with their training.

    Args:
        features: `Conv1Features`, `Conv2Features` or `MobileFeatures`.
        cells: side of the features of an exemplar: 62, 57 or 32 for crops of 255 px.
        penalty: lambda of the filter.
        margin: cells that are cropped from each side of the filter; 16 leaves 30 or 25, 8 leaves 16.
        stride: pixels a cell.
    """

    def __init__(
        self,
        features: nn.Module,
        cells: int,
        penalty: float = 10.0,
        margin: int = 16,
        stride: int = STRIDE,
    ) -> None:
        super().__init__()
        self.features = features
        self.adjust = Adjust(1.0, -0.5, train_gain=True)
        self.penalty = penalty
        self.margin = margin
        self.register_buffer("window", hann(cells, cells), persistent=False)
        sigma = LABEL_SIGMA / stride
        self.register_buffer("label", circular_gaussian(cells, cells, sigma, sigma), persistent=False)

    def filter(self, features: Tensor) -> Tensor:
        """Return the cropped filters [N, C, t, t] of exemplar features [N, C, cells, cells]."""
        whole = correlation_filter(features * self.window, self.label, self.penalty)
        end = whole.shape[-1] - self.margin
        return whole[:, :, self.margin : end, self.margin : end]

    def template(self, images: Tensor) -> Tensor:
        """Return the cropped filters [N, C, t, t] of exemplar crops [N, 3, E, E]."""
        features, _ = self.features(images)
        return self.filter(features)

    def forward(self, images: Tensor, templates: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return responses [N, h, w] on search crops, about 1 at the target, and channel weights [N, C]."""
        features, weights = self.features(images)
        return correlate_large(features, templates), weights


def mobile_model(penalty: float = 1.0) -> CFNetModel:
    """Build AdaCFNet on MobileNetV3: filters of 16 x 16 cells out of 32 x 32, responses of 17 x 17.

    With a quarter of the cells, `penalty` weighs less than CFNet's 10.
    """
    return CFNetModel(MobileFeatures(), MOBILE_CELLS, penalty, MOBILE_CELLS // 4, MOBILE_STRIDE)
