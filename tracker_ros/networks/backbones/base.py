# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The interface of all feature extractors.

A backbone takes crops as RGB in 0-255, whatever its weights were trained with: its input convention
is data that it applies itself. It returns the levels it was asked for, shallow ones first.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class InputConvention(NamedTuple):
    """The preparation of pixels: (x - mean) / std on 0-255 values in the order 'RGB' or 'BGR'."""

    order: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


#: By name, as the weights manifest refers to them.
INPUT_CONVENTIONS = {
    # torchvision's models: RGB in [0, 1] with the mean and deviation of ImageNet.
    "imagenet": InputConvention("RGB", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    # Networks trained in Caffe and MatConvNet.
    "caffe": InputConvention("BGR", (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
    # EfficientNet-Lite as trained in TensorFlow.
    "tensorflow": InputConvention("RGB", (127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),
    # pysot's networks: pixels as OpenCV reads them.
    "raw": InputConvention("BGR", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


class Backbone(nn.Module):
    """Base of feature extractors.

    Attributes:
        strides: of each returned level, in pixels.
        channels: of each returned level.
    """

    def __init__(self, strides: list[int], channels: list[int]) -> None:
        super().__init__()
        self.strides = strides
        self.channels = channels
        # Not persistent: published files hold parameters only.
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.ones(1, 3, 1, 1), persistent=False)
        self.bgr = False
        self.use_input("imagenet")

    @torch.jit.unused
    def use_input(self, name: str) -> None:
        """Prepare pixels by the convention `name` of `INPUT_CONVENTIONS` from now on.

        Raises:
            ValueError: when there is no such convention.
        """
        if name not in INPUT_CONVENTIONS:
            raise ValueError(f"unknown input convention '{name}'; known: {', '.join(INPUT_CONVENTIONS)}")
        convention = INPUT_CONVENTIONS[name]
        self.mean.copy_(torch.tensor(convention.mean).view(1, 3, 1, 1))
        self.std.copy_(torch.tensor(convention.std).view(1, 3, 1, 1))
        self.bgr = convention.order == "BGR"

    @torch.jit.unused
    def published(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Rename the tensors of a published file to this network's names; unchanged if they have them."""
        return tensors

    def prepare(self, images: Tensor) -> Tensor:
        """Normalise crops [N, 3, H, W], RGB in 0-255, as the network's weights expect them."""
        ordered = images.flip(1) if self.bgr else images
        return (ordered - self.mean) / self.std


class SequentialBackbone(Backbone):
    """A backbone whose layers follow one another in `features`, as in torchvision's AlexNet and VGG.

    Args:
        layers: of the whole network; those after the last level are not kept.
        taken: index of the layer that ends each level.
        strides: of each level.
        channels: of each level.
    """

    def __init__(
        self, layers: list[nn.Module], taken: list[int], strides: list[int], channels: list[int]
    ) -> None:
        super().__init__(strides, channels)
        self.taken = taken
        self.features = nn.Sequential(*layers[: taken[-1] + 1])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map crops [N, 3, H, W] (RGB, 0-255) to one map [N, C, H / stride, W / stride] a level."""
        x = self.prepare(images)
        maps: list[Tensor] = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taken:
                maps.append(x)
        return maps


def check_levels(network: str, levels: tuple[str, ...], known: list[str]) -> None:
    """Raise ValueError unless `levels` are some of `known`, in that order, without repetition."""
    if not levels or list(levels) != [name for name in known if name in levels]:
        raise ValueError(f"{network} has the levels {', '.join(known)} in this order; got {levels}")
