# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamRPN and SiamRPN++ for a CPU: region proposals on MobileNetV3 with the branches of the light SiamBAN.

Anchors, their labels, losses and the choice of a proposal are SiamRPN's. The correlation is pixelwise, and
towers of separable convolutions stand in the place of the heads' plain ones.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.folding import FoldingNorm
from tracker_ros.networks.rpn import ResponseGrid
from tracker_ros.networks.siamban import CHANNELS, STRIDE, Branch, SiamBanNet

#: 16 x 16 cells for 255 px, the one at (8, 8) in the middle of the crop.
GRID = ResponseGrid(STRIDE, extra=7, offset=-STRIDE / 2)
#: Shares of the levels before training, as logits: the last one starts from what another network learned.
LEVEL_WEIGHTS = (-1.0, -1.0, 2.0)


class PixelwiseRpn(nn.Module):
    """A region proposal head of two of the light SiamBAN's branches; kernels are [N, 64, C]."""

    def __init__(self, anchors: int) -> None:
        super().__init__()
        self.cls, self.loc = Branch(2 * anchors), Branch(4 * anchors)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return two kernels [N, 64, 48] of exemplar features [N, 48, 8, 8]."""
        return self.cls.template(exemplar), self.loc.template(exemplar)

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs [N, 2 A, h, w] and [N, 4 A, h, w] for search features [N, 48, h, w]."""
        return self.cls(cls_kernel, search), self.loc(loc_kernel, search)

    @torch.jit.unused
    def start_from(self, other: SiamBanNet) -> None:
        """Copy correlation and towers from the light SiamBAN's branches; the predictions stay as they are."""
        for own, known in ((self.cls, other.classify), (self.loc, other.locate)):
            own.correlation.load_state_dict(known.correlation.state_dict())
            own.tower.load_state_dict(known.tower.state_dict())


class MobileRpnNet(nn.Module):
    """SiamRPN on the last level of MobileNetV3.

    Args:
        anchors: shapes a cell.
    """

    grid = GRID

    def __init__(self, anchors: int) -> None:
        super().__init__()
        self.backbone = build_backbone("mobilenet_v3", ("stride16",))
        self.rpn_head = PixelwiseRpn(anchors)
        self.to(memory_format=torch.channels_last)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return the classification and regression kernels [N, 64, 48] of exemplar crops [N, 3, 127, 127]."""
        return self.rpn_head.template(self.backbone(exemplar)[0])

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the head outputs for search crops [N, 3, S, S]."""
        return self.rpn_head(cls_kernel, loc_kernel, self.backbone(search)[0])

    @torch.jit.unused
    def start_from(self, other: SiamBanNet) -> None:
        """Copy everything from the light SiamBAN but its predictions."""
        self.backbone.load_state_dict(other.backbone.state_dict())
        self.rpn_head.start_from(other)


class Narrow(nn.Module):
    """A normalised 1 x 1 convolution to the 48 channels that a branch reads."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, CHANNELS, 1, bias=False)
        self.norm = FoldingNorm(CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, inputs, h, w] to [N, 48, h, w]."""
        return self.norm.convolve(x, self.conv.weight, None)


class MobileRpnPlusPlusNet(nn.Module):
    """SiamRPN++ on three levels of MobileNetV3 (strides 8, 16 and 16, the first brought to 16).

    Each has a head of its own; learned weights mix them (SiamRPN++, eq. 2). Kernels of the levels are
    stacked: [3, N, 64, 48].

    Args:
        anchors: shapes a cell.
    """

    grid = GRID

    def __init__(self, anchors: int) -> None:
        super().__init__()
        self.backbone = build_backbone("mobilenet_v3", ("stride8", "middle", "stride16"))
        self.neck2, self.neck3 = Narrow(self.backbone.channels[0]), Narrow(self.backbone.channels[1])
        self.rpn2, self.rpn3, self.rpn4 = PixelwiseRpn(anchors), PixelwiseRpn(anchors), PixelwiseRpn(anchors)
        self.cls_weight = nn.Parameter(torch.tensor(LEVEL_WEIGHTS))
        self.loc_weight = nn.Parameter(torch.tensor(LEVEL_WEIGHTS))
        self.to(memory_format=torch.channels_last)

    def levels(self, images: Tensor) -> list[Tensor]:
        """Return three maps [N, 48, h, w] of crops [N, 3, H, W]."""
        fine, middle, deep = self.backbone(images)
        fine = F.avg_pool2d(fine, 2, ceil_mode=True)
        return [self.neck2(fine), self.neck3(middle), deep]

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return the stacked classification and regression kernels of exemplar crops [N, 3, 127, 127]."""
        levels = self.levels(exemplar)
        a, b, c = self.rpn2.template(levels[0]), self.rpn3.template(levels[1]), self.rpn4.template(levels[2])
        return torch.stack((a[0], b[0], c[0])), torch.stack((a[1], b[1], c[1]))

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the head outputs for search crops [N, 3, S, S]."""
        levels = self.levels(search)
        a = self.rpn2(cls_kernel[0], loc_kernel[0], levels[0])
        b = self.rpn3(cls_kernel[1], loc_kernel[1], levels[1])
        c = self.rpn4(cls_kernel[2], loc_kernel[2], levels[2])
        cls_share, loc_share = self.cls_weight.softmax(0), self.loc_weight.softmax(0)
        cls = a[0] * cls_share[0] + b[0] * cls_share[1] + c[0] * cls_share[2]
        loc = a[1] * loc_share[0] + b[1] * loc_share[1] + c[1] * loc_share[2]
        return cls, loc

    @torch.jit.unused
    def start_from(self, other: MobileRpnNet) -> None:
        """Copy the backbone and, for the last level, the head of a network of one level."""
        self.backbone.load_state_dict(other.backbone.state_dict())
        self.rpn4.load_state_dict(other.rpn_head.state_dict())
