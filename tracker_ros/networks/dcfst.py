# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DCFST's networks as one module: backbone, embedding of regions and IoU prediction."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.iounet import IoUNet
from tracker_ros.networks.locator import Locator, channel_rms
from tracker_ros.ops.labels import gaussian


class DcfstShape(NamedTuple):
    """Sizes of one version of the networks.

    Attributes:
        levels: of the backbone.
        search: side of the square search crop in pixels; it covers `AREA` target sides.
        grid: candidate boxes a side.
        widths, bins, dimensions: of the two levels of the embedding.
        iou_width: channels of the IoU head.
    """

    levels: tuple[str, str]
    search: int
    grid: int
    widths: tuple[int, int]
    bins: tuple[int, int]
    dimensions: tuple[int, int]
    iou_width: int


#: Side of the search region in root areas of the target.
AREA = 5.0
#: Part of the search crop's side over which candidate middles lie.
COVERED = 0.8
SHAPES = {
    "resnet18": DcfstShape(("layer2", "layer3"), 288, 31, (128, 256), (8, 4), (512, 512), 256),
    "micro_resnet": DcfstShape(("stride8", "stride16"), 160, 21, (64, 64), (4, 2), (128, 128), 64),
    "mobilenet_v3": DcfstShape(("stride8", "stride16"), 256, 21, (64, 64), (4, 2), (128, 128), 64),
}


class DcfstNetwork(nn.Module):
    """Backbone, locator and IoU head of DCFST for one of the backbones in `SHAPES`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        shape = SHAPES[name]
        self.backbone = build_backbone(name, shape.levels)
        channels, strides = self.backbone.channels, self.backbone.strides
        self.locator = Locator(channels, strides, shape.widths, shape.bins, shape.dimensions)
        self.iou = IoUNet(channels, strides, shape.iou_width)
        self.search, self.grid = shape.search, shape.grid
        self.dimensions = sum(shape.dimensions)
        reach = COVERED * shape.search / 2
        axis = torch.linspace(-reach, reach, shape.grid)
        self.register_buffer("axis", axis, persistent=False)
        self.spacing = float(axis[1] - axis[0])
        # Labels are a quarter of the target's root area wide, in steps of the grid.
        self.sigma = shape.search / AREA / 4 / self.spacing

    @torch.jit.export
    def embed(self, levels: list[Tensor], size: Tensor) -> Tensor:
        """Return the vectors [grid^2, D] of boxes of size [2] (w, h; crop pixels) all over one search crop.

        Each channel is divided by its root mean square over these boxes.

        Args:
            levels: [C, H, W] each, from `locator`.
        """
        places = self.axis + self.search / 2
        vectors = self.locator.on_grid(levels, places, places, size)
        return vectors / channel_rms(vectors)

    @torch.jit.export
    def labels(self, box: Tensor) -> Tensor:
        """Return the desired regression values [grid^2] for a target at box [4] in crop pixels.

        A Gaussian of the distance to its middle.
        """
        middle = (box[:2] - self.search / 2) / self.spacing + (self.grid - 1) / 2
        column, row = float(middle[0]), float(middle[1])
        return gaussian(self.grid, self.grid, self.sigma, self.sigma, row, column, box.device).flatten()
