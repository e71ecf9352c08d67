# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 1.0 (Sandler et al., CVPR 2018, table 2) under torchvision's parameter names."""

from __future__ import annotations

import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.base import Backbone, check_levels
from tracker_ros.networks.folding import FoldingNorm

#: Table 2: expansion t, output channels c, repetitions n, stride s of the first repetition.
_TABLE = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
#: The last block before the next halving: its index in `features` and its channels.
_LEVELS = {
    "stride2": (1, 16),
    "stride4": (3, 24),
    "stride8": (6, 32),
    "stride16": (13, 96),
    "stride32": (17, 320),
}
#: A parameter of a block that lists its layers without grouping them: block, layer, name.
_FLAT = re.compile(r"features\.(\d+)\.conv\.(\d)\.([a-z_]+)")


class ConvNormRelu(nn.Sequential):
    """A convolution, its batch normalisation and ReLU6."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> None:
        convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
        super().__init__(convolution, FoldingNorm(outputs))
        self.stride, self.padding, self.groups = stride, size // 2, groups

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, H, W] to [N, outputs, H / stride, W / stride] in [0, 6]."""
        return F.relu6(self[1].convolve(x, self[0].weight, None, self.stride, self.padding, self.groups))


class Bottleneck(nn.Sequential):
    """Expand by 1 x 1 (unless `expansion` is 1), filter each channel by 3 x 3, project linearly."""

    __constants__ = ["expands"]

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        width = inputs * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [ConvNormRelu(inputs, width, 1)]
        layers.append(ConvNormRelu(width, width, 3, stride, width))
        super().__init__(*layers, nn.Conv2d(width, outputs, 1, bias=False), FoldingNorm(outputs))
        self.expands = expansion != 1

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        y = self[0](x)
        if self.expands:
            y = self[1](y)
        return self[-1].convolve(y, self[-2].weight, None)


class InvertedResidual(nn.Module):
    """A bottleneck; its input is added where sizes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.conv = Bottleneck(inputs, outputs, stride, expansion)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        y = self.conv(x)
        return x + y if self.residual else y


class MobileNetV2(Backbone):
    """Levels 'stride2' (16 channels), 'stride4' (24), 'stride8' (32), 'stride16' (96), 'stride32' (320).

    Each is the linear output of the last block of its resolution, so values may be negative.
    """

    def __init__(self, levels: tuple[str, ...]) -> None:
        check_levels("mobilenet_v2", levels, list(_LEVELS))
        chosen = [_LEVELS[name] for name in levels]
        super().__init__([int(name[6:]) for name in levels], [channels for _, channels in chosen])
        self.taken = [index for index, _ in chosen]
        layers: list[nn.Module] = [ConvNormRelu(3, 32, 3, 2)]
        inputs = 32
        for expansion, outputs, count, first in _TABLE:
            for number in range(count):
                layers.append(InvertedResidual(inputs, outputs, first if number == 0 else 1, expansion))
                inputs = outputs
        self.features = nn.Sequential(*layers[: self.taken[-1] + 1])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map crops [N, 3, H, W] (RGB, 0-255) to [N, C, H / stride, W / stride] a level."""
        x = self.prepare(images)
        maps: list[Tensor] = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taken:
                maps.append(x)
        return maps

    @torch.jit.unused
    def published(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Rename the tensors of files whose blocks list convolution, norm and ReLU6 one after another.

        The first implementations in PyTorch did, and files made with them are still in use. Layers 0
        to 7 of such a block are the groups (0, 1), (3, 4) and (6, 7) here; block 1, which does not
        expand, has the last two groups only.
        """
        if "features.2.conv.7.weight" not in tensors:
            return tensors

        def renamed(name: str) -> str:
            found = _FLAT.fullmatch(name)
            if found is None:
                return name
            layer, kind = int(found[2]), found[3]
            group, inner = divmod(layer, 3)
            last = 1 if found[1] == "1" else 2
            place = f"{group + inner}" if group == last else f"{group}.{inner}"
            return f"features.{found[1]}.conv.{place}.{kind}"

        return {renamed(name): tensor for name, tensor in tensors.items()}
