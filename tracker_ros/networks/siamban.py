# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A light SiamBAN: a Siamese network that classifies and boxes without anchors, laid out as NanoTrack v2.

The features are those of `mobilenet_v3` at stride 16. Exemplar and search features meet in a pixelwise
correlation (Yan et al., LightTrack, 2021): every cell of the exemplar is a 1 x 1 kernel. Two towers of
depthwise separable convolutions end in a logit and in the distances of a box's four sides from the cell
(SiamBAN, Chen et al., 2020).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.folding import FoldingNorm

#: Sides of the crops and distance of response cells, in pixels of the crops.
EXEMPLAR, SEARCH, STRIDE = 127, 255, 16
#: Sides of the feature maps of the two crops.
TEMPLATE_CELLS, CELLS = 8, 16
#: Channels of the features and of the towers.
CHANNELS, WIDTH = 48, 96


class Projection(nn.Module):
    """A normalised 1 x 1 convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, CHANNELS, 1)
        self.norm = FoldingNorm(CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, C, h, w] to the same shape."""
        return self.norm.convolve(x, self.conv.weight, self.conv.bias)


class PixelCorrelation(nn.Module):
    """Correlates search features with every cell of an exemplar, and weighs the cells by their means."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel, self.search = Projection(), Projection()
        cells = TEMPLATE_CELLS**2
        self.reduce = nn.Conv2d(cells, cells, 1)
        self.expand = nn.Conv2d(cells, cells, 1)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> Tensor:
        """Return the kernels [N, 64, C] of exemplar features [N, C, 8, 8]."""
        return self.kernel(exemplar).flatten(2).transpose(1, 2)

    def forward(self, kernels: Tensor, search: Tensor) -> Tensor:
        """Return the correlations [N, 64, h, w] of search features [N, C, h, w]."""
        x = self.search(search)
        matched = (kernels @ x.flatten(2)).view(-1, kernels.shape[1], x.shape[2], x.shape[3])
        weights = self.expand(torch.relu(self.reduce(matched.mean((2, 3), keepdim=True))))
        return matched * torch.sigmoid(weights)


class SeparableConv(nn.Module):
    """A 3 x 3 convolution of each channel, a normalised 1 x 1 convolution and ReLU6."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.each = nn.Conv2d(inputs, inputs, 3, 1, 1, groups=inputs, bias=False)
        self.point = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = FoldingNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, h, w] to [N, outputs, h, w]."""
        return F.relu6(self.norm.convolve(self.each(x), self.point.weight, None))


class Branch(nn.Module):
    """Correlation, six separable convolutions, and `outputs` predictions a cell."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.correlation = PixelCorrelation()
        widths = [TEMPLATE_CELLS**2] + [WIDTH] * 6
        self.tower = nn.Sequential(*(SeparableConv(a, b) for a, b in zip(widths, widths[1:], strict=False)))
        self.predict = nn.Conv2d(WIDTH, outputs, 1)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> Tensor:
        """Return the kernels [N, 64, C] of exemplar features [N, C, 8, 8]."""
        return self.correlation.template(exemplar)

    def forward(self, kernels: Tensor, search: Tensor) -> Tensor:
        """Return the predictions [N, outputs, h, w] for search features [N, C, h, w]."""
        return self.predict(self.tower(self.correlation(kernels, search)))


class SiamBanNet(nn.Module):
    """Features and the two branches.

    A response has a cell every 16 px, the one at (8, 8) in the middle of the search crop.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = build_backbone("mobilenet_v3", ("stride16",))
        self.classify, self.locate = Branch(2), Branch(4)
        self.to(memory_format=torch.channels_last)

    @torch.jit.export
    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, 48, S / 16, S / 16] of crops [N, 3, S, S] (RGB, 0-255), rounded up."""
        return self.backbone(images)[0]

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return the kernels [N, 64, 48] of both branches of exemplar features [N, 48, 8, 8]."""
        return self.classify.template(exemplar), self.locate.template(exemplar)

    def forward(self, classifier: Tensor, locator: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits [N, 16, 16] and sides [N, 4, 16, 16] for search features [N, 48, 16, 16].

        Sides are the distances from the cell to the left, top, right and bottom, in pixels of the crop.
        """
        logits = self.classify(classifier, search)
        return logits[:, 1] - logits[:, 0], self.locate(locator, search).exp()


def cell_places() -> Tensor:
    """Return the places [16, 16, 2] (x, y) of the response's cells, in pixels of the crop from its middle."""
    along = (torch.arange(CELLS) - CELLS // 2) * float(STRIDE)
    return torch.stack(torch.meshgrid(along, along, indexing="xy"), -1)


def boxes_of(sides: Tensor, places: Tensor) -> Tensor:
    """Return the boxes [N, h, w, 4] (cx, cy, w, h) whose sides lie [N, 4, h, w] from cells at [h, w, 2]."""
    left, top, right, bottom = sides.unbind(1)
    x, y = places[..., 0] + (right - left) / 2, places[..., 1] + (bottom - top) / 2
    return torch.stack((x, y, left + right, top + bottom), -1)
