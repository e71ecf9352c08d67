# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Heads of region proposal trackers, under pysot's parameter names.

A head is split in two, because a tracker runs the exemplar's half once and the search half in every
frame: `template` makes correlation kernels of exemplar features, `forward` correlates search features
with them. Both return (classification, regression). Outputs are [N, 2 A, h, w] and [N, 4 A, h, w]
for A anchors; `ops.anchors` says how they are laid out.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tracker_ros.ops.anchors import anchor_grid
from tracker_ros.ops.xcorr import xcorr_depthwise, xcorr_up

#: Side of the exemplar crop and distance of response cells, both in pixels of the crops.
EXEMPLAR = 127
STRIDE = 8
#: Height / width of the anchors of a cell, and their size in cells.
RATIOS = [0.33, 0.5, 1.0, 2.0, 3.0]
SCALE = 8.0


class ResponseGrid(NamedTuple):
    """The places of a response's cells in a search crop.

    Attributes:
        stride: pixels from cell to cell.
        extra: cells that the response has beyond (search - exemplar) / stride + 1; padding adds them.
        offset: where the response's middle lies beside the crop's, in pixels along both axes.
    """

    stride: int = STRIDE
    extra: int = 0
    offset: float = 0.0

    def cells(self, search: int) -> int:
        """Return the side of the response to a search crop of `search` pixels."""
        return (search - EXEMPLAR) // self.stride + 1 + self.extra

    def anchors(self, search: int) -> Tensor:
        """Return [A, h, w, 4] anchors (cx, cy, w, h) in pixels about the crop's middle."""
        found = anchor_grid(self.stride, RATIOS, SCALE * STRIDE / self.stride, self.cells(search))
        return found + torch.tensor([self.offset, self.offset, 0.0, 0.0])


class UpChannelRpn(nn.Module):
    """SiamRPN's head (Li et al., 2018, section 3.2): the exemplar's convolutions raise the channels."""

    def __init__(self, anchors: int, channels: int) -> None:
        super().__init__()
        self.template_cls_conv = nn.Conv2d(channels, channels * 2 * anchors, 3)
        self.template_loc_conv = nn.Conv2d(channels, channels * 4 * anchors, 3)
        self.search_cls_conv = nn.Conv2d(channels, channels, 3)
        self.search_loc_conv = nn.Conv2d(channels, channels, 3)
        self.loc_adjust = nn.Conv2d(4 * anchors, 4 * anchors, 1)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return kernels [N, 2 A C, h - 2, w - 2] and [N, 4 A C, h - 2, w - 2] of features [N, C, h, w]."""
        return self.template_cls_conv(exemplar), self.template_loc_conv(exemplar)

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs for search features [N, C, H, W]."""
        cls = xcorr_up(self.search_cls_conv(search), cls_kernel)
        loc = xcorr_up(self.search_loc_conv(search), loc_kernel)
        return cls, self.loc_adjust(loc)


class DepthwiseBranch(nn.Module):
    """Depthwise correlation followed by a two-layer perceptron at every place."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.conv_kernel = _conv(channels, 3)
        self.conv_search = _conv(channels, 3)
        self.head = nn.Sequential(*_conv(channels, 1), nn.Conv2d(channels, outputs, 1))

    @torch.jit.export
    def template(self, exemplar: Tensor) -> Tensor:
        """Return the kernels [N, C, h - 2, w - 2] of exemplar features [N, C, h, w]."""
        return self.conv_kernel(exemplar)

    def forward(self, kernel: Tensor, search: Tensor) -> Tensor:
        """Return [N, outputs, ...] for search features [N, C, H, W]."""
        return self.head(xcorr_depthwise(self.conv_search(search), kernel))


def _conv(channels: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels, size, bias=False), nn.BatchNorm2d(channels), nn.ReLU())


class DepthwiseRpn(nn.Module):
    """SiamRPN++'s head (Li et al., 2019, section 3.3) on one level of features."""

    def __init__(self, anchors: int, channels: int) -> None:
        super().__init__()
        self.cls = DepthwiseBranch(channels, 2 * anchors)
        self.loc = DepthwiseBranch(channels, 4 * anchors)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return two kernels [N, C, h - 2, w - 2] of exemplar features [N, C, h, w]."""
        return self.cls.template(exemplar), self.loc.template(exemplar)

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs for search features [N, C, H, W]."""
        return self.cls(cls_kernel, search), self.loc(loc_kernel, search)


class MultiLevelRpn(nn.Module):
    """Depthwise heads on three levels, mixed by learned weights (SiamRPN++, eq. 2).

    Kernels of the levels are stacked: [3, N, C, h, w].
    """

    def __init__(self, anchors: int, channels: int) -> None:
        super().__init__()
        self.rpn2 = DepthwiseRpn(anchors, channels)
        self.rpn3 = DepthwiseRpn(anchors, channels)
        self.rpn4 = DepthwiseRpn(anchors, channels)
        self.cls_weight = nn.Parameter(torch.ones(3))
        self.loc_weight = nn.Parameter(torch.ones(3))

    @torch.jit.export
    def template(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the stacked kernels of three levels of exemplar features [N, C, h, w]."""
        a, b, c = self.rpn2.template(levels[0]), self.rpn3.template(levels[1]), self.rpn4.template(levels[2])
        return torch.stack((a[0], b[0], c[0])), torch.stack((a[1], b[1], c[1]))

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the outputs for three levels of search features [N, C, H, W]."""
        a = self.rpn2(cls_kernel[0], loc_kernel[0], levels[0])
        b = self.rpn3(cls_kernel[1], loc_kernel[1], levels[1])
        c = self.rpn4(cls_kernel[2], loc_kernel[2], levels[2])
        cls_share, loc_share = self.cls_weight.softmax(0), self.loc_weight.softmax(0)
        cls = a[0] * cls_share[0] + b[0] * cls_share[1] + c[0] * cls_share[2]
        loc = a[1] * loc_share[0] + b[1] * loc_share[1] + c[1] * loc_share[2]
        return cls, loc
