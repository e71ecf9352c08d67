# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DCFST's embedding of regions: every candidate box becomes one vector (Zheng et al., figure 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.ops.prroi import prroi_grid, prroi_pool


def conv_block(inputs: int, outputs: int) -> nn.Sequential:
    """Build a 3 x 3 convolution with batch normalisation and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Embedding(nn.Module):
    """One level: two convolutions, PrRoIPool to bins x bins, one fully connected layer."""

    def __init__(self, inputs: int, width: int, bins: int, dimensions: int, stride: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(conv_block(inputs, width), conv_block(width, width))
        self.project = nn.Linear(width * bins * bins, dimensions)
        self.bins, self.stride = bins, float(stride)

    def on_grid(self, features: Tensor, xs: Tensor, ys: Tensor, size: Tensor) -> Tensor:
        """Return vectors [Y X, D] of boxes of one size on a grid, given the level after `convs` [C, H, W]."""
        pooled = prroi_grid(features, xs, ys, size, self.bins, self.stride)
        return self.project(pooled.reshape(xs.shape[0] * ys.shape[0], -1))

    def of_boxes(self, features: Tensor, boxes: Tensor) -> Tensor:
        """Return the vectors [R, D] of any boxes [R, 4]."""
        return self.project(prroi_pool(features, boxes, self.bins, self.stride).flatten(1))


class Locator(nn.Module):
    """Both levels of a backbone to one vector a box; D is the sum of both levels' dimensions.

    Args:
        inputs: channels of the two levels.
        strides: of the two levels, in pixels.
        widths: channels of the convolutions at each level.
        bins: of the pooling at each level.
        dimensions: of each level's part of the vector.
    """

    def __init__(
        self,
        inputs: list[int],
        strides: list[int],
        widths: tuple[int, int],
        bins: tuple[int, int],
        dimensions: tuple[int, int],
    ) -> None:
        super().__init__()
        self.fine = Embedding(inputs[0], widths[0], bins[0], dimensions[0], strides[0])
        self.coarse = Embedding(inputs[1], widths[1], bins[1], dimensions[1], strides[1])

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Return the two levels [N, C, H, W] of a backbone, ready for pooling."""
        return [self.fine.convs(levels[0]), self.coarse.convs(levels[1])]

    @torch.jit.export
    def on_grid(self, levels: list[Tensor], xs: Tensor, ys: Tensor, size: Tensor) -> Tensor:
        """Vectors [Y X, D] of boxes of size [2] (w, h) on a grid in one image; levels [C, H, W] each."""
        return torch.cat(
            (self.fine.on_grid(levels[0], xs, ys, size), self.coarse.on_grid(levels[1], xs, ys, size)), dim=1
        )

    @torch.jit.export
    def of_boxes(self, levels: list[Tensor], boxes: Tensor) -> Tensor:
        """Return the vectors [R, D] of boxes [R, 4] in one image; levels [C, H, W] each."""
        fine, coarse = self.fine.of_boxes(levels[0], boxes), self.coarse.of_boxes(levels[1], boxes)
        return torch.cat((fine, coarse), dim=1)


def channel_rms(vectors: Tensor) -> Tensor:
    """Return the root mean square [D] of each channel over the boxes of one image, [N, D]."""
    return vectors.square().mean(0).sqrt().clamp(min=1e-6)
