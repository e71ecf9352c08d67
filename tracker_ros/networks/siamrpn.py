# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamRPN's network (Li et al., 2018), under pysot's parameter names."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.networks.rpn import DepthwiseRpn, ResponseGrid, UpChannelRpn

_CHANNELS = (96, 256, 384, 384, 256)


class SiameseAlexNet(nn.Module):
    """AlexNet without padding and with total stride 8, each convolution batch-normalised.

    [N, 3, H, W] RGB in 0-255 to [N, 256 width, h, w]; 127 px give 6 cells, 255 px 22 and 287 px 26.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        a, b, c, d, e = (int(channels * width) for channels in _CHANNELS)
        self.channels = e
        self.layer1 = nn.Sequential(nn.Conv2d(3, a, 11, 2), nn.BatchNorm2d(a), nn.MaxPool2d(3, 2), nn.ReLU())
        self.layer2 = nn.Sequential(nn.Conv2d(a, b, 5), nn.BatchNorm2d(b), nn.MaxPool2d(3, 2), nn.ReLU())
        self.layer3 = nn.Sequential(nn.Conv2d(b, c, 3), nn.BatchNorm2d(c), nn.ReLU())
        self.layer4 = nn.Sequential(nn.Conv2d(c, d, 3), nn.BatchNorm2d(d), nn.ReLU())
        self.layer5 = nn.Sequential(nn.Conv2d(d, e, 3), nn.BatchNorm2d(e))
        # A forward takes three quarters of the time on a CPU in this layout.
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of a crop."""
        return self.layer5(self.layer4(self.layer3(self.layer2(self.layer1(images)))))


class SiamRpnNet(nn.Module):
    """AlexNet and a region proposal head.

    Args:
        anchors: shapes a cell.
        correlation: 'up' as in the paper, 'depthwise' as in pysot's published AlexNet model.
        width: multiplies AlexNet's channels.
    """

    #: The response: SiamRPN's, with no cells that padding adds.
    grid = ResponseGrid()

    def __init__(self, anchors: int, correlation: str = "up", width: float = 1.0) -> None:
        super().__init__()
        self.backbone = SiameseAlexNet(width)
        head = UpChannelRpn if correlation == "up" else DepthwiseRpn
        self.rpn_head = head(anchors, self.backbone.channels)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return the classification and regression kernels of exemplar crops [N, 3, 127, 127]."""
        return self.rpn_head.template(self.backbone(exemplar))

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the head outputs for search crops [N, 3, S, S]."""
        return self.rpn_head(cls_kernel, loc_kernel, self.backbone(search))
