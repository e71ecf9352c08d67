# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RT-MDNet on MobileNetV3: the parts of `networks.vggm.MdNet`, for one core of a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.ops.roi_align import adaptive_roi_align


class MobileMdNet(nn.Module):
    """Box features of two levels on one grid of stride 8, and two trained fully connected layers.

    Features are standardised before the layers read them: in the first frame by the tracker, in each scene by
    the training.

    Args:
        hidden: width of both fully connected layers.

    Attributes:
        target, smallest, step, hidden: as in `networks.vggm.MdNet`.
    """

    def __init__(self, hidden: int = 128) -> None:
        super().__init__()
        # Squeeze-and-excitation averages over the whole scene: in scenes of another extent than in training
        # a box has other features, and the classifier no longer knows its target.
        self.target, self.smallest, self.step = 64.0, 256.0, 16
        self.bins, self.padding, self.stride = 3, 1.2, 8
        self.trunk = build_backbone("mobilenet_v3", ("stride8", "stride16"))
        self.hidden = hidden
        self.fc4 = nn.Linear(self.bins**2 * sum(self.trunk.channels), hidden)
        self.fc5 = nn.Linear(hidden, hidden)

    def forward(self, samples: Tensor) -> Tensor:
        """Return [R, hidden] of standardised box features [R, 648], with dropout in training."""
        x = F.dropout(torch.relu(self.fc4(samples)), 0.5, self.training)
        return F.dropout(torch.relu(self.fc5(x)), 0.5, self.training)

    @torch.jit.export
    def features(self, images: Tensor) -> Tensor:
        """Return the feature maps [N, 72, H / 8, W / 8] of scenes [N, 3, H, W], RGB in 0-255."""
        fine, deep = self.trunk(images)
        size = [fine.shape[2], fine.shape[3]]
        return torch.cat((fine, F.interpolate(deep, size, mode="bilinear", align_corners=False)), 1)

    @torch.jit.export
    def scene(self, image: Tensor) -> Tensor:
        """Return the feature map [72, H / 8, W / 8] of a scene [1, 3, H, W]."""
        return self.features(image)[0]

    @torch.jit.export
    def read(self, features: Tensor, boxes: Tensor) -> Tensor:
        """[R, 648] features of boxes [R, 4] in pixels of the scene: adaptive RoIAlign to 3 x 3 bins."""
        padded = torch.cat((boxes[:, :2], boxes[:, 2:] * self.padding), dim=1) / self.stride
        return adaptive_roi_align(features, padded, self.bins, self.bins).flatten(1)

    @torch.jit.export
    def start(self) -> list[Tensor]:
        """Return the weights and biases of both layers before a target is learned."""
        return [
            self.fc4.weight.detach(),
            self.fc4.bias.detach(),
            self.fc5.weight.detach(),
            self.fc5.bias.detach(),
        ]
