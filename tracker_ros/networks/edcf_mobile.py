# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""EDCF's two branches and decoder over MobileNetV3: levels of one network in place of a shared layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.edcf import ContextFilter, Geometry, middle
from tracker_ros.networks.folding import FoldingNorm
from tracker_ros.networks.siamfc import Adjust, correlate

#: Crops of 192 px that keep their shape show three target sides; fine cells are 4 px apart. f reaches
#: 64 px, as in the paper.
MOBILE = Geometry(search=192, extent=3.0, cells=48, stride=4, shift=16, reach=16, square=True)
#: Of the fine branch, of the semantic branch.
FINE_CHANNELS, CHANNELS = 16, 64
#: Side of the semantic template, in cells of 8 px: one target side.
TEMPLATE = 8


class MobileFeatures(nn.Module):
    """Levels of strides 4, 8 and 16, all brought to stride 4, and the layer of the semantic branch."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = build_backbone("mobilenet_v3", ("stride4", "stride8", "stride16"))
        first, second, third = self.trunk.channels
        self.shared, self.first = first + second, first
        self.neck = nn.Conv2d(second + third, CHANNELS, 1, bias=False)
        self.norm = FoldingNorm(CHANNELS)

    def shallow(self, images: Tensor) -> Tensor:
        """Return [N, 3, H, W] to [N, 88, H / 4, W / 4]."""
        fine, second, third = self.trunk(images)
        size = [fine.shape[2], fine.shape[3]]
        return torch.cat(
            (
                fine,
                F.interpolate(second, size, mode="bilinear", align_corners=False),
                F.interpolate(third, size, mode="bilinear", align_corners=False),
            ),
            1,
        )

    def deep(self, shallow: Tensor) -> Tensor:
        """Return [N, 88, h, w] to semantic features [N, 64, h / 2, w / 2]."""
        return self.norm.convolve(F.avg_pool2d(shallow[:, self.first :], 2), self.neck.weight, None)


class MobileEDCFModel(nn.Module):
    """The model of `edcf.EDCFModel` with the sizes of `MOBILE`.

    Args:
        penalty, context_penalty: see `edcf.ContextFilter`.
    """

    def __init__(self, penalty: float, context_penalty: float) -> None:
        super().__init__()
        self.features = MobileFeatures()
        self.shared = self.features.shared
        self.fine_layer = nn.Conv2d(self.shared, FINE_CHANNELS, 3, padding=1)
        self.filter = ContextFilter(
            penalty, context_penalty, MOBILE.cells, MOBILE.shift, MOBILE.label_sigma()
        )
        self.adjust = Adjust(0.01, 0.0, train_gain=True)
        self.cells, self.template_cells = MOBILE.cells, 2 * TEMPLATE

    def fine(self, shallow: Tensor) -> Tensor:
        """Return the fine features [N, 16, h, w] of strides 4 and 8."""
        return self.fine_layer(shallow[:, : self.shared])

    def learn(self, shallow: Tensor) -> Tensor:
        """Return the filters [N, 16, 48, 25] of the shared levels [N, 88, 80, 80] on wide crops."""
        return self.filter.solve(self.fine(shallow))

    def template(self, shallow: Tensor) -> Tensor:
        """Return the semantic templates [N, 64, 8, 8] of the same."""
        return self.features.deep(middle(shallow, self.template_cells))

    def forward(self, shallow: Tensor, templates: Tensor) -> tuple[Tensor, Tensor]:
        """Return correlations f [N, 17, 17] and semantic features [N, 64, 24, 24] of search or wide crops."""
        semantic = self.features.deep(middle(shallow, self.cells))
        return correlate(semantic, templates), semantic


class MobileDecoder(nn.Sequential):
    """Three deconvolutions from semantic features [N, 64, h, w] to images [N, 3, 8 h, 8 w]; training only."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in ((CHANNELS, 48), (48, 24)):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        super().__init__(*layers, nn.ConvTranspose2d(24, 3, 4, 2, 1))
