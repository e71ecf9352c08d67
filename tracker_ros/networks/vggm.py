# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RT-MDNet's network (Jung et al., 2018): VGG-M convolutions and three fully connected layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.ops.roi_align import adaptive_roi_align


class ResponseNorm(nn.Module):
    """x / (2 + 1e-4 x^2)^0.75, element by element, as RT-MDNet's published code normalises."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x; the shape stays."""
        return x / (2 + 1e-4 * x.square()).pow(0.75)


class VggM(nn.Module):
    """Three convolutions of VGG-M with stride 8: conv2's pooling left out, conv3 dilated by 3.

    [N, 3, H, W] RGB in 0-255 to [N, 512 width, h, w] with h = (H - 75) // 8 + 1.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        a, b, c = (int(channels * width) for channels in (96, 256, 512))
        self.channels = c
        self.conv1 = nn.Sequential(nn.Conv2d(3, a, 7, 2), nn.ReLU(), ResponseNorm(), nn.MaxPool2d(3, 2))
        self.conv2 = nn.Sequential(nn.Conv2d(a, b, 5, 2), nn.ReLU(), ResponseNorm())
        self.conv3 = nn.Sequential(nn.Conv2d(b, c, 3, dilation=3), nn.ReLU())
        # A forward takes three quarters of the time on a CPU in this layout; boxes are read in the other.
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return the feature map of a scene."""
        return self.conv3(self.conv2(self.conv1(images - 128.0))).contiguous()


def box_features(
    features: Tensor, boxes: Tensor, padding: float = 1.2, stride: float = 8.0, receptive_field: float = 75.0
) -> Tensor:
    """Return [R, 9 C] features of boxes: adaptive RoIAlign to 7 x 7, max-pooled to 3 x 3, flattened.

    Args:
        features: [C, h, w] of one scene; cell i sees the pixels from i * stride on, `receptive_field` many.
        boxes: [R, 4] (cx, cy, w, h) in pixels of the scene.
        padding: a box is read with its surroundings, this many times its size.

    The padded box is read by the cells whose receptive fields lie inside it: the outer two of the 7
    samples an axis sit on the outermost of them, so that 7 bins span 7 / 6 of the distance between
    these. A box smaller than the receptive field is read at the cell in its middle.
    """
    center = (boxes[:, :2] - receptive_field / 2) / stride + 0.5
    reach = ((boxes[:, 2:] * padding - receptive_field) / stride).clamp(min=0.0)
    return adaptive_roi_align(features, torch.cat((center, reach * (7 / 6)), dim=1), 7, 7, True).flatten(1)


class MdNet(nn.Module):
    """The part of RT-MDNet that targets share: feature map and two fully connected layers.

    The last layer belongs to one target (tracking) or one domain (training) and is kept there.

    Args:
        width: multiplies all channels.

    Attributes:
        target: sides of the target in a scene, in pixels.
        smallest: least side of a scene.
        step: what the sides of a scene are multiples of.
        hidden: units of a fully connected layer.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.target, self.smallest, self.step = 107.0, 75.0, 1
        self.features = VggM(width)
        self.hidden = int(512 * width)
        self.fc4 = nn.Linear(9 * self.features.channels, self.hidden)
        self.fc5 = nn.Linear(self.hidden, self.hidden)

    def forward(self, samples: Tensor) -> Tensor:
        """Return [R, 512 width] of box features [R, 9 C], with dropout in training."""
        x = F.dropout(torch.relu(self.fc4(samples)), 0.5, self.training)
        return F.dropout(torch.relu(self.fc5(x)), 0.5, self.training)

    @torch.jit.export
    def scene(self, image: Tensor) -> Tensor:
        """Return the feature map [C, h, w] of a scene [1, 3, H, W]."""
        return self.features(image)[0]

    @torch.jit.export
    def read(self, features: Tensor, boxes: Tensor) -> Tensor:
        """Return [R, 9 C] features of boxes [R, 4] in pixels of the scene."""
        return box_features(features, boxes)

    @torch.jit.export
    def start(self) -> list[Tensor]:
        """Return the weights and biases of both layers before a target is learned."""
        return [
            self.fc4.weight.detach(),
            self.fc4.bias.detach(),
            self.fc5.weight.detach(),
            self.fc5.bias.detach(),
        ]
