# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV3 as the siamese trackers use it: three levels on one grid of stride 8."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone

#: Side of the middle of an exemplar's 16 x 16 cells that makes a template. An even number: the response
#: then has a cell for a target that did not move, in its middle.
CELLS = 8
#: Cells that a response has beyond (search - exemplar) / 8 + 1, which padding adds.
EXTRA_CELLS = 8


class MobileLevels(nn.Module):
    """Blocks 3, 6 and 8 of MobileNetV3; the last two, of stride 16, are brought to stride 8.

    Batch statistics stay those that were loaded, in training too: fine-tuning changes the convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = build_backbone("mobilenet_v3", ("stride8", "middle", "stride16"))
        self.channels = self.trunk.channels

    def train(self, mode: bool = True) -> MobileLevels:
        """Training mode, save for the batch normalisations."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """[N, C, h, w] each; sides of 127 px give 16 cells, of 255 px 32."""
        fine, middle, deep = self.trunk(images)
        size = [fine.shape[2], fine.shape[3]]
        return [
            fine,
            F.interpolate(middle, size, mode="bilinear", align_corners=False),
            F.interpolate(deep, size, mode="bilinear", align_corners=False),
        ]
