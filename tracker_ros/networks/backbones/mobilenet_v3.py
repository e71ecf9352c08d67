# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV3-Small (Howard et al., 2019, table 2) cut after its ninth stage and kept at stride 16.

Parameters have the names ``features.N.conv.M`` of NanoTrack's published files, whose backbone it is.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.base import Backbone, check_levels
from tracker_ros.networks.folding import FoldingNorm

#: Kernel, expanded and resulting channels, squeezed channels (0: none), hard swish (or ReLU), stride.
BLOCKS = (
    (3, 16, 16, 8, False, 2),
    (3, 72, 24, 0, False, 2),
    (3, 88, 24, 0, False, 1),
    (5, 96, 40, 24, True, 2),
    (5, 240, 40, 64, True, 1),
    (5, 240, 40, 64, True, 1),
    (5, 120, 48, 32, True, 1),
    (5, 144, 48, 40, True, 1),
)
#: The block that ends each level, and its stride.
LEVELS = {"stride4": (1, 4), "stride8": (3, 8), "middle": (6, 16), "stride16": (8, 16)}


class Excite(nn.Module):
    """Squeeze-and-excitation with a hard sigmoid."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(channels, squeezed), nn.ReLU(), nn.Linear(squeezed, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the channels of x [N, C, H, W] by what their means say."""
        return x * F.hardsigmoid(self.fc(x.mean((2, 3)))).unsqueeze(2).unsqueeze(3)


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, excitation, projection; with a shortcut where shapes agree.

    Where nothing is to be expanded, the activation comes before the excitation.
    """

    __constants__ = ["expands"]

    def __init__(
        self, inputs: int, kernel: int, hidden: int, outputs: int, squeezed: int, swish: bool, stride: int
    ) -> None:
        super().__init__()
        self.stride, self.padding, self.hidden = stride, kernel // 2, hidden
        self.expands = inputs != hidden
        filtering = [
            nn.Conv2d(hidden, hidden, kernel, stride, self.padding, groups=hidden, bias=False),
            FoldingNorm(hidden),
        ]
        excite: nn.Module = Excite(hidden, squeezed) if squeezed else nn.Identity()
        project = [nn.Conv2d(hidden, outputs, 1, bias=False), FoldingNorm(outputs)]
        act: nn.Module = nn.Hardswish() if swish else nn.ReLU()
        if self.expands:
            expand = [nn.Conv2d(inputs, hidden, 1, bias=False), FoldingNorm(hidden), act]
            self.conv = nn.Sequential(*expand, *filtering, excite, act, *project)
        else:
            self.conv = nn.Sequential(*filtering, act, excite, *project)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        if self.expands:
            y = self.conv[2](self.conv[1].convolve(x, self.conv[0].weight, None))
            y = self.conv[4].convolve(y, self.conv[3].weight, None, self.stride, self.padding, self.hidden)
            y = self.conv[6](self.conv[5](y))
            y = self.conv[8].convolve(y, self.conv[7].weight, None)
        else:
            y = self.conv[1].convolve(x, self.conv[0].weight, None, self.stride, self.padding, self.hidden)
            y = self.conv[3](self.conv[2](y))
            y = self.conv[5].convolve(y, self.conv[4].weight, None)
        return x + y if self.shortcut else y


class Stem(nn.Sequential):
    """The first convolution, of stride 2."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 16, 3, 2, 1, bias=False), FoldingNorm(16), nn.Hardswish())

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, 3, H, W] to [N, 16, H / 2, W / 2]."""
        return self[2](self[1].convolve(x, self[0].weight, None, 2, 1))


class MobileNetV3(Backbone):
    """Levels 'stride4' (16 channels), 'stride8' (24), 'middle' (40, stride 16) and 'stride16' (48).

    Sides are rounded up. Only the blocks up to the last level asked for exist. Pixels enter as NanoTrack's
    do: BGR, as they are.
    """

    def __init__(self, levels: tuple[str, ...] = ("stride4", "stride8", "stride16")) -> None:
        check_levels("mobilenet_v3", levels, list(LEVELS))
        taken = [LEVELS[name][0] for name in levels]
        super().__init__([LEVELS[name][1] for name in levels], [BLOCKS[i - 1][2] for i in taken])
        self.taken = taken
        blocks: list[nn.Module] = []
        inputs = 16
        for kernel, hidden, outputs, squeezed, swish, stride in BLOCKS[: self.taken[-1]]:
            blocks.append(InvertedResidual(inputs, kernel, hidden, outputs, squeezed, swish, stride))
            inputs = outputs
        self.features = nn.Sequential(Stem(), *blocks)
        # A forward takes two thirds of the time on a CPU in this layout.
        self.to(memory_format=torch.channels_last)
        self.use_input("raw")

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map crops [N, 3, H, W] (RGB, 0-255) to one map [N, C, H / stride, W / stride] a level."""
        x = self.prepare(images)
        maps: list[Tensor] = []
        for index, block in enumerate(self.features):
            x = block(x)
            if index in self.taken:
                maps.append(x)
        return maps
