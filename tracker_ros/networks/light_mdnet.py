# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RT-MDNet's parts on the small backbone: no download, tens of frames a second on one core of a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.ops.roi_align import adaptive_roi_align


class LightMdNet(nn.Module):
    """Box features from the first level of `micro_resnet`, with the attributes of `networks.vggm.MdNet`.

    Only the backbone is trained. The fully connected layers start from seeded random numbers and learn
    every target anew, which is enough for standardised features.

    Args:
        hidden: width of both fully connected layers.
        seed: of their first values.
    """

    def __init__(self, hidden: int, seed: int) -> None:
        super().__init__()
        self.target, self.smallest, self.step = 40.0, 32.0, 4
        self.bins, self.padding = 3, 1.2
        self.backbone = build_backbone("micro_resnet", ("stride4",))
        self.hidden = hidden
        self.inputs = self.bins**2 * self.backbone.channels[0]
        generator = torch.Generator().manual_seed(seed)
        for name, inputs in (("first4", self.inputs), ("first5", hidden)):
            values = torch.randn(hidden, inputs, generator=generator) * (2 / inputs) ** 0.5
            self.register_buffer(name, values, persistent=False)

    @torch.jit.export
    def scene(self, image: Tensor) -> Tensor:
        """Return the feature map [48, H / 4, W / 4] of a scene [1, 3, H, W], RGB in 0-255."""
        return self.backbone(image)[0][0]

    @torch.jit.export
    def read(self, features: Tensor, boxes: Tensor) -> Tensor:
        """[R, 432] features of boxes [R, 4] in pixels of the scene: adaptive RoIAlign to 3 x 3 bins."""
        padded = torch.cat((boxes[:, :2], boxes[:, 2:] * self.padding), dim=1) / self.step
        return adaptive_roi_align(features, padded, self.bins, self.bins).flatten(1)

    @torch.jit.export
    def start(self) -> list[Tensor]:
        """Return the weights and biases of both layers before a target is learned."""
        zeros = torch.zeros([self.hidden], device=self.first4.device)
        return [self.first4, zeros, self.first5, zeros]
